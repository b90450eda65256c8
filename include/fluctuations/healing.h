/* healing: n V_n as a function of time at each n. For noise-free gradient descent it rises while the network learns the
 * modes of the target, then falls: at long times the fluctuations are of smaller order than n^-1/2 (RVE section 3). The
 * theory uses the norm of the training measure: with fixed data, it covers the training points only.
 *
 *   max/end    V_n(t*) / V_n(last time), where t* is the recorded time at which V_n is largest
 *   exponent   d log V_n / d log t between neighboring recorded times
 *
 * Intervals are those of fluctuations/fluctuations.h, over replicas, at fixed t*. Since t* is chosen among noisy
 * values, max/end is biased upward, by at most the width of its interval. */
#ifndef MCKEAN_FLUCTUATIONS_HEALING_H
#define MCKEAN_FLUCTUATIONS_HEALING_H

#include "fluctuations/fluctuations.h"

/* The verdict is "heals" if the whole interval of max/end lies above this ratio. There is a verdict only where the
 * input can show healing (no batch noise, squared loss, points of the training measure) and n V_n fell after a maximum
 * inside the recorded times; otherwise a finding states why there is none. */
#define HEALING_FACTOR 10.0

struct healing_curve {
  const struct fluctuations_quantity *quantity; /* V or V_train */
  int *maximum_time;                            /* [sizes]: index of t*, the time of the maximum */
  struct estimate *ratio;                       /* [sizes]: max/end */
  struct estimate *exponent;                    /* [times - 1][sizes]: from time i to i + 1; NAN if time i is 0 */
};

enum { HEALING_CURVES = 2 };

struct healing {
  const struct fluctuations *fluctuations; /* not owned */
  int curves;                              /* 0: fields at fewer than 2 times, or an n with one initial condition */
  struct healing_curve curve[HEALING_CURVES];
};

/* Local. fluctuations must outlive the result. */
struct healing *healing_create(const struct fluctuations *fluctuations);
void healing_free(struct healing *healing); /* accepts NULL */

/* Local. Returns the curve of quantity "V" or "V_train", or NULL. */
const struct healing_curve *healing_find(const struct healing *healing, const char *quantity);

/* Prints a table for each curve, adds verdicts, judges conditions on max/end. */
extern const struct analysis healing_analysis;

/* Local. Returns V_n of a curve at a time and size, given by their indices. */
double healing_value(const struct healing *healing, const struct healing_curve *curve, int time, int size);

#endif
