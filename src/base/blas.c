#include "base/blas.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* OpenBLAS's own, declared in a header that another cblas.h may hide. */
char *openblas_get_corename(void);
void openblas_set_num_threads(int threads);

const char *blas_core(void) {
  return openblas_get_corename();
}

void blas_threads(int threads) {
  openblas_set_num_threads(threads);
}

#if defined __x86_64__
static bool among(const char *name, const char *const *names, int count) {
  for (int i = 0; i < count; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}
#endif

void blas_start(char **argv) {
#if defined __x86_64__
  static const char *const avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids"}, *const avx2[] = {"Haswell", "Zen"};
  const bool v4 = __builtin_cpu_supports("x86-64-v4"), v3 = __builtin_cpu_supports("x86-64-v3");
  if (among(blas_core(), avx512, 3) || (!v4 && among(blas_core(), avx2, 2))) return;
  if (!v3 || getenv("OPENBLAS_CORETYPE")) return;
  setenv("OPENBLAS_CORETYPE", v4 ? "SkylakeX" : "Haswell", 1);
  execv("/proc/self/exe", argv); /* returns only if it failed: then the slow kernels serve */
#else
  (void)argv;
#endif
}
