#include "analysis/fluct.h"

#include <cblas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/status.h"

/* ---- estimators ---- */

void fluct_weights(uint64_t seed, int bootstrap, int64_t replicas, double *weight) {
  const struct rng rng = {.seed = seed, .stream = RNG_BOOTSTRAP, .network = (uint64_t)replicas};
  double *uniform = status_malloc(sizeof *uniform * (size_t)replicas);
  memset(weight, 0, sizeof *weight * (size_t)bootstrap * (size_t)replicas);
  for (int b = 0; b < bootstrap; b++) {
    rng_uniform(&rng, (uint64_t)b, (int)replicas, uniform);
    for (int64_t r = 0; r < replicas; r++) weight[b * replicas + (int64_t)(uniform[r] * (double)replicas)] += 1;
  }
  free(uniform);
}

static void centre(int64_t replicas, int64_t points, double *f) {
  for (int64_t k = 0; k < points; k++) {
    double mean = 0;
    for (int64_t r = 0; r < replicas; r++) mean += f[r * points + k];
    mean /= (double)replicas;
    for (int64_t r = 0; r < replicas; r++) f[r * points + k] -= mean;
  }
}

/* sum_r w_r (f_r - mean_w)^2 = w.q - R |mean_w|^2 point by point, q_r = f_r^2, mean_w = w.f / R: two products, no R x R
 * matrix. */
int fluct_variance(int64_t replicas, int64_t points, double *f, int bootstrap, const double *weight, double *value,
                   double *boot) {
  const int R = (int)replicas, K = (int)points;
  const double degrees = (double)(R - 1);
  *value = NAN;
  for (int b = 0; b < bootstrap; b++) boot[b] = NAN;
  if (R < 2) return OK;
  double *mean, *square = status_malloc(sizeof *square * (size_t)R);
  const int status = status_array((void **)&mean, (int64_t)bootstrap * K, sizeof *mean, "bootstrap means");
  if (status == OK) {
    centre(replicas, points, f);
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
      boot[b] = (all - R * cblas_ddot(K, m, 1, m, 1) / K) / degrees * (R / degrees);
    }
  }
  free(mean);
  free(square);
  return status;
}

/* mean [points] of the streams of one initial condition; returns the mean over points of their sample variance. */
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

int fluct_parts(int64_t initials, int64_t streams, int64_t points, const double *f, int bootstrap, const double *weight,
                struct fluct_parts *parts) {
  double *mean, *within = status_malloc(sizeof *within * (size_t)initials);
  int status = status_array((void **)&mean, initials * points, sizeof *mean, "means of the streams");
  if (status == OK) {
    for (int64_t i = 0; i < initials; i++)
      within[i] = stream_variance(streams, points, f + i * streams * points, mean + i * points);
    parts->sgd = fluct_mean(initials, within, bootstrap, weight, parts->sgd_boot);
    status = fluct_variance(initials, points, mean, bootstrap, weight, &parts->init, parts->init_boot);
  }
  if (status == OK) {
    parts->init -= parts->sgd / (double)streams;
    parts->total = parts->init + parts->sgd;
    for (int b = 0; b < bootstrap; b++) {
      parts->init_boot[b] -= parts->sgd_boot[b] / (double)streams;
      parts->total_boot[b] = parts->init_boot[b] + parts->sgd_boot[b];
    }
  }
  free(mean);
  free(within);
  return status;
}

/* difference [bootstrap + 1][points] += sign times the means over replicas: of each resampling, and of all. Returns the
 * variance of the mean over replicas. */
static double add_means(int64_t replicas, int64_t points, const double *f, int bootstrap, const double *weight,
                        double sign, double *difference) {
  const int R = (int)replicas, K = (int)points;
  double *all = difference + (size_t)bootstrap * (size_t)K, square = 0;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, bootstrap, K, R, sign / R, weight, R, f, K, 1, difference, K);
  for (int k = 0; k < K; k++) {
    const double mean = gsl_stats_mean(f + k, (size_t)K, (size_t)R);
    all[k] += sign * mean;
    square += gsl_stats_variance_m(f + k, (size_t)K, (size_t)R, mean) / K;
  }
  return square / R;
}

