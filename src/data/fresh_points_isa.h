/* fresh_points_isa: the versions of fresh_normal, fresh_normal_single and fresh_sphere for the instruction-set levels.
 * The Makefile compiles fresh_points_isa.c once per level, without contraction to FMA: all versions give the same
 * bits. */
#ifndef FRESH_POINTS_ISA_H
#define FRESH_POINTS_ISA_H

#include "base/isa.h"
#include "data/fresh_points.h"

struct fresh_functions {
  void (*normal)(const struct fresh_stream *stream, int64_t first, int from, int count, double *z);
  void (*normal_single)(const struct fresh_stream *stream, int64_t first, int from, int count, float *z);
  void (*sphere)(const struct fresh_stream *stream, int64_t first, int d, double *x);
};

ISA_DECLARE(const struct fresh_functions, fresh_functions)

#endif
