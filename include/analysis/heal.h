/* heal: n V_n as a function of time at each n. For noise-free gradient descent it rises while the modes of the target
 * are learned, then falls: at long times the fluctuations are of smaller order than n^-1/2 (RVE section 3: in the norm
 * of the training measure, so with fixed data at the training points; at other points they need not heal).
 *
 *   max/end    V_n at the recorded time t* of its maximum over V_n at the last time
 *   exponent   d log V_n / d log t between neighbouring recorded times
 *
 * Intervals are those of analysis/fluct.h, over replicas, at fixed t*; that t* was chosen among noisy values lets
 * max/end err upward by at most the interval's own width. */
#ifndef MCKEAN_ANALYSIS_HEAL_H
#define MCKEAN_ANALYSIS_HEAL_H

#include <stdio.h>

#include "analysis/fluct.h"

/* Below this ratio a fall of n V_n is not called healing. */
#define HEAL_FACTOR 10.0

struct heal_curve {
  const struct fluct_quantity *quantity; /* V or V_train */
  int *top;                              /* [sizes] the time t* of the maximum */
  struct estimate *ratio;                /* [sizes] max/end */
  struct estimate *exponent;             /* [times - 1][sizes]: from time i to i + 1; NAN from t = 0 on */
};

enum { HEAL_CURVES = 2 };

struct heal {
  const struct fluct *fluct; /* not owned */
  int curves;                /* 0: no fields, or at one time only */
  struct heal_curve curve[HEAL_CURVES];
};

/* Local. fluct must outlive it. */
struct heal *heal_create(const struct fluct *fluct);
void heal_free(struct heal *heal); /* accepts NULL */

const struct heal_curve *heal_find(const struct heal *heal, const char *quantity); /* NULL: none */

void heal_print(const struct heal *heal, FILE *out);
void heal_print_verdicts(const struct heal *heal, FILE *out);
void heal_results(const struct heal *heal, struct results *results);

#endif
