/* anderson_darling: tests whether a sample is Gaussian, with mean and variance estimated from the sample itself.
 *
 * Uses the Anderson-Darling statistic of case 3, A*^2 = A^2 (1 + 0.75/R + 2.25/R^2) for R values, and its p-value
 * (Stephens, in D'Agostino and Stephens, Goodness-of-Fit Techniques, 1986, tables 4.7 and 4.9). The classical
 * Kolmogorov-Smirnov test requires a known mean and variance; with estimated values it almost never rejects. */
#ifndef MCKEAN_FLUCTUATIONS_ANDERSON_DARLING_H
#define MCKEAN_FLUCTUATIONS_ANDERSON_DARLING_H

#include <stdint.h>

enum { ANDERSON_DARLING_MIN = 8 /* smallest number of values for which Stephens's correction holds */ };

/* Local. Returns the p-value of `count` values, value[0], value[stride], ...: uniform on [0, 1] for Gaussian samples,
 * with an error of a few percent down to 1e-3. Smaller p-values are extrapolated, down to 3.7e-24. NAN: fewer than
 * ANDERSON_DARLING_MIN values, all are equal, or one is not finite. */
double anderson_darling_p(int64_t count, const double *value, int64_t stride);

/* Local. Returns the smallest p-value of the columns of value [count][tests], times `tests` (Bonferroni), at most 1;
 * NAN if one is NAN. For Gaussian samples the probability that the result is below a level is at most that level. p
 * [tests], or NULL: receives the p-values. */
double anderson_darling_family(int64_t count, int tests, const double *value, double *p);

#define ANDERSON_DARLING_LEVEL 1e-4 /* normality is rejected if the family p is not above this level */

#endif
