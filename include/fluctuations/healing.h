/* heal: n V_n as a function of time at each n. For noise-free gradient descent it rises while the modes of the target
 * are learned, then falls: at long times the fluctuations are of smaller order than n^-1/2 (RVE section 3: in the norm
 * of the training measure, so with fixed data at the training points; at other points they need not heal).
 *
 *   max/end    V_n at the recorded time t* of its maximum over V_n at the last time
 *   exponent   d log V_n / d log t between neighbouring recorded times
 *
 * Intervals are those of fluctuations/fluctuations.h, over replicas, at fixed t*; that t* was chosen among noisy values lets
 * max/end err upward by at most the interval's own width. */
#ifndef MCKEAN_FLUCTUATIONS_HEALING_H
#define MCKEAN_FLUCTUATIONS_HEALING_H

#include <stdio.h>

#include "fluctuations/fluctuations.h"

/* Below this ratio a fall of n V_n is not called healing. */
#define HEALING_FACTOR 10.0

struct healing_curve {
  const struct fluctuations_quantity *quantity; /* V or V_train */
  int *top;                                     /* [sizes] the time t* of the maximum */
  struct estimate *ratio;                       /* [sizes] max/end */
  struct estimate *exponent;                    /* [times - 1][sizes]: from time i to i + 1; NAN from t = 0 on */
};

enum { HEALING_CURVES = 2 };

struct healing {
  const struct fluctuations *fluct; /* not owned */
  int curves;                       /* 0: no fields, or at one time only */
  struct healing_curve curve[HEALING_CURVES];
};

/* Local. fluct must outlive it. */
struct healing *healing_create(const struct fluctuations *fluct);
void healing_free(struct healing *heal); /* accepts NULL */

const struct healing_curve *healing_find(const struct healing *heal, const char *quantity); /* NULL: none */

void healing_print(const struct healing *heal, FILE *out);
void healing_print_verdicts(const struct healing *heal, FILE *out);
void healing_results(const struct healing *heal, struct results *results);

#endif
