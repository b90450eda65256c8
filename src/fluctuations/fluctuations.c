#include "fluctuations/fluctuations.h"

#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

enum part { PART_TOTAL, PART_INIT, PART_SGD, PART_BIAS, PART_BOUND, PART_RATIO };

/* Value and bootstrap values of a quantity of one size at one time: of a field, or of a column of the history. */
struct source {
  const char *name, *description;
  bool variance;
  enum part part;
  enum point_set set;
  const char *column;
};

static const struct source source_table[FLUCTUATIONS_QUANTITIES] = {
    {"V", "V_n: variance of f_n over replicas, mean over the test points", true, PART_TOTAL, POINTS_TEST, NULL},
    {"V_train", "V_n at the training points", true, PART_TOTAL, POINTS_TRAIN, NULL},
    {"V_init", "part of V due to the initial conditions", true, PART_INIT, POINTS_TEST, NULL},
    {"V_sgd", "part of V due to the data: variance over the streams of an initial condition", false, PART_SGD,
     POINTS_TEST, NULL},
    {"B", "B_n: squared bias of the mean against that of the largest n, at the test points", false, PART_BIAS,
     POINTS_TEST, NULL},
    {"B_train", "B_n at the training points", false, PART_BIAS, POINTS_TRAIN, NULL},
    {"bound", "resampling bound of n V_n at the test points: n V_n of as many units drawn anew", false, PART_BOUND,
     POINTS_TEST, NULL},
    {"bound_train", "resampling bound of n V_n at the training points", false, PART_BOUND, POINTS_TRAIN, NULL},
    {"bound_ratio", "resampling bound over n V_n at the test points", false, PART_RATIO, POINTS_TEST, NULL},
    {"bound_ratio_train", "resampling bound over n V_n at the training points", false, PART_RATIO, POINTS_TRAIN, NULL},
    {"loss", "loss on the batch, mean over replicas", false, 0, 0, "loss"},
    {"test_loss", "loss on the test points, mean over replicas", false, 0, 0, "test_loss"},
};

static bool is_known(const struct study *study, const struct source *source) {
  if (source->column) return strcmp(source->column, "test_loss") != 0 || study->tests > 0;
  if (source->part == PART_BIAS && (study->sizes < 2 || !study->common_data)) return false;
  if ((source->part == PART_INIT || source->part == PART_SGD) && study->streams < 2) return false;
  if (source->part >= PART_BOUND && (!study->moments || study->n[0] < 2)) return false;
  return study->fields && (source->set == POINTS_TRAIN ? study->samples : study->tests) > 0;
}

/* By theory: 1/n, and for the part due to the data 1/P. */
static double expected_slope(const struct study *study, const struct source *source) {
  if (source->column || source->part >= PART_BIAS) return NAN;
  if (source->part == PART_TOTAL && !study->common_data) return NAN; /* A/n + dt S/P: neither power alone */
  return source->part == PART_SGD ? -study->batch_power : -1;
}

int64_t fluctuations_fewest(const struct fluctuations *fluct) {
  int64_t fewest = INT64_MAX;
  for (int s = 0; s < fluct->study->sizes; s++)
    if (study_initials(fluct->study, s) < fewest) fewest = study_initials(fluct->study, s);
  return fewest;
}

const struct fluctuations_quantity *fluctuations_find(const struct fluctuations *fluct, const char *name) {
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluct->quantity[q].known && strcmp(fluct->quantity[q].name, name) == 0) return &fluct->quantity[q];
  return NULL;
}

static int evaluate_parts(const struct fluctuations *fluct, const struct source *source, int64_t initials,
                          int64_t points, const double *f, const double *weight, double *value, double *boot) {
  const size_t B = (size_t)fluct->options.bootstrap;
  double *all = alloc_small(sizeof *all * 3 * B);
  struct fluctuations_parts parts = {.total_boot = all, .init_boot = all + B, .sgd_boot = all + 2 * B};
  const int status = fluctuations_parts(initials, fluct->study->streams, points, f, (int)B, weight, &parts);
  const double values[] = {[PART_TOTAL] = parts.total, [PART_INIT] = parts.init, [PART_SGD] = parts.sgd};
  *value = values[source->part];
  memcpy(boot, all + source->part * B, sizeof *boot * B);
  free(all);
  return status;
}

static int evaluate_bias(const struct fluctuations *fluct, const struct source *source, int size, int time,
                         int64_t points, const double *f, double *const *weight, double *value, double *boot) {
  const struct study *study = fluct->study;
  const int last = study->sizes - 1, B = fluct->options.bootstrap;
  double *reference;
  *value = NAN;
  for (int b = 0; b < B; b++) boot[b] = NAN;
  if (size == last) return OK;
  TRY(alloc_array((void **)&reference, study->replicas[last] * points, sizeof *reference, "the reference's outputs"));
  int status = study_field(study, last, time, source->set, reference);
  if (status == OK)
    status = fluctuations_bias(study->replicas[size], study->replicas[last], points, f, reference, B, weight[size],
                               weight[last], value, boot);
  free(reference);
  return status;
}

