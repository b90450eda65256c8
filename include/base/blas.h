/* blas: OpenBLAS at its best on this processor. It picks its kernels when it is loaded, by a list of processors that it
 * knows, and the slowest ones for those made after it (a fifth of the speed). */
#ifndef MCKEAN_BASE_BLAS_H
#define MCKEAN_BASE_BLAS_H

#include <stdbool.h>

/* Local; call first in main, before MPI. If OpenBLAS took kernels below this processor's instruction-set level, starts
 * the program anew with OPENBLAS_CORETYPE set; a value of the user's stands. */
void blas_start(char **argv);

/* The kernels in use, by OpenBLAS's name of a processor. */
const char *blas_core(void);

/* Are they those of this processor's instruction-set level? */
bool blas_fits(void);

void blas_threads(int threads); /* of calls from now on */

/* GEMM against which others are measured: square matrices that take a millisecond or so. Local. FAILED: no memory. */
struct blas_gemm {
  double *a, *b, *c;
};
int blas_gemm_create(struct blas_gemm *gemm);
void blas_gemm_free(struct blas_gemm *gemm);
double blas_gemm_flops(const struct blas_gemm *gemm, bool single); /* per second, from a few products now */

#endif
