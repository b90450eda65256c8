#include "data/erf_overlap.h"

#include "erf_overlap_isa.h"

void erf_overlap_sums(int d, int rows, const double *a, int64_t count, const double *unit, double *sum) {
  static erf_overlap_function *const table[ISA_LEVELS] = {ISA_TABLE(erf_overlap_function)};
  table[isa_best()](d, rows, a, count, unit, sum);
}