/* data [replicas]: averaged over the streams of each initial condition in place, then over these. */
static void mean_of(const struct fluctuations *fluct, int size, double *data, const double *weight, double *value,
                    double *boot) {
  const int64_t initials = study_initials(fluct->study, size);
  const size_t streams = (size_t)fluct->study->streams;
  for (int64_t i = 0; i < initials; i++) data[i] = gsl_stats_mean(data + (size_t)i * streams, 1, streams);
  *value = fluctuations_mean(initials, data, fluct->options.bootstrap, weight, boot);
}

static int evaluate_series(const struct fluctuations *fluct, const struct source *source, int size, int time,
                           const double *weight, double *value, double *boot) {
  double *data = alloc_small(sizeof *data * (size_t)fluct->study->replicas[size]);
  const int status = study_series(fluct->study, size, time, source->column, data);
  if (status == OK) mean_of(fluct, size, data, weight, value, boot);
  free(data);
  return status;
}

static int evaluate_bound(const struct fluctuations *fluct, const struct source *source, int size, int time,
                          int64_t points, const double *f, const double *weight, double *value, double *boot) {
  const struct study *study = fluct->study;
  const double n = (double)study->n[size];
  double *data = alloc_small(sizeof *data * (size_t)study->replicas[size]);
  const int status = study_moment(study, size, time, source->set, data);
  for (int64_t r = 0; r < study->replicas[size] && status == OK; r++) {
    double square = 0;
    for (int64_t k = 0; k < points; k++) square += f[r * points + k] * f[r * points + k] / (double)points;
    data[r] = (data[r] - square) * n / (n - 1);
  }
  if (status == OK) mean_of(fluct, size, data, weight, value, boot);
  free(data);
  return status;
}

/* From what the quantities before it have been found to be. */
static int evaluate_ratio(const struct fluctuations *fluct, const struct source *source, int size, int time,
                          double *value, double *boot) {
  const bool test = source->set == POINTS_TEST;
  const struct fluctuations_quantity *bound = fluctuations_find(fluct, test ? "bound" : "bound_train");
  const struct fluctuations_quantity *V = fluctuations_find(fluct, test ? "V" : "V_train");
  const size_t cell = (size_t)(time * fluct->study->sizes + size), B = (size_t)fluct->options.bootstrap;
  const double n = (double)fluct->study->n[size];
  *value = bound->value[cell].value / (n * V->value[cell].value);
  for (size_t b = 0; b < B; b++) boot[b] = bound->boot[cell * B + b] / (n * V->boot[cell * B + b]);
  return OK;
}

static int evaluate(const struct fluctuations *fluct, const struct source *source, int size, int time,
                    double *const *weight, double *value, double *boot) {
  if (source->column) return evaluate_series(fluct, source, size, time, weight[size], value, boot);
  if (source->part == PART_RATIO) return evaluate_ratio(fluct, source, size, time, value, boot);
  const struct study *study = fluct->study;
  const int64_t replicas = study->replicas[size], initials = study_initials(fluct->study, size);
  const int64_t points = source->set == POINTS_TEST ? study->tests : study->samples;
  double *f;
  TRY(alloc_array((void **)&f, replicas * points, sizeof *f, "the outputs of all replicas"));
  int status = study_field(study, size, time, source->set, f);
  if (status == OK && source->part == PART_BIAS)
    status = evaluate_bias(fluct, source, size, time, points, f, weight, value, boot);
  else if (status == OK && source->part == PART_BOUND)
    status = evaluate_bound(fluct, source, size, time, points, f, weight[size], value, boot);
  else if (status == OK && study->streams > 1)
    status = evaluate_parts(fluct, source, initials, points, f, weight[size], value, boot);
  else if (status == OK)
    status = fluctuations_variance(initials, points, f, fluct->options.bootstrap, weight[size], value, boot);
  free(f);
  return status;
}

double fluctuations_log_slope(int sizes, const int64_t *n, const double *value, int64_t stride) {
  double log_n[ENSEMBLE_MAX], log_value[ENSEMBLE_MAX], intercept, slope, c00, c01, c11, squares;
  for (int s = 0; s < sizes; s++) {
    log_n[s] = log((double)n[s]);
    log_value[s] = log(value[s * stride]);
    if (!isfinite(log_value[s])) return NAN;
  }
  gsl_fit_linear(log_n, 1, log_value, 1, (size_t)sizes, &intercept, &slope, &c00, &c01, &c11, &squares);
  return slope;
}

