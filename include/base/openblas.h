/* openblas: selects the OpenBLAS kernels that suit this processor, and measures GEMM.
 *
 * OpenBLAS selects its kernels when it is loaded, from a list of known processors. For a processor newer than the
 * library it selects the slowest kernels, which run at a fifth of the speed. */
#ifndef MCKEAN_BASE_OPENBLAS_H
#define MCKEAN_BASE_OPENBLAS_H

#include <stdbool.h>

/* Local. Call first in main, before MPI. If OpenBLAS selected kernels below the instruction-set level of this
 * processor, restarts the program with OPENBLAS_CORETYPE set. Does not override a value set by the user. */
void openblas_start(char **argv);

/* Local. Returns OpenBLAS's name of the processor whose kernels are in use. */
const char *openblas_core(void);

/* Local. Returns whether these kernels use the instruction-set level of this processor. */
bool openblas_matches_cpu(void);

/* Local. Sets the number of threads of later BLAS calls. */
void openblas_threads(int threads);

/* Square matrices to measure GEMM with; one product takes about a millisecond. Local. FAILED: no memory. */
struct openblas_gemm {
  double *a, *b, *c;
};
int openblas_gemm_create(struct openblas_gemm *gemm);
void openblas_gemm_free(struct openblas_gemm *gemm);

/* Local. Times a few products now; returns flops per second in single or double precision. */
double openblas_gemm_flops(const struct openblas_gemm *gemm, bool single);

#endif
