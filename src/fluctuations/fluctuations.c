#include "fluctuations/fluctuations.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

enum estimator { TOTAL, INIT, SGD, BIAS, BOUND, RATIO };

/* How a quantity of one size at one time is estimated: from fields, or from a column of the series. */
struct definition {
  const char *name, *description;
  bool variance;
  enum estimator estimator;
  enum point_set set;
  const char *column; /* of the series; NULL: estimated from fields */
};

static const struct definition definition_table[FLUCTUATIONS_QUANTITIES] = {
    {"V", "V_n: variance of f_n over replicas (with streams V_init + V_sgd), mean over the test points", true, TOTAL,
     POINTS_TEST, NULL},
    {"V_train", "V_n at the training points", true, TOTAL, POINTS_TRAIN, NULL},
    {"V_init", "part of V due to the initial conditions", true, INIT, POINTS_TEST, NULL},
    {"V_sgd", "part of V due to a stream's data and noise: variance over the streams of an initial condition", false,
     SGD, POINTS_TEST, NULL},
    {"B", "squared bias: (mean of f_n - mean of f_N)^2, N the largest n, mean over the test points", false, BIAS,
     POINTS_TEST, NULL},
    {"B_train", "squared bias at the training points", false, BIAS, POINTS_TRAIN, NULL},
    {"bound", "resampling bound of n V_n at the test points: n V_n of n units resampled from mu_n", false, BOUND,
     POINTS_TEST, NULL},
    {"bound_train", "resampling bound of n V_n at the training points", false, BOUND, POINTS_TRAIN, NULL},
    {"bound_ratio", "resampling bound divided by n V_n at the test points", false, RATIO, POINTS_TEST, NULL},
    {"bound_ratio_train", "resampling bound divided by n V_n at the training points", false, RATIO, POINTS_TRAIN, NULL},
    {"loss", "loss on the batch, mean over replicas", false, 0, 0, "loss"},
    {"test_loss", "loss on the test points, mean over replicas", false, 0, 0, "test_loss"},
};

static bool is_known(const struct study *study, const struct definition *definition) {
  if (definition->column) return strcmp(definition->column, "test_loss") != 0 || study->test_points > 0;
  if (definition->estimator == BIAS && (study->sizes < 2 || !study->common_data)) return false;
  if ((definition->estimator == INIT || definition->estimator == SGD) && study->streams < 2) return false;
  if (definition->estimator >= BOUND && (!study->second_moments || study->n[0] < 2)) return false;
  return study->fields && study_set_points(study, definition->set) > 0;
}

/* Returns the slope that theory predicts, or NAN if it predicts no single power: V = O(1/n), and V_sgd = O(dt/P) with
 * P = n^batch_power and dt = n^dt_power. Noise of a temperature or of births and deaths adds O(tau/n) or O(1/n) to
 * V_sgd. With a temperature tau = n^p, V = A/n + B n^(p-1), and A depends on tau. With an output scale n^scale_power,
 * V = n^(2 scale_power - 1) at t = 0 only: while the fluctuations of the initial condition decay, those of the kernel,
 * of the order 1/n, remain. */
static double expected_slope(const struct study *study, const struct definition *definition) {
  if (definition->column || definition->estimator >= BIAS) return NAN;
  if (definition->estimator == TOTAL && !study->common_data) return NAN; /* V = A/n + dt S/P is not a power of n */
  if (definition->estimator == SGD) return study->own_noise ? NAN : study->dt_power - study->batch_power;
  return study->scale_power == 0 && !study->heat_varies ? -1 : NAN;
}

const struct fluctuations_quantity *fluctuations_find(const struct fluctuations *fluctuations, const char *name) {
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++)
    if (fluctuations->quantity[q].known && strcmp(fluctuations->quantity[q].name, name) == 0)
      return &fluctuations->quantity[q];
  return NULL;
}

