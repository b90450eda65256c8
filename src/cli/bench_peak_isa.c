/* The peak speed of products and sums in registers, for one instruction-set level (KERNEL_ISA). */
#include "bench_peak.h"

#include "base/vector.h"

/* Independent chains: at least the latency of FMA times the FMA instructions per cycle, which is 8 to 10 on x86-64 and
 * 16 on aarch64 cores with four pipes. With `factor` and `term` they fit in the registers. */
enum { CHAINS = VECTOR_REGISTERS >= 32 ? 24 : 12 };

/* The values converge to 1, so no operation meets a subnormal number. */
#define PEAK(name, real, vreal)                                                                                        \
  static double name(int64_t rounds, double *sink) {                                                                   \
    const vreal factor = (vreal){0} + (real)0.5, term = (vreal){0} + (real)0.5;                                        \
    vreal chain[CHAINS], sum = {0};                                                                                    \
    for (int i = 0; i < CHAINS; i++) chain[i] = (vreal){0} + (real)i;                                                  \
    for (int64_t r = 0; r < rounds; r++)                                                                               \
      _Pragma("GCC unroll 24") for (int i = 0; i < CHAINS; i++) chain[i] = chain[i] * factor + term;                   \
    for (int i = 0; i < CHAINS; i++) sum += chain[i];                                                                  \
    *sink = (double)sum[0];                                                                                            \
    return 2.0 * CHAINS * (double)rounds * (VECTOR_BYTES / sizeof(real));                                              \
  }
PEAK(single, float, vfloat)
PEAK(in_double, double, vdouble)

const struct bench_peak ISA_NAME(bench_peak) = {single, in_double};
