/* range: the least, the mean and the largest of one number per rank. */
#ifndef MCKEAN_BASE_RANK_RANGE_H
#define MCKEAN_BASE_RANK_RANGE_H

struct rank_range {
  double min, mean, max;
};

/* Local. To be called for rank = 0 .. ranks-1, with a range that was all zeros. */
void rank_range_add(struct rank_range *range, int rank, int ranks, double value);

#endif
