/* openblas: selects the OpenBLAS kernels that suit this processor, and measures the speed of GEMM.
 *
 * OpenBLAS selects its kernels when it is loaded, from a list of known processors. For a processor newer than the
 * library it selects the slowest kernels, which run at about a fifth of the speed of the suitable ones. */
#ifndef MCKEAN_BASE_OPENBLAS_H
#define MCKEAN_BASE_OPENBLAS_H

#include <stdbool.h>

/* Local. Call this first in main, before MPI starts. If OpenBLAS selected kernels for a lower ISA level than that of
 * this processor, restarts the program with OPENBLAS_CORETYPE set. If the user has set OPENBLAS_CORETYPE, does nothing.
 * argv: the arguments of main. */
void openblas_start(char **argv);

/* Local. Returns the name that OpenBLAS gives to the processor type whose kernels are in use. */
const char *openblas_core(void);

/* Local. Returns whether the kernels in use suit the ISA level of this processor. Always true if the processor lacks
 * AVX2 or FMA, or is not x86-64. */
bool openblas_matches_cpu(void);

/* Local. Sets the number of threads of later BLAS calls. */
void openblas_threads(int threads);

/* Local. Allocates square matrices for timing GEMM. One product takes about a millisecond. FAILED: no memory is
 * available; call openblas_gemm_free even then. */
struct openblas_gemm {
  double *a, *b, *c;
};
int openblas_gemm_create(struct openblas_gemm *gemm);
void openblas_gemm_free(struct openblas_gemm *gemm);

/* Local. Times a few products and returns flops per second, in single or double precision. */
double openblas_gemm_flops(const struct openblas_gemm *gemm, bool single);

#endif
