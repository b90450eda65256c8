#include "base/openblas.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/isa.h"

/* OpenBLAS declares these functions in its cblas.h, but the compiler may find the cblas.h of another library first. */
char *openblas_get_corename(void);
void openblas_set_num_threads(int threads);

const char *openblas_core(void) {
  return openblas_get_corename();
}

void openblas_threads(int threads) {
  openblas_set_num_threads(threads);
}

static bool among(const char *name, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

bool openblas_matches_cpu(void) {
  static const char *const avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids"}, *const avx2[] = {"Haswell", "Zen"};
  const bool v4 = isa_processor_has(ISA_v4), v3 = isa_processor_has(ISA_v3);
  return !v3 || among(openblas_core(), avx512, 3) || (!v4 && among(openblas_core(), avx2, 2));
}

void openblas_start(char **argv) {
  if (openblas_matches_cpu() || getenv("OPENBLAS_CORETYPE")) return;
  setenv("OPENBLAS_CORETYPE", isa_processor_has(ISA_v4) ? "SkylakeX" : "Haswell", 1);
  execv("/proc/self/exe", argv); /* returns only on failure; the slow kernels then stay in use */
}

/* ---- GEMM ---- */

enum { GEMM_SIZE = 384, GEMM_COUNT = 4 }; /* rows and columns; products per measurement */

int openblas_gemm_create(struct openblas_gemm *gemm) {
  double **operand[] = {&gemm->a, &gemm->b, &gemm->c};
  *gemm = (struct openblas_gemm){0};
  for (int i = 0; i < 3; i++) {
    TRY(alloc_array((void **)operand[i], GEMM_SIZE * GEMM_SIZE, sizeof(double), "GEMM"));
    memset(*operand[i], 0, GEMM_SIZE * GEMM_SIZE * sizeof(double));
  }
  return OK;
}

void openblas_gemm_free(struct openblas_gemm *gemm) {
  free(gemm->a);
  free(gemm->b);
  free(gemm->c);
}

double openblas_gemm_flops(const struct openblas_gemm *gemm, bool single) {
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (int i = 0; i < GEMM_COUNT; i++)
    if (single)
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, GEMM_SIZE, GEMM_SIZE, GEMM_SIZE, 1, (const float *)gemm->a,
                  GEMM_SIZE, (const float *)gemm->b, GEMM_SIZE, 0, (float *)gemm->c, GEMM_SIZE);
    else
      cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, GEMM_SIZE, GEMM_SIZE, GEMM_SIZE, 1, gemm->a, GEMM_SIZE,
                  gemm->b, GEMM_SIZE, 0, gemm->c, GEMM_SIZE);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  const double seconds = (double)(ended.tv_sec - began.tv_sec) + 1e-9 * (double)(ended.tv_nsec - began.tv_nsec);
  return 2.0 * GEMM_COUNT * GEMM_SIZE * GEMM_SIZE * GEMM_SIZE / seconds;
}
