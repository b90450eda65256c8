/* The estimators of fluctuations/fluctuations.h. */
#include <cblas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "fluctuations/fluctuations.h"

void fluctuations_weights(uint64_t seed, int64_t key, int bootstrap, int64_t replicas, double *weight) {
  const struct rng rng = {.seed = seed, .stream = RNG_BOOTSTRAP, .network = (uint64_t)replicas, .step = (uint64_t)key};
  double *uniform = alloc_small(sizeof *uniform * (size_t)replicas);
  memset(weight, 0, sizeof *weight * (size_t)bootstrap * (size_t)replicas);
  for (int b = 0; b < bootstrap; b++) {
    rng_uniform(&rng, (uint64_t)b, (int)replicas, uniform);
    for (int64_t r = 0; r < replicas; r++) weight[b * replicas + (int64_t)(uniform[r] * (double)replicas)] += 1;
  }
  free(uniform);
}

static void center(int64_t replicas, int64_t points, double *f) {
  for (int64_t k = 0; k < points; k++) {
    double mean = 0;
    for (int64_t r = 0; r < replicas; r++) mean += f[r * points + k];
    mean /= (double)replicas;
    for (int64_t r = 0; r < replicas; r++) f[r * points + k] -= mean;
  }
}

/* Uses sum_r w_r (f_r - mean_w)^2 = w.q - R |mean_w|^2 at each point, with q_r = f_r^2 and mean_w = w.f / R. This
 * needs one matrix product and no R x R matrix. */
int fluctuations_variance(int64_t replicas, int64_t points, double *f, int bootstrap, const double *weight,
                          double *value, double *resampled) {
  const int R = (int)replicas, K = (int)points;
  const double degrees = (double)(R - 1);
  *value = NAN;
  for (int b = 0; b < bootstrap; b++) resampled[b] = NAN;
  if (R < 2) return OK;
  double *mean, *square = alloc_small(sizeof *square * (size_t)R);
  const int status = alloc_array((void **)&mean, (int64_t)bootstrap * K, sizeof *mean, "bootstrap means");
  if (status == OK) {
    center(replicas, points, f);
    double sum = 0;
    for (int r = 0; r < R; r++) {
      square[r] = cblas_ddot(K, f + (size_t)r * (size_t)K, 1, f + (size_t)r * (size_t)K, 1) / K;
      sum += square[r];
    }
    *value = sum / degrees;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, bootstrap, K, R, 1.0 / R, weight, R, f, K, 0, mean, K);
    for (int b = 0; b < bootstrap; b++) {
      const double *m = mean + (size_t)b * (size_t)K;
      const double all = cblas_ddot(R, weight + (size_t)b * (size_t)R, 1, square, 1);
      resampled[b] = (all - R * cblas_ddot(K, m, 1, m, 1) / K) / degrees * (R / degrees);
    }
  }
  free(mean);
  free(square);
  return status;
}

/* mean [points] = means of f [streams][points] over the streams of one initial condition. Returns the mean over points
 * of the sample variance over streams. */
static double stream_variance(int64_t streams, int64_t points, const double *f, double *mean) {
  double sum = 0;
  for (int64_t k = 0; k < points; k++) {
    double square = 0;
    mean[k] = 0;
    for (int64_t q = 0; q < streams; q++) mean[k] += f[q * points + k] / (double)streams;
    for (int64_t q = 0; q < streams; q++) square += pow(f[q * points + k] - mean[k], 2);
    sum += square;
  }
  return sum / (double)((streams - 1) * points);
}

int fluctuations_split(int64_t initials, int64_t streams, int64_t points, const double *f, int bootstrap,
                       const double *weight, struct fluctuations_terms *terms) {
  double *mean, *within = alloc_small(sizeof *within * (size_t)initials);
  int status = alloc_array((void **)&mean, initials * points, sizeof *mean, "means of the streams");
  if (status == OK) {
    for (int64_t i = 0; i < initials; i++)
      within[i] = stream_variance(streams, points, f + i * streams * points, mean + i * points);
    terms->sgd = fluctuations_mean(initials, within, bootstrap, weight, terms->sgd_resampled);
    status = fluctuations_variance(initials, points, mean, bootstrap, weight, &terms->init, terms->init_resampled);
  }
  if (status == OK) {
    terms->init -= terms->sgd / (double)streams;
    terms->total = terms->init + terms->sgd;
    for (int b = 0; b < bootstrap; b++) {
      terms->init_resampled[b] -= terms->sgd_resampled[b] / (double)streams;
      terms->total_resampled[b] = terms->init_resampled[b] + terms->sgd_resampled[b];
    }
  }
  free(mean);
  free(within);
  return status;
}

/* difference [bootstrap + 1][points] += sign times the means over replicas: rows 0 .. bootstrap - 1 for the bootstrap
 * samples, the last row for the data. Returns the variance of the mean over replicas, averaged over points. */
