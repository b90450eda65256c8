/* blas: OpenBLAS at its best on this processor. It picks its kernels when it is loaded, by a list of processors that it
 * knows, and the slowest ones for those made after it (a fifth of the speed). */
#ifndef MCKEAN_BASE_OPENBLAS_H
#define MCKEAN_BASE_OPENBLAS_H

#include <stdbool.h>

/* Local; call first in main, before MPI. If OpenBLAS took kernels below this processor's instruction-set level, starts
 * the program anew with OPENBLAS_CORETYPE set; a value of the user's stands. */
void openblas_start(char **argv);

/* The kernels in use, by OpenBLAS's name of a processor. */
const char *openblas_core(void);

/* Are they those of this processor's instruction-set level? */
bool openblas_fits(void);

void openblas_threads(int threads); /* of calls from now on */

/* GEMM against which others are measured: square matrices that take a millisecond or so. Local. FAILED: no memory. */
struct openblas_gemm {
  double *a, *b, *c;
};
int openblas_gemm_create(struct openblas_gemm *gemm);
void openblas_gemm_free(struct openblas_gemm *gemm);
double openblas_gemm_flops(const struct openblas_gemm *gemm, bool single); /* per second, from a few products now */

#endif
