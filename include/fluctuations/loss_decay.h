/* loss_decay: tests whether the mean loss decays at a rate that does not depend on n. (RVE: the curves of all n
 * coincide until each approaches its own limit.) Uses the history rows of those steps at which every run recorded
 * a row.
 *
 *   time       t at which L_n, the mean loss over replicas, first falls to a fraction of L_N(0), where N is the
 *              largest n; log L_n is interpolated linearly between rows
 *   slope      of log time on log n over the n that reach the fraction; 0 by theory
 *   deviation  largest |L_n - L_N| / L_N(0) over the rows; its interval is for the row of this maximum
 *   leaves     t from which |L_n - L_N| > 0.1 L_N holds to the end: where the curve departs toward its own limit
 *
 * The loss is the column study->loss_column. Intervals come from the bootstrap over replicas
 * (fluctuations/fluctuations.h); a time has no interval if the mean of some bootstrap sample does not reach the
 * fraction. */
#ifndef MCKEAN_FLUCTUATIONS_LOSS_DECAY_H
#define MCKEAN_FLUCTUATIONS_LOSS_DECAY_H

#include "fluctuations/fluctuations.h"

enum { LOSS_DECAY_FRACTIONS = 5 };
extern const double loss_decay_fractions[LOSS_DECAY_FRACTIONS];
#define LOSS_DECAY_LEAVES 0.1 /* relative distance beyond which a curve has left that of the largest n */

struct loss_decay {
  const struct fluctuations *fluctuations; /* not owned */
  const char *column;                      /* of the history; NULL: one n or fewer than 3 rows, nothing is compared */
  int64_t rows;
  double *time;               /* [sizes][rows]: times. Without column the arrays below are NULL */
  struct estimate *crossing;  /* [LOSS_DECAY_FRACTIONS][sizes]; value NAN: not reached */
  struct estimate *slope;     /* [LOSS_DECAY_FRACTIONS] */
  struct estimate *deviation; /* [sizes]; NAN for the largest n, and for sizes without rows of equal t */
  double *deviation_time;     /* [sizes]: t of the row of the deviation */
  double *leaves;             /* [sizes]; NAN: never */
};

/* Local. Returns the first time at which curve [rows] falls to a threshold, as defined above; NAN: never. */
double loss_decay_crossing(int64_t rows, const double *time, const double *curve, double threshold);

/* Local. fluctuations must outlive the result. FAILED: a history cannot be read, no memory. */
int loss_decay_create(const struct fluctuations *fluctuations, struct loss_decay **decay);
void loss_decay_free(struct loss_decay *decay); /* accepts NULL */

/* Prints a table of times and deviations, and adds verdicts on slopes. */
extern const struct analysis loss_decay_analysis;

#endif
