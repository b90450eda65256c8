#include "base/rank_range.h"

void rank_range_add(struct rank_range *range, int rank, int ranks, double value) {
  if (rank == 0 || value < range->min) range->min = value;
  if (rank == 0 || value > range->max) range->max = value;
  range->mean += value / ranks;
}