/* A quantity of one size at one time. Each function evaluate_* sets *value, and resampled [B]: the value in each
 * bootstrap sample. f: outputs of all replicas at the points of the quantity. */
struct cell {
  const struct fluctuations *fluctuations;
  const struct definition *definition;
  int size, time;
  double *const *weight; /* [sizes]: fluctuations_weights */
};

static int evaluate_split(const struct cell *cell, int64_t points, const double *f, double *value, double *resampled) {
  const struct study *study = cell->fluctuations->study;
  const size_t B = (size_t)cell->fluctuations->options.bootstrap;
  double *all = alloc_small(sizeof *all * 3 * B);
  struct fluctuations_terms terms = {.total_resampled = all, .init_resampled = all + B, .sgd_resampled = all + 2 * B};
  const int status = fluctuations_split(study_initials(study, cell->size), study->streams, points, f, (int)B,
                                        cell->weight[cell->size], &terms);
  const double values[] = {[TOTAL] = terms.total, [INIT] = terms.init, [SGD] = terms.sgd};
  *value = values[cell->definition->estimator];
  memcpy(resampled, all + cell->definition->estimator * B, sizeof *resampled * B);
  free(all);
  return status;
}

/* Averages the outputs f of a size over the streams of each initial condition, in place: f [initials][points]. */
static void average_streams(const struct study *study, int size, int64_t points, double *f) {
  const int64_t streams = study->streams, initials = study_initials(study, size);
  for (int64_t i = 0; i < initials && streams > 1; i++)
    for (int64_t k = 0; k < points; k++)
      f[i * points + k] = gsl_stats_mean(f + i * streams * points + k, (size_t)points, (size_t)streams);
}

static int evaluate_bias(const struct cell *cell, int64_t points, double *f, double *value, double *resampled) {
  const struct study *study = cell->fluctuations->study;
  const int size = cell->size, last = study->sizes - 1, B = cell->fluctuations->options.bootstrap;
  double *largest;
  *value = NAN;
  for (int b = 0; b < B; b++) resampled[b] = NAN;
  if (size == last || isnan(study->time[cell->time])) return OK;
  TRY(alloc_array((void **)&largest, study->replicas[last] * points, sizeof *largest, "outputs of the reference"));
  int status = study_field(study, last, cell->time, cell->definition->set, largest);
  if (status == OK) {
    average_streams(study, size, points, f);
    average_streams(study, last, points, largest);
    const struct fluctuations_sample sample = {study_initials(study, size), f, cell->weight[size]},
                                     reference = {study_initials(study, last), largest, cell->weight[last]};
    status = fluctuations_bias(points, &sample, &reference, B, value, resampled);
  }
  free(largest);
  return status;
}

/* *value = mean of data [replicas] over initial conditions. Averages data over the streams of each initial condition in
 * place. */
static void mean_of(const struct cell *cell, double *data, double *value, double *resampled) {
  const struct study *study = cell->fluctuations->study;
  const int64_t initials = study_initials(study, cell->size);
  const size_t streams = (size_t)study->streams;
  for (int64_t i = 0; i < initials; i++) data[i] = gsl_stats_mean(data + (size_t)i * streams, 1, streams);
  *value =
      fluctuations_mean(initials, data, cell->fluctuations->options.bootstrap, cell->weight[cell->size], resampled);
}

static int evaluate_series(const struct cell *cell, double *value, double *resampled) {
  const struct study *study = cell->fluctuations->study;
  double *data = alloc_small(sizeof *data * (size_t)study->replicas[cell->size]);
  const int status = study_series(study, cell->size, cell->time, cell->definition->column, data);
  if (status == OK) mean_of(cell, data, value, resampled);
  free(data);
  return status;
}