static struct estimate slope_of(const struct fluctuations *fluct, const double *value, const double *boot,
                                int64_t replicas) {
  const struct study *study = fluct->study;
  const int B = fluct->options.bootstrap, sizes = study->sizes;
  if (sizes < 2) return (struct estimate){NAN, NAN, NAN};
  double *slopes = alloc_small(sizeof *slopes * (size_t)B);
  for (int b = 0; b < B; b++) slopes[b] = fluctuations_log_slope(sizes, study->n, boot + b, B);
  const struct estimate slope = fluctuations_interval(fluctuations_log_slope(sizes, study->n, value, 1), B, slopes,
                                                      replicas, fluct->options.level, false);
  free(slopes);
  return slope;
}

/* How a loss falls with n. */
static void fit_error(struct fluctuations *fluct, struct fluctuations_quantity *quantity, int time, const double *value,
                      const double *boot, int64_t replicas) {
  const int B = fluct->options.bootstrap;
  double *powers = alloc_small(sizeof *powers * (size_t)B);
  quantity->fit[time] = error_fit(fluct->study->sizes, fluct->study->n, value, B, boot, powers);
  quantity->power[time] =
      fluctuations_interval(quantity->fit[time].power, B, powers, replicas, fluct->options.level, false);
  free(powers);
}

/* All sizes at one time. */
static int estimate_time(struct fluctuations *fluct, int q, int time, double *const *weight) {
  const struct study *study = fluct->study;
  struct fluctuations_quantity *quantity = &fluct->quantity[q];
  const size_t B = (size_t)fluct->options.bootstrap;
  double value[ENSEMBLE_MAX], *boot = quantity->boot + (size_t)(time * study->sizes) * B;
  double *scratch = alloc_small(sizeof *scratch * B);
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    double *own = boot + (size_t)s * B;
    status = evaluate(fluct, &source_table[q], s, time, weight, &value[s], own);
    if (status != OK) break;
    memcpy(scratch, own, sizeof *scratch * B);
    quantity->value[time * study->sizes + s] =
        fluctuations_interval(value[s], (int)B, scratch, study_initials(fluct->study, s), fluct->options.level, true);
  }
  free(scratch);
  if (status == OK) quantity->slope[time] = slope_of(fluct, value, boot, fluctuations_fewest(fluct));
  if (status == OK && quantity->fit) fit_error(fluct, quantity, time, value, boot, fluctuations_fewest(fluct));
  return status;
}

static int allocate(const struct study *study, int bootstrap, struct fluctuations_quantity *quantity) {
  const int64_t cells = (int64_t)study->times * study->sizes;
  TRY(alloc_array((void **)&quantity->boot, cells * bootstrap, sizeof *quantity->boot, "bootstrap values"));
  quantity->value = alloc_small(sizeof *quantity->value * (size_t)cells);
  quantity->slope = alloc_small(sizeof *quantity->slope * (size_t)study->times);
  return OK;
}

static int estimate_all(struct fluctuations *fluct, double *const *weight) {
  const struct study *study = fluct->study;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++) {
    const struct source *source = &source_table[q];
    struct fluctuations_quantity *quantity = &fluct->quantity[q];
    *quantity = (struct fluctuations_quantity){
        .name = source->name, .description = source->description, .variance = source->variance};
    quantity->expected = expected_slope(study, source);
    quantity->known = is_known(study, source);
    if (!quantity->known) continue;
    TRY(allocate(study, fluct->options.bootstrap, quantity));
    if (source->column) {
      quantity->fit = alloc_small(sizeof *quantity->fit * (size_t)study->times);
      quantity->power = alloc_small(sizeof *quantity->power * (size_t)study->times);
    }
    for (int time = 0; time < study->times; time++) TRY(estimate_time(fluct, q, time, weight));
  }
  return OK;
}

int fluctuations_create(const struct study *study, const struct fluctuations_options *options,
                        struct fluctuations **out) {
  if (study->sizes > ENSEMBLE_MAX)
    return FAIL(USAGE, "at most %d different n can be analyzed at a time, received %d", ENSEMBLE_MAX, study->sizes);
  struct fluctuations *fluct = calloc(1, sizeof *fluct);
  double *weight[ENSEMBLE_MAX];
  if (!fluct) die("no memory");
  fluct->study = study;
  fluct->options = *options;
  for (int s = 0; s < study->sizes; s++) {
    const int64_t initials = study_initials(fluct->study, s);
    weight[s] = alloc_small(sizeof(double) * (size_t)options->bootstrap * (size_t)initials);
    fluctuations_weights(options->seed, options->bootstrap, initials, weight[s]);
  }
  const int status = estimate_all(fluct, weight);
  for (int s = 0; s < study->sizes; s++) free(weight[s]);
  if (status != OK) {
    fluctuations_free(fluct);
    return status;
  }
  *out = fluct;
  return OK;
}

void fluctuations_free(struct fluctuations *fluct) {
  if (!fluct) return;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++) {
    free(fluct->quantity[q].value);
    free(fluct->quantity[q].boot);
    free(fluct->quantity[q].slope);
    free(fluct->quantity[q].fit);
    free(fluct->quantity[q].power);
  }
  free(fluct);
}
