/* bench_peak: the peak speed of products and sums in registers, for the instruction-set levels. The Makefile compiles
 * bench_peak_isa.c once per level. Private to bench_kernels.c. */
#ifndef MCKEAN_CLI_BENCH_PEAK_H
#define MCKEAN_CLI_BENCH_PEAK_H

#include <stdint.h>

#include "base/isa.h"

/* Execute `rounds` rounds of a x + b on independent vectors and return the flops: 2 per vector, lane and round.
 * *sink: a result that depends on all operations, so that the compiler keeps them. */
struct bench_peak {
  double (*single)(int64_t rounds, double *sink);
  double (*in_double)(int64_t rounds, double *sink);
};

ISA_DECLARE(const struct bench_peak, bench_peak)

#endif