static int evaluate_bound(const struct cell *cell, int64_t points, const double *f, double *value, double *resampled) {
  const struct study *study = cell->fluctuations->study;
  const int64_t replicas = study->replicas[cell->size];
  const double n = (double)study->n[cell->size];
  double *data = alloc_small(sizeof *data * (size_t)replicas);
  const int status = study_second_moment(study, cell->size, cell->time, cell->definition->set, data);
  for (int64_t r = 0; r < replicas && status == OK; r++) {
    double square = 0;
    for (int64_t k = 0; k < points; k++) square += f[r * points + k] * f[r * points + k] / (double)points;
    data[r] = (data[r] - square) * n / (n - 1);
  }
  if (status == OK) mean_of(cell, data, value, resampled);
  free(data);
  return status;
}

/* Reads the quantities V and bound, which are already computed because they precede the ratio in the table. */
static int evaluate_ratio(const struct cell *cell, double *value, double *resampled) {
  const struct fluctuations *fluctuations = cell->fluctuations;
  const bool test = cell->definition->set == POINTS_TEST;
  const struct fluctuations_quantity *bound = fluctuations_find(fluctuations, test ? "bound" : "bound_train");
  const struct fluctuations_quantity *V = fluctuations_find(fluctuations, test ? "V" : "V_train");
  const size_t index = (size_t)(cell->time * fluctuations->study->sizes + cell->size),
               B = (size_t)fluctuations->options.bootstrap;
  const double n = (double)fluctuations->study->n[cell->size];
  *value = bound->value[index].value / (n * V->value[index].value);
  for (size_t b = 0; b < B; b++) resampled[b] = bound->resampled[index * B + b] / (n * V->resampled[index * B + b]);
  return OK;
}

static int evaluate(const struct cell *cell, double *value, double *resampled) {
  const struct definition *definition = cell->definition;
  if (definition->column) return evaluate_series(cell, value, resampled);
  if (definition->estimator == RATIO) return evaluate_ratio(cell, value, resampled);
  const struct study *study = cell->fluctuations->study;
  const int64_t points = study_set_points(study, definition->set);
  double *f;
  TRY(alloc_array((void **)&f, study->replicas[cell->size] * points, sizeof *f, "the outputs of all replicas"));
  int status = study_field(study, cell->size, cell->time, definition->set, f);
  if (status == OK && definition->estimator == BIAS)
    status = evaluate_bias(cell, points, f, value, resampled);
  else if (status == OK && definition->estimator == BOUND)
    status = evaluate_bound(cell, points, f, value, resampled);
  else if (status == OK && study->streams > 1)
    status = evaluate_split(cell, points, f, value, resampled);
  else if (status == OK)
    status = fluctuations_variance(study_initials(study, cell->size), points, f, cell->fluctuations->options.bootstrap,
                                   cell->weight[cell->size], value, resampled);
  free(f);
  return status;
}

/* Fits L + A n^-p to a loss. */
static void fit_error(struct fluctuations *fluctuations, struct fluctuations_quantity *quantity, int time,
                      const double *value, const double *resampled) {
  const int B = fluctuations->options.bootstrap;
  const struct study *study = fluctuations->study;
  double *powers = alloc_small(sizeof *powers * (size_t)B);
  int64_t initials[ENSEMBLE_MAX];
  for (int s = 0; s < study->sizes; s++) initials[s] = study_initials(study, s);
  quantity->fit[time] = error_fit(study->sizes, study->n, initials, value, B, resampled, powers);
  quantity->power[time] = fluctuations_interval(INTERVAL_SLOPE, quantity->fit[time].power, B, powers,
                                                study_fewest_initials(study), fluctuations->options.level);
  free(powers);
}

