/* rank_range: minimum, mean and maximum over ranks of one number per rank. */
#ifndef MCKEAN_BASE_RANK_RANGE_H
#define MCKEAN_BASE_RANK_RANGE_H

struct rank_range {
  double min, mean, max;
};

/* Local. Adds the value of one rank. Call it for rank = 0 .. ranks-1, in this order. Before the first call, all members
 * of range must be zero. */
void rank_range_add(struct rank_range *range, int rank, int ranks, double value);

#endif
