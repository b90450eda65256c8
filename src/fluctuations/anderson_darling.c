#include "fluctuations/anderson_darling.h"

#include <gsl/gsl_sf_erf.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"

/* Returns the logarithm of the Gaussian distribution function at z. It is finite even in the far tail, where the
 * distribution function underflows. */
static double log_below(double z) {
  return gsl_sf_log_erfc(-z * M_SQRT1_2) - M_LN2;
}

/* Returns A^2 of the standardized sample z [count], which is in ascending order. */
static double statistic(int64_t count, const double *z) {
  double sum = 0;
  for (int64_t i = 0; i < count; i++) sum += (double)(2 * i + 1) * (log_below(z[i]) + log_below(-z[count - 1 - i]));
  return -(double)count - sum / (double)count;
}

/* Returns the p-value of A*^2 = a (D'Agostino and Stephens 1986, table 4.9); constant for a >= 10. */
static double p_of(double a) {
  if (a >= 10) return 3.7e-24;
  if (a >= 0.6) return exp(1.2937 - 5.709 * a + 0.0186 * a * a);
  if (a >= 0.34) return exp(0.9177 - 4.279 * a - 1.38 * a * a);
  if (a >= 0.2) return 1 - exp(-8.318 + 42.796 * a - 59.938 * a * a);
  return 1 - exp(-13.436 + 101.14 * a - 223.73 * a * a);
}

double anderson_darling_p(int64_t count, const double *value, int64_t stride) {
  if (count < ANDERSON_DARLING_MIN) return NAN;
  const double mean = gsl_stats_mean(value, (size_t)stride, (size_t)count),
               sd = gsl_stats_sd_m(value, (size_t)stride, (size_t)count, mean), R = (double)count;
  if (!(sd > 0) || !isfinite(sd)) return NAN;
  double *z = alloc_small(sizeof *z * (size_t)count);
  for (int64_t i = 0; i < count; i++) z[i] = (value[i * stride] - mean) / sd;
  gsl_sort(z, 1, (size_t)count);
  const double a = statistic(count, z) * (1 + 0.75 / R + 2.25 / (R * R));
  free(z);
  return p_of(a);
}

double anderson_darling_family(int64_t count, int tests, const double *value, double *p) {
  double least = 1;
  for (int i = 0; i < tests; i++) {
    const double own = anderson_darling_p(count, value + i, tests);
    if (p) p[i] = own;
    if (!(own >= least) && !isnan(least)) least = own;
  }
  return isnan(least) ? NAN : fmin(1, tests * least);
}