/* Estimates a quantity of all sizes at one time. */
static int estimate_time(struct fluctuations *fluctuations, int q, int time, double *const *weight) {
  const struct study *study = fluctuations->study;
  struct fluctuations_quantity *quantity = &fluctuations->quantity[q];
  const size_t B = (size_t)fluctuations->options.bootstrap;
  double value[ENSEMBLE_MAX], *resampled = quantity->resampled + (size_t)(time * study->sizes) * B;
  double *scratch = alloc_small(sizeof *scratch * B);
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    double *own = resampled + (size_t)s * B;
    status = evaluate(&(struct cell){fluctuations, &definition_table[q], s, time, weight}, &value[s], own);
    if (status != OK) break;
    memcpy(scratch, own, sizeof *scratch * B);
    quantity->value[time * study->sizes + s] =
        fluctuations_interval(INTERVAL_POSITIVE, value[s], (int)B, scratch, study_initials(fluctuations->study, s),
                              fluctuations->options.level);
  }
  free(scratch);
  const bool common = !isnan(study->time[time]); /* otherwise the sizes are not comparable */
  for (int s = 0; s < study->sizes && !common; s++) value[s] = NAN;
  if (status == OK) quantity->slope[time] = fluctuations_slope(study, &fluctuations->options, NULL, value, resampled);
  if (status == OK && quantity->fit) fit_error(fluctuations, quantity, time, value, resampled);
  return status;
}

static int allocate(const struct study *study, int bootstrap, struct fluctuations_quantity *quantity) {
  const int64_t cells = (int64_t)study->times * study->sizes;
  TRY(alloc_array((void **)&quantity->resampled, cells * bootstrap, sizeof *quantity->resampled, "bootstrap values"));
  quantity->value = alloc_small(sizeof *quantity->value * (size_t)cells);
  quantity->slope = alloc_small(sizeof *quantity->slope * (size_t)study->times);
  return OK;
}

static int estimate_all(struct fluctuations *fluctuations, double *const *weight) {
  const struct study *study = fluctuations->study;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++) {
    const struct definition *definition = &definition_table[q];
    struct fluctuations_quantity *quantity = &fluctuations->quantity[q];
    *quantity = (struct fluctuations_quantity){
        .name = definition->name, .description = definition->description, .variance = definition->variance};
    quantity->expected = expected_slope(study, definition);
    quantity->known = is_known(study, definition);
    if (!quantity->known) continue;
    TRY(allocate(study, fluctuations->options.bootstrap, quantity));
    if (definition->column) {
      quantity->fit = alloc_small(sizeof *quantity->fit * (size_t)study->times);
      quantity->power = alloc_small(sizeof *quantity->power * (size_t)study->times);
    }
    for (int time = 0; time < study->times; time++) TRY(estimate_time(fluctuations, q, time, weight));
  }
  return OK;
}

int fluctuations_create(const struct study *study, const struct analysis_options *options, struct fluctuations **out) {
  if (study->sizes > ENSEMBLE_MAX)
    return FAIL(USAGE, "expected runs of at most %d different n, received %d", ENSEMBLE_MAX, study->sizes);
  struct fluctuations *fluctuations = calloc(1, sizeof *fluctuations);
  double *weight[ENSEMBLE_MAX];
  if (!fluctuations) die("no memory");
  fluctuations->study = study;
  fluctuations->options = *options;
  for (int s = 0; s < study->sizes; s++) {
    const int64_t initials = study_initials(fluctuations->study, s);
    weight[s] = alloc_small(sizeof(double) * (size_t)options->bootstrap * (size_t)initials);
    fluctuations_weights(options->seed, study_resampling(study, s), options->bootstrap, initials, weight[s]);
  }
  const int status = estimate_all(fluctuations, weight);
  for (int s = 0; s < study->sizes; s++) free(weight[s]);
  if (status != OK) {
    fluctuations_free(fluctuations);
    return status;
  }
  *out = fluctuations;
  return OK;
}

void fluctuations_free(struct fluctuations *fluctuations) {
  if (!fluctuations) return;
  for (int q = 0; q < FLUCTUATIONS_QUANTITIES; q++) {
    free(fluctuations->quantity[q].value);
    free(fluctuations->quantity[q].resampled);
    free(fluctuations->quantity[q].slope);
    free(fluctuations->quantity[q].fit);
    free(fluctuations->quantity[q].power);
  }
  free(fluctuations);
}
