/* plateau: how the loss of trained networks falls with n, as a mean over a window T1 <= t <= T2 in which it no longer
 * changes. (RVE section 3: the error of a trained network is O(1/n), so the slope is -1.)
 *
 * For each network y(t) = log(loss/loss_0) at the rows of the history in the window gives two numbers:
 *
 *   m      mean of y over the rows
 *   drift  least-squares slope of y on log t; 0 on a plateau
 *
 * The errors of the rows of one network are correlated. Therefore each initial condition counts as one independent
 * value, the mean over its data streams. Let R_s be their number at size s, and mbar_s the mean of m over them:
 *
 *   level  exp(mbar_s), a geometric mean over networks
 *   slope  least squares of mbar_s on log n_s, all sizes with the same weight
 *   local  (mbar_s+1 - mbar_s) / (log n_s+1 - log n_s)
 *   excess local - slope; 0 if one power of n describes all sizes. Not computed for two sizes, where it is always 0
 *
 * Each of these is a linear combination sum_s w_s mbar_s, with the variance sigma^2 sum_s w_s^2 / R_s. sigma^2 is the
 * sample variance of m over networks, pooled over the sizes: sum_s sum_r (m_sr - mbar_s)^2 / D with D = sum_s (R_s - 1)
 * degrees of freedom. So a size may have a single network. Intervals are +- t sd, with the quantile t of Student's
 * distribution for D degrees of freedom; those of excess hold jointly for all local slopes (Bonferroni). The variance
 * of drift is pooled in the same way. There are no intervals if D = 0.
 *
 * Pooling assumes that networks of all n have about the same relative spread; the table has the standard deviation of
 * each n. The intervals treat the sizes as independent, so they are approximate if the replicas share their data. All
 * hold for the given target and test points. */
#ifndef MCKEAN_FLUCTUATIONS_PLATEAU_H
#define MCKEAN_FLUCTUATIONS_PLATEAU_H

#include "fluctuations/fluctuations.h"

enum { PLATEAU_LOSSES = 2, PLATEAU_ROWS_MIN = 3 };

/* The estimates for one loss. Arrays have an entry for each size; local and excess have sizes - 1. */
struct plateau_curve {
  const char *column;                          /* of the history: "test_loss", "loss" */
  struct estimate *level, *drift;              /* [sizes] */
  double *spread;                              /* [sizes]: sd of m over networks; NAN for one network */
  struct estimate *local, *excess;             /* [sizes - 1] */
  struct estimate slope;                       /* NAN for one size */
  double pooled_spread, pooled_drift, degrees; /* sigma of m and of drift; D */
};

struct plateau {
  const struct fluctuations *fluctuations; /* not owned */
  double first, last;                      /* T1, T2 */
  int64_t rows;                            /* in the window */
  int curves;                              /* 0: no window was given */
  struct plateau_curve curve[PLATEAU_LOSSES];
};

/* Local. Computes the estimates from m and drift, arrays of all networks in the order of the sizes; networks
 * [sizes]: R_s. The caller sets curve->column. Free with plateau_release. */
void plateau_estimate(int sizes, const int64_t *n, const int64_t *networks, const double *m, const double *drift,
                      double level, struct plateau_curve *curve);
void plateau_release(struct plateau_curve *curve);

/* Local. Uses the window of the options; no curves if they have none. fluctuations must outlive the result. USAGE: the
 * window ends after the last row or has fewer than PLATEAU_ROWS_MIN rows. FAILED: a history cannot be read, no
 * memory. */
int plateau_create(const struct fluctuations *fluctuations, struct plateau **plateau);
void plateau_free(struct plateau *plateau); /* accepts NULL */

/* Local. Returns the curve of a column, or NULL. */
const struct plateau_curve *plateau_find(const struct plateau *plateau, const char *column);

/* Prints a table, adds verdicts on slope, local slopes and drift, and evaluates conditions on them. */
extern const struct analysis plateau_analysis;

#endif
