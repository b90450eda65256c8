#include "empirical_measure_estimate.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "fluctuations/anderson_darling.h"

enum { L = EMPIRICAL_MEASURE_OBSERVABLES };

/* mean [L] = means of psi [R][L] over networks. Returns an unbiased estimate of (1/L) sum_l (E psi_l)^2, from pairs of
 * different networks. */
static double mean_square(int64_t R, const double *psi, double *mean) {
  double sum = 0;
  for (int l = 0; l < L; l++) {
    double square = 0;
    mean[l] = gsl_stats_mean(psi + l, L, (size_t)R);
    for (int64_t r = 0; r < R; r++) square += psi[r * L + l] * psi[r * L + l];
    sum += ((double)R * mean[l] * mean[l] * (double)R - square) / ((double)R * (double)(R - 1)) / L;
  }
  return sum;
}

/* Returns MMD2 between the networks with n units (a, square [R][L]) and those of the largest n (b [R_b][L]). Its
 * interval accounts for the variance over both sets. */
static struct estimate distance(double n, int64_t R, const double *a, const double *square, int64_t R_b,
                                const double *b, double level) {
  double mean_a[L], mean_b[L], *term = alloc_small(sizeof *term * (size_t)(R > R_b ? R : R_b));
  struct estimate mmd = ESTIMATE_NONE;
  mean_square(R, a, mean_a);
  const double reference = mean_square(R_b, b, mean_b);
  for (int64_t r = 0; r < R; r++) {
    term[r] = 0;
    for (int l = 0; l < L; l++) {
      const double psi = a[r * L + l];
      term[r] += ((n * psi * psi - square[r * L + l]) / (n - 1) - 2 * psi * mean_b[l]) / L;
    }
  }
  mmd.value = gsl_stats_mean(term, 1, (size_t)R) + reference;
  double error = gsl_stats_variance(term, 1, (size_t)R) / (double)R;
  for (int64_t r = 0; r < R_b; r++) {
    term[r] = 0;
    for (int l = 0; l < L; l++) term[r] += 2 * (mean_b[l] - mean_a[l]) * b[r * L + l] / L;
  }
  error += gsl_stats_variance(term, 1, (size_t)R_b) / (double)R_b;
  free(term);
  const int64_t fewest = R < R_b ? R : R_b;
  if (fewest < FLUCTUATIONS_REPLICAS_MIN) return mmd;
  const double half = gsl_cdf_tdist_Pinv((1 + level) / 2, (double)(fewest - 1)) * sqrt(error);
  mmd.low = mmd.value - half;
  mmd.high = mmd.value + half;
  return mmd;
}

/* Sets V for each size, and the slope of V in n. Centers psi over replicas in place. */
static int find_variances(const struct empirical_measure *measure, double *const *weight, double *const *psi,
                          struct empirical_measure_time *time) {
  const struct study *study = measure->study;
  const int B = measure->options.bootstrap;
  double *resampled, value[ENSEMBLE_MAX], *scratch = alloc_small(sizeof *scratch * (size_t)B);
  int status = alloc_array((void **)&resampled, (int64_t)study->sizes * B, sizeof *resampled, "bootstrap values");
  for (int s = 0; s < study->sizes && status == OK; s++) {
    const int64_t R = study_initials(study, s);
    status = fluctuations_variance(R, L, psi[s], B, weight[s], &value[s], resampled + (int64_t)s * B);
    if (status != OK) break;
    memcpy(scratch, resampled + (int64_t)s * B, sizeof *scratch * (size_t)B);
    time->size[s].V = fluctuations_interval(INTERVAL_POSITIVE, value[s], B, scratch, R, measure->options.level);
  }
  for (int s = 0; s < study->sizes && isnan(time->time); s++) value[s] = NAN; /* the sizes are not comparable */
  if (status == OK) time->slope = fluctuations_slope(study, &measure->options, NULL, value, resampled);
  free(resampled);
  free(scratch);
  return status;
}

int empirical_measure_estimate(const struct empirical_measure *measure, double *const *weight, double *const *psi,
                               double *const *square, struct empirical_measure_time *time) {
  const struct study *study = measure->study;
  const int last = study->sizes - 1;
  for (int s = 0; s <= last; s++) {
    struct empirical_measure_size *size = &time->size[s];
    const int64_t R = study_initials(study, s);
    double mean[L];
    size->unit_variance = gsl_stats_mean(square[s], 1, (size_t)(R * L)) - mean_square(R, psi[s], mean);
    size->normality = anderson_darling_family(R, L, psi[s], NULL);
    size->mmd = ESTIMATE_NONE;
    if (s < last && !isnan(time->time))
      size->mmd = distance((double)study->n[s], R, psi[s], square[s], study_initials(study, last), psi[last],
                           measure->options.level);
  }
  return find_variances(measure, weight, psi, time);
}
