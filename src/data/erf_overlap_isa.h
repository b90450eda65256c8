/* erf_overlap_isa: the sums of data/erf_overlap.h for the instruction-set levels. The Makefile compiles
 * erf_overlap_isa.c once per level, without contraction to FMA: all versions give the same bits. */
#ifndef ERF_OVERLAP_ISA_H
#define ERF_OVERLAP_ISA_H

#include <stdint.h>

#include "base/isa.h"

/* Arguments as in erf_overlap_sums. */
typedef void erf_overlap_function(int d, int rows, const double *a, int64_t count, const double *unit, double *sum);

ISA_DECLARE(erf_overlap_function, erf_overlap_function)

#endif