int fluct_bias(int64_t replicas, int64_t references, int64_t points, const double *f, const double *reference,
               int bootstrap, const double *weight, const double *reference_weight, double *value, double *boot) {
  const int K = (int)points;
  double *difference;
  *value = NAN;
  for (int b = 0; b < bootstrap; b++) boot[b] = NAN;
  if (replicas < 2 || references < 2) return OK;
  TRY(status_array((void **)&difference, ((int64_t)bootstrap + 1) * K, sizeof *difference, "bootstrap means"));
  memset(difference, 0, sizeof *difference * ((size_t)bootstrap + 1) * (size_t)K);
  const double spread = add_means(replicas, points, f, bootstrap, weight, 1, difference) +
                        add_means(references, points, reference, bootstrap, reference_weight, -1, difference);
  for (int b = 0; b <= bootstrap; b++) {
    const double *row = difference + (size_t)b * (size_t)K, square = cblas_ddot(K, row, 1, row, 1) / K;
    if (b < bootstrap)
      boot[b] = square - 2 * spread; /* the spread of the data, and that of the resampling */
    else
      *value = square - spread;
  }
  free(difference);
  return OK;
}

double fluct_mean(int64_t replicas, const double *values, int bootstrap, const double *weight, double *boot) {
  const int R = (int)replicas;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, bootstrap, R, 1.0 / R, weight, R, values, 1, 0, boot, 1);
  return gsl_stats_mean(values, 1, (size_t)R);
}

struct estimate fluct_interval(double value, int bootstrap, double *boot, int64_t replicas, double level, bool in_log) {
  struct estimate estimate = {value, NAN, NAN};
  if (replicas < FLUCT_REPLICAS_MIN) return estimate;
  for (int b = 0; b < bootstrap; b++) in_log &= boot[b] > 0;
  for (int b = 0; b < bootstrap && in_log; b++) boot[b] = log(boot[b]);
  const double degrees = (double)(replicas - 1), t = gsl_cdf_tdist_Pinv((1 + level) / 2, degrees);
  const double half = t * gsl_stats_sd(boot, 1, (size_t)bootstrap) * sqrt((double)replicas / degrees);
  if (!isfinite(half)) return estimate;
  estimate.low = in_log ? value * exp(-half) : value - half;
  estimate.high = in_log ? value * exp(half) : value + half;
  return estimate;
}

/* ---- quantities ---- */

enum part { PART_TOTAL, PART_INIT, PART_SGD, PART_BIAS };

/* Value and bootstrap values of a quantity of one size at one time: of a field, or of a column of the history. */
struct source {
  const char *name, *description;
  bool variance;
  enum part part;
  enum point_set set;
  const char *column;
};

static const struct source source_table[FLUCT_QUANTITIES] = {
    {"V", "V_n: variance of f_n over replicas, mean over the test points", true, PART_TOTAL, POINTS_TEST, NULL},
    {"V_train", "V_n at the training points", true, PART_TOTAL, POINTS_TRAIN, NULL},
    {"V_init", "part of V due to the initial conditions", true, PART_INIT, POINTS_TEST, NULL},
    {"V_sgd", "part of V due to the data: variance over the streams of an initial condition", false, PART_SGD,
     POINTS_TEST, NULL},
    {"B", "B_n: squared bias of the mean against that of the largest n, at the test points", false, PART_BIAS,
     POINTS_TEST, NULL},
    {"B_train", "B_n at the training points", false, PART_BIAS, POINTS_TRAIN, NULL},
    {"loss", "loss on the batch, mean over replicas", false, 0, 0, "loss"},
    {"test_loss", "loss on the test points, mean over replicas", false, 0, 0, "test_loss"},
};

static bool is_known(const struct study *study, const struct source *source) {
  if (source->column) return strcmp(source->column, "test_loss") != 0 || study->tests > 0;
  if (source->part == PART_BIAS && (study->sizes < 2 || !study->common_data)) return false;
  if ((source->part == PART_INIT || source->part == PART_SGD) && study->streams < 2) return false;
  return study->fields && (source->set == POINTS_TRAIN ? study->samples : study->tests) > 0;
}

/* By theory: 1/n, and for the part due to the data 1/P. */
static double expected_slope(const struct study *study, const struct source *source) {
  if (source->column || source->part == PART_BIAS) return NAN;
  return source->part == PART_SGD ? -study->batch_power : -1;
}

/* The independent ones that are resampled: networks, or initial conditions with all their streams. */
static int64_t initials_of(const struct study *study, int size) {
  return study->replicas[size] / study->streams;
}

