/* range: the least, the mean and the largest of one number per rank. */
#ifndef MCKEAN_BASE_RANGE_H
#define MCKEAN_BASE_RANGE_H

struct range {
  double min, mean, max;
};

/* Local. To be called for rank = 0 .. ranks-1, with a range that was all zeros. */
void range_add(struct range *range, int rank, int ranks, double value);

#endif
