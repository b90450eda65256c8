/* blas: OpenBLAS at its best on this processor. It picks its kernels when it is loaded, by a list of processors that it
 * knows, and the slowest ones for those made after it (a fifth of the speed). */
#ifndef MCKEAN_BASE_BLAS_H
#define MCKEAN_BASE_BLAS_H

/* Local; call first in main, before MPI. If OpenBLAS took kernels below this processor's instruction-set level, starts
 * the program anew with OPENBLAS_CORETYPE set; a value of the user's stands. */
void blas_start(char **argv);

/* The kernels in use, by OpenBLAS's name of a processor. */
const char *blas_core(void);

void blas_threads(int threads); /* of calls from now on */

#endif
