#include "base/range.h"

void range_add(struct range *range, int rank, int ranks, double value) {
  if (rank == 0 || value < range->min) range->min = value;
  if (rank == 0 || value > range->max) range->max = value;
  range->mean += value / ranks;
}
