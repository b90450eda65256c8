/* rate: does the mean loss decay at a rate that does not depend on n (RVE: the curves of all n lie on one another until
 * they leave for their floors)? From all recorded rows.
 *
 *   time       t at which the mean over replicas first falls to a fraction of the start; the start is that of the
 *              largest n, so that all n are compared at one level; log loss is linear between rows
 *   slope      of log time on log n over the n that get there, 0 by theory; the loss is the one on the training points
 *              where every step uses them all, else the one on the test points, which has no noise of batches
 *   deviation  largest |L_n - L_N| / L_N(0) over the rows, N the largest n; its interval at that row
 *   leaves     t from which on |L_n - L_N| > 0.1 L_N to the end: where the curve leaves for its floor
 *
 * Intervals by resampling replicas (fluctuations/fluctuations.h). A resampling that does not get to a level leaves no interval. */
#ifndef MCKEAN_FLUCTUATIONS_LOSS_DECAY_H
#define MCKEAN_FLUCTUATIONS_LOSS_DECAY_H

#include <stdio.h>

#include "fluctuations/fluctuations.h"

enum { LOSS_DECAY_FRACTIONS = 5 };
extern const double loss_decay_fractions[LOSS_DECAY_FRACTIONS];

struct loss_decay {
  const struct fluctuations *fluct; /* not owned */
  const char *column;               /* of the history; NULL: nothing to compare */
  int64_t rows;
  double *at;                 /* [rows] times */
  struct estimate *time;      /* [LOSS_DECAY_FRACTIONS][sizes], value NAN: not reached */
  struct estimate *slope;     /* [LOSS_DECAY_FRACTIONS] */
  struct estimate *deviation; /* [sizes], NAN for the largest n */
  double *deviation_time;     /* [sizes] */
  double *leaves;             /* [sizes], NAN: not */
};

/* Local. The first time at which a curve [rows] falls to a level, NAN: it does not. */
double loss_decay_crossing(int64_t rows, const double *time, const double *curve, double level);

/* Local. FAILED: reading. */
int loss_decay_create(const struct fluctuations *fluct, struct loss_decay **rate);
void loss_decay_free(struct loss_decay *rate); /* accepts NULL */

void loss_decay_print(const struct loss_decay *rate, FILE *out);
void loss_decay_print_verdicts(const struct loss_decay *rate, FILE *out);
void loss_decay_results(const struct loss_decay *rate, struct results *results);

#endif