static int evaluate_parts(const struct fluct *fluct, const struct source *source, int64_t initials, int64_t points,
                          const double *f, const double *weight, double *value, double *boot) {
  const size_t B = (size_t)fluct->options.bootstrap;
  double *all = status_malloc(sizeof *all * 3 * B);
  struct fluct_parts parts = {.total_boot = all, .init_boot = all + B, .sgd_boot = all + 2 * B};
  const int status = fluct_parts(initials, fluct->study->streams, points, f, (int)B, weight, &parts);
  const double values[] = {[PART_TOTAL] = parts.total, [PART_INIT] = parts.init, [PART_SGD] = parts.sgd};
  *value = values[source->part];
  memcpy(boot, all + source->part * B, sizeof *boot * B);
  free(all);
  return status;
}

static int evaluate_bias(const struct fluct *fluct, const struct source *source, int size, int time, int64_t points,
                         const double *f, double *const *weight, double *value, double *boot) {
  const struct study *study = fluct->study;
  const int last = study->sizes - 1, B = fluct->options.bootstrap;
  double *reference;
  *value = NAN;
  for (int b = 0; b < B; b++) boot[b] = NAN;
  if (size == last) return OK;
  TRY(status_array((void **)&reference, study->replicas[last] * points, sizeof *reference, "the reference's outputs"));
  int status = study_field(study, last, time, source->set, reference);
  if (status == OK)
    status = fluct_bias(study->replicas[size], study->replicas[last], points, f, reference, B, weight[size],
                        weight[last], value, boot);
  free(reference);
  return status;
}

static int evaluate_series(const struct fluct *fluct, const struct source *source, int size, int time,
                           const double *weight, double *value, double *boot) {
  const struct study *study = fluct->study;
  const int64_t initials = initials_of(study, size);
  const size_t streams = (size_t)study->streams;
  double *data = status_malloc(sizeof *data * (size_t)study->replicas[size]);
  const int status = study_series(study, size, time, source->column, data);
  if (status == OK) {
    for (int64_t i = 0; i < initials; i++) data[i] = gsl_stats_mean(data + (size_t)i * streams, 1, streams);
    *value = fluct_mean(initials, data, fluct->options.bootstrap, weight, boot);
  }
  free(data);
  return status;
}

static int evaluate(const struct fluct *fluct, const struct source *source, int size, int time, double *const *weight,
                    double *value, double *boot) {
  if (source->column) return evaluate_series(fluct, source, size, time, weight[size], value, boot);
  const struct study *study = fluct->study;
  const int64_t replicas = study->replicas[size], initials = initials_of(study, size);
  const int64_t points = source->set == POINTS_TEST ? study->tests : study->samples;
  double *f;
  TRY(status_array((void **)&f, replicas * points, sizeof *f, "the outputs of all replicas"));
  int status = study_field(study, size, time, source->set, f);
  if (status == OK && source->part == PART_BIAS)
    status = evaluate_bias(fluct, source, size, time, points, f, weight, value, boot);
  else if (status == OK && study->streams > 1)
    status = evaluate_parts(fluct, source, initials, points, f, weight[size], value, boot);
  else if (status == OK)
    status = fluct_variance(initials, points, f, fluct->options.bootstrap, weight[size], value, boot);
  free(f);
  return status;
}

static double log_slope(int sizes, const double *log_n, const double *value, size_t stride) {
  double log_value[ENSEMBLE_MAX], intercept, slope, c00, c01, c11, squares;
  for (int s = 0; s < sizes; s++) {
    log_value[s] = log(value[(size_t)s * stride]);
    if (!isfinite(log_value[s])) return NAN;
  }
  gsl_fit_linear(log_n, 1, log_value, 1, (size_t)sizes, &intercept, &slope, &c00, &c01, &c11, &squares);
  return slope;
}

static struct estimate slope_of(const struct fluct *fluct, const double *value, const double *boot, int64_t replicas) {
  const struct study *study = fluct->study;
  const int B = fluct->options.bootstrap, sizes = study->sizes;
  if (sizes < 2) return (struct estimate){NAN, NAN, NAN};
  double log_n[ENSEMBLE_MAX], *slopes = status_malloc(sizeof *slopes * (size_t)B);
  for (int s = 0; s < sizes; s++) log_n[s] = log((double)study->n[s]);
  for (int b = 0; b < B; b++) slopes[b] = log_slope(sizes, log_n, boot + b, (size_t)B);
  const struct estimate slope =
      fluct_interval(log_slope(sizes, log_n, value, 1), B, slopes, replicas, fluct->options.level, false);
  free(slopes);
  return slope;
}