static double add_means(int64_t points, const struct fluctuations_sample *sample, int bootstrap, double sign,
                        double *difference) {
  const int R = (int)sample->replicas, K = (int)points;
  double *all = difference + (size_t)bootstrap * (size_t)K, square = 0;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, bootstrap, K, R, sign / R, sample->weight, R, sample->f, K, 1,
              difference, K);
  for (int k = 0; k < K; k++) {
    const double mean = gsl_stats_mean(sample->f + k, (size_t)K, (size_t)R);
    all[k] += sign * mean;
    square += gsl_stats_variance_m(sample->f + k, (size_t)K, (size_t)R, mean) / K;
  }
  return square / R;
}

int fluctuations_bias(int64_t points, const struct fluctuations_sample *sample,
                      const struct fluctuations_sample *reference, int bootstrap, double *value, double *resampled) {
  const int K = (int)points;
  double *difference;
  *value = NAN;
  for (int b = 0; b < bootstrap; b++) resampled[b] = NAN;
  if (sample->replicas < 2 || reference->replicas < 2) return OK;
  TRY(alloc_array((void **)&difference, ((int64_t)bootstrap + 1) * K, sizeof *difference, "bootstrap means"));
  memset(difference, 0, sizeof *difference * ((size_t)bootstrap + 1) * (size_t)K);
  const double noise =
      add_means(points, sample, bootstrap, 1, difference) + add_means(points, reference, bootstrap, -1, difference);
  for (int b = 0; b <= bootstrap; b++) {
    const double *row = difference + (size_t)b * (size_t)K, square = cblas_ddot(K, row, 1, row, 1) / K;
    if (b < bootstrap)
      resampled[b] = square - 2 * noise; /* noise of the data plus noise of the resampling */
    else
      *value = square - noise;
  }
  free(difference);
  return OK;
}

double fluctuations_mean(int64_t replicas, const double *values, int bootstrap, const double *weight,
                         double *resampled) {
  const int R = (int)replicas;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, bootstrap, R, 1.0 / R, weight, R, values, 1, 0, resampled, 1);
  return gsl_stats_mean(values, 1, (size_t)R);
}

/* How the interval of each kind of value is computed: whether on the scale of logarithms, where possible, and the
 * widening a of each end (fluctuations/fluctuations.h). */
static const struct {
  bool in_log;
  double low, high; /* widening */
} interval_table[] = {
    [INTERVAL_SIGNED] = {false, 0, 0},
    [INTERVAL_POSITIVE] = {true, 0, 3},
    [INTERVAL_SLOPE] = {false, 0.4, 0.4},
    [INTERVAL_LOG_RATIO] = {false, 1.2, 1.2},
};

struct estimate fluctuations_interval(enum interval_kind kind, double value, int bootstrap, double *resampled,
                                      int64_t replicas, double level) {
  struct estimate estimate = {value, NAN, NAN};
  bool in_log = interval_table[kind].in_log;
  if (replicas < FLUCTUATIONS_REPLICAS_MIN) return estimate;
  for (int b = 0; b < bootstrap; b++) in_log &= resampled[b] > 0;
  for (int b = 0; b < bootstrap && in_log; b++) resampled[b] = log(resampled[b]);
  const double R = (double)replicas, t = gsl_cdf_tdist_Pinv((1 + level) / 2, R - 1);
  const double half = t * gsl_stats_sd(resampled, 1, (size_t)bootstrap) * sqrt(R / (R - 1));
  const double below = half * (1 + interval_table[kind].low / sqrt(R)),
               above = half * (1 + interval_table[kind].high / sqrt(R));
  if (!isfinite(half)) return estimate;
  estimate.low = in_log ? value * exp(-below) : value - below;
  estimate.high = in_log ? value * exp(above) : value + above;
  return estimate;
}

double fluctuations_log_slope(int sizes, const int64_t *n, const bool *use, const double *value, int64_t stride) {
  double log_n[ENSEMBLE_MAX], log_value[ENSEMBLE_MAX], intercept, slope, c00, c01, c11, squares;
  size_t count = 0;
  for (int s = 0; s < sizes; s++) {
    if (use && !use[s]) continue;
    log_n[count] = log((double)n[s]);
    log_value[count] = log(value[s * stride]);
    if (!isfinite(log_value[count++])) return NAN;
  }
  if (count < 2) return NAN;
  gsl_fit_linear(log_n, 1, log_value, 1, count, &intercept, &slope, &c00, &c01, &c11, &squares);
  return slope;
}

struct estimate fluctuations_slope(const struct study *study, const struct analysis_options *options, const bool *use,
                                   const double *value, const double *resampled) {
  const int B = options->bootstrap;
  double *slopes = alloc_small(sizeof *slopes * (size_t)B);
  for (int b = 0; b < B; b++) slopes[b] = fluctuations_log_slope(study->sizes, study->n, use, resampled + b, B);
  const struct estimate slope =
      fluctuations_interval(INTERVAL_SLOPE, fluctuations_log_slope(study->sizes, study->n, use, value, 1), B, slopes,
                            study_fewest_initials(study), options->level);
  free(slopes);
  return slope;
}