/* How a loss falls with n. */
static void fit_error(struct fluct *fluct, struct fluct_quantity *quantity, int time, const double *value,
                      const double *boot, int64_t replicas) {
  const int B = fluct->options.bootstrap;
  double *powers = status_malloc(sizeof *powers * (size_t)B);
  quantity->fit[time] = error_fit(fluct->study->sizes, fluct->study->n, value, B, boot, powers);
  quantity->power[time] = fluct_interval(quantity->fit[time].power, B, powers, replicas, fluct->options.level, false);
  free(powers);
}

/* All sizes at one time. */
static int estimate_time(struct fluct *fluct, int q, int time, double *const *weight, double *boot) {
  const struct study *study = fluct->study;
  struct fluct_quantity *quantity = &fluct->quantity[q];
  const int B = fluct->options.bootstrap;
  double value[ENSEMBLE_MAX], *scratch = status_malloc(sizeof *scratch * (size_t)B);
  int64_t fewest = INT64_MAX;
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    status = evaluate(fluct, &source_table[q], s, time, weight, &value[s], boot + (size_t)s * (size_t)B);
    if (status != OK) break;
    memcpy(scratch, boot + (size_t)s * (size_t)B, sizeof *scratch * (size_t)B);
    quantity->value[time * study->sizes + s] =
        fluct_interval(value[s], B, scratch, initials_of(study, s), fluct->options.level, true);
    if (initials_of(study, s) < fewest) fewest = initials_of(study, s);
  }
  free(scratch);
  if (status == OK) quantity->slope[time] = slope_of(fluct, value, boot, fewest);
  if (status == OK && quantity->fit) fit_error(fluct, quantity, time, value, boot, fewest);
  return status;
}

static int estimate_all(struct fluct *fluct, double *const *weight) {
  const struct study *study = fluct->study;
  double *boot = status_malloc(sizeof *boot * (size_t)study->sizes * (size_t)fluct->options.bootstrap);
  int status = OK;
  for (int q = 0; q < FLUCT_QUANTITIES && status == OK; q++) {
    const struct source *source = &source_table[q];
    struct fluct_quantity *quantity = &fluct->quantity[q];
    *quantity =
        (struct fluct_quantity){.name = source->name, .description = source->description, .variance = source->variance};
    quantity->expected = expected_slope(study, source);
    quantity->value = status_malloc(sizeof *quantity->value * (size_t)(study->times * study->sizes));
    quantity->slope = status_malloc(sizeof *quantity->slope * (size_t)study->times);
    if (source->column) {
      quantity->fit = status_malloc(sizeof *quantity->fit * (size_t)study->times);
      quantity->power = status_malloc(sizeof *quantity->power * (size_t)study->times);
    }
    quantity->known = is_known(study, source);
    for (int time = 0; time < study->times && quantity->known && status == OK; time++)
      status = estimate_time(fluct, q, time, weight, boot);
  }
  free(boot);
  return status;
}

int fluct_create(const struct study *study, const struct fluct_options *options, struct fluct **out) {
  if (study->sizes > ENSEMBLE_MAX)
    return FAIL(USAGE, "at most %d different n can be analyzed at a time, received %d", ENSEMBLE_MAX, study->sizes);
  struct fluct *fluct = calloc(1, sizeof *fluct);
  double *weight[ENSEMBLE_MAX];
  if (!fluct) die("no memory");
  fluct->study = study;
  fluct->options = *options;
  for (int s = 0; s < study->sizes; s++) {
    const int64_t initials = initials_of(study, s);
    weight[s] = status_malloc(sizeof(double) * (size_t)options->bootstrap * (size_t)initials);
    fluct_weights(options->seed, options->bootstrap, initials, weight[s]);
  }
  const int status = estimate_all(fluct, weight);
  for (int s = 0; s < study->sizes; s++) free(weight[s]);
  if (status != OK) {
    fluct_free(fluct);
    return status;
  }
  *out = fluct;
  return OK;
}

void fluct_free(struct fluct *fluct) {
  if (!fluct) return;
  for (int q = 0; q < FLUCT_QUANTITIES; q++) {
    free(fluct->quantity[q].value);
    free(fluct->quantity[q].slope);
    free(fluct->quantity[q].fit);
    free(fluct->quantity[q].power);
  }
  free(fluct);
}
