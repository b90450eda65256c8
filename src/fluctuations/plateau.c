#include "fluctuations/plateau.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "particles/particles.h"

/* ---- estimates from the numbers of all networks ---- */

/* Means of one number over the networks of each size, and its pooled variance. */
struct means {
  int sizes;
  const int64_t *networks;
  double mean[ENSEMBLE_MAX], spread[ENSEMBLE_MAX], sigma, degrees;
};

static void average(int sizes, const int64_t *networks, const double *value, struct means *means) {
  double all = 0;
  *means = (struct means){.sizes = sizes, .networks = networks};
  for (int s = 0; s < sizes; s++) {
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < networks[s]; r++) sum += value[r];
    means->mean[s] = sum / (double)networks[s];
    for (int64_t r = 0; r < networks[s]; r++) squares += pow(value[r] - means->mean[s], 2);
    means->spread[s] = networks[s] > 1 ? sqrt(squares / (double)(networks[s] - 1)) : NAN;
    means->degrees += (double)(networks[s] - 1);
    all += squares;
    value += networks[s];
  }
  means->sigma = means->degrees > 0 ? sqrt(all / means->degrees) : NAN;
}

/* Returns sum_s weight[s] mean[s] with its interval at a confidence level. */
static struct estimate combine(const struct means *means, const double *weight, double level) {
  double value = 0, variance = 0;
  for (int s = 0; s < means->sizes; s++) {
    value += weight[s] * means->mean[s];
    variance += weight[s] * weight[s] / (double)means->networks[s];
  }
  if (!(means->degrees > 0) || !isfinite(means->sigma) || !isfinite(value))
    return (struct estimate){isfinite(value) ? value : NAN, NAN, NAN};
  const double half = gsl_cdf_tdist_Pinv((1 + level) / 2, means->degrees) * means->sigma * sqrt(variance);
  return (struct estimate){value, value - half, value + half};
}

/* weight [sizes]: those of the least-squares slope on log n. */
static void slope_weights(int sizes, const int64_t *n, double *weight) {
  double mean = 0, squares = 0;
  for (int s = 0; s < sizes; s++) mean += log((double)n[s]) / sizes;
  for (int s = 0; s < sizes; s++) squares += pow(log((double)n[s]) - mean, 2);
  for (int s = 0; s < sizes; s++) weight[s] = (log((double)n[s]) - mean) / squares;
}

static void estimate_slopes(const struct means *means, const int64_t *n, double level, struct plateau_curve *curve) {
  const int sizes = means->sizes;
  const double joint = 1 - (1 - level) / (sizes - 1);
  double slope[ENSEMBLE_MAX] = {0}, weight[ENSEMBLE_MAX];
  slope_weights(sizes, n, slope);
  curve->slope = combine(means, slope, level);
  for (int s = 0; s + 1 < sizes; s++) {
    memset(weight, 0, sizeof weight);
    weight[s + 1] = 1 / log((double)n[s + 1] / (double)n[s]);
    weight[s] = -weight[s + 1];
    curve->local[s] = combine(means, weight, level);
    for (int i = 0; i < sizes; i++) weight[i] -= slope[i];
    curve->excess[s] = sizes > 2 ? combine(means, weight, joint) : ESTIMATE_NONE;
  }
}

void plateau_estimate(int sizes, const int64_t *n, const int64_t *networks, const double *m, const double *drift,
                      double level, struct plateau_curve *curve) {
  struct means log_loss, drifts;
  average(sizes, networks, m, &log_loss);
  average(sizes, networks, drift, &drifts);
  curve->level = alloc_small(sizeof *curve->level * (size_t)sizes);
  curve->drift = alloc_small(sizeof *curve->drift * (size_t)sizes);
  curve->spread = alloc_small(sizeof *curve->spread * (size_t)sizes);
  curve->local = alloc_small(sizeof *curve->local * (size_t)sizes);
  curve->excess = alloc_small(sizeof *curve->excess * (size_t)sizes);
  curve->slope = ESTIMATE_NONE;
  curve->pooled_spread = log_loss.sigma;
  curve->pooled_drift = drifts.sigma;
  curve->degrees = log_loss.degrees;
  for (int s = 0; s < sizes; s++) {
    double weight[ENSEMBLE_MAX] = {0};
    weight[s] = 1;
    const struct estimate mean = combine(&log_loss, weight, level);
    curve->level[s] = (struct estimate){exp(mean.value), exp(mean.low), exp(mean.high)};
    curve->drift[s] = combine(&drifts, weight, level);
    curve->spread[s] = log_loss.spread[s];
  }
  if (sizes > 1) estimate_slopes(&log_loss, n, level, curve);
}

void plateau_release(struct plateau_curve *curve) {
  free(curve->level);
  free(curve->drift);
  free(curve->spread);
  free(curve->local);
  free(curve->excess);
}

/* ---- reading ---- */

/* The rows of the window for the networks of one size: step, log t - mean of log t [rows], and the sum of its
 * squares. */
struct window {
  int64_t rows;
  int64_t *step; /* not owned */
  double *log_time, squares;
};

/* m, drift [initials] of a size, from loss [rows][replicas]; means over the streams of each initial condition. */
static void reduce(const struct window *window, double loss_0, int64_t initials, int64_t streams, const double *loss,
                   double *m, double *drift) {
  for (int64_t i = 0; i < initials; i++) m[i] = drift[i] = 0;
  for (int64_t row = 0; row < window->rows; row++)
    for (int64_t r = 0; r < initials * streams; r++) {
      const double y = log(loss[row * initials * streams + r] / loss_0) / (double)streams;
      m[r / streams] += y / (double)window->rows;
      drift[r / streams] += y * window->log_time[row] / window->squares;
    }
}

/* window [sizes] */
static int read_curve(const struct study *study, const struct window *window, double level,
                      struct plateau_curve *curve) {
  int64_t networks[ENSEMBLE_MAX], all = 0, most = 1;
  double *m = NULL, *drift = NULL, *loss = NULL;
  for (int s = 0; s < study->sizes; s++) {
    networks[s] = study_initials(study, s);
    all += networks[s];
    if (window[s].rows * study->replicas[s] > most) most = window[s].rows * study->replicas[s];
  }
  int status = alloc_array((void **)&m, all, sizeof *m, "the mean losses of all networks");
  if (status == OK) status = alloc_array((void **)&drift, all, sizeof *drift, "the drifts of all networks");
  if (status == OK) status = alloc_array((void **)&loss, most, sizeof *loss, "the losses of one size");
  int64_t first = 0;
  for (int s = 0; s < study->sizes && status == OK; first += networks[s++]) {
    status = study_curves(study, s, curve->column, window[s].rows, window[s].step, loss);
    if (status == OK) reduce(&window[s], study->loss_0, networks[s], study->streams, loss, m + first, drift + first);
  }
  if (status == OK) plateau_estimate(study->sizes, study->n, networks, m, drift, level, curve);
  free(m);
  free(drift);
  free(loss);
  return status;
}

/* Sets the window of the options. step, time [rows]: those of all rows. The caller frees window->log_time. */
static int find_window(const struct analysis_options *options, int64_t rows, int64_t *step, const double *time,
                       struct window *window) {
  const double *at = options->window, slack = 1e-9 * at[1];
  int64_t first = 0, end = rows;
  while (first < rows && time[first] < at[0] - slack) first++;
  while (end > first && time[end - 1] > at[1] + slack) end--;
  if (rows < 1 || time[rows - 1] < at[1] - slack)
    return FAIL(USAGE, "analyze: --window %g:%g: the common rows of the runs end at t = %g", at[0], at[1],
                rows > 0 ? time[rows - 1] : 0.0);
  if (end - first < PLATEAU_ROWS_MIN)
    return FAIL(USAGE,
                "analyze: --window %g:%g: expected at least %d common rows of the histories in it, found %lld "
                "(output.history_every)",
                at[0], at[1], PLATEAU_ROWS_MIN, (long long)(end - first));
  *window = (struct window){.rows = end - first, .step = step + first};
  window->log_time = alloc_small(sizeof *window->log_time * (size_t)window->rows);
  double mean = 0;
  for (int64_t row = 0; row < window->rows; row++) mean += log(time[first + row]) / (double)window->rows;
  for (int64_t row = 0; row < window->rows; row++) {
    window->log_time[row] = log(time[first + row]) - mean;
    window->squares += pow(window->log_time[row], 2);
  }
  return OK;
}

/* Sets window [sizes]; each size has its own times. plateau->rows: the fewest rows of a window. */
static int find_windows(struct plateau *plateau, int64_t rows, int64_t *step, struct window *window) {
  const struct study *study = plateau->fluctuations->study;
  double *time = alloc_small(sizeof *time * (size_t)(rows + 1));
  int status = OK;
  for (int s = 0; s < study->sizes && status == OK; s++) {
    status = study_row_times(study, s, rows, step, time);
    if (status == OK) status = find_window(&plateau->fluctuations->options, rows, step, time, &window[s]);
    if (status == OK && (s == 0 || window[s].rows < plateau->rows)) plateau->rows = window[s].rows;
  }
  free(time);
  return status;
}

static int read_curves(struct plateau *plateau) {
  static const char *const columns[PLATEAU_LOSSES] = {"test_loss", "loss"};
  const struct fluctuations *fluctuations = plateau->fluctuations;
  struct window window[ENSEMBLE_MAX] = {0};
  int64_t rows = 0, *step = NULL;
  int status = study_rows(fluctuations->study, &rows, &step);
  if (status == OK) status = find_windows(plateau, rows, step, window);
  for (int i = 0; i < PLATEAU_LOSSES && status == OK; i++) {
    if (!fluctuations_find(fluctuations, columns[i])) continue;
    struct plateau_curve *curve = &plateau->curve[plateau->curves];
    curve->column = columns[i];
    status = read_curve(fluctuations->study, window, fluctuations->options.level, curve);
    if (status == OK) plateau->curves++;
  }
  for (int s = 0; s < ENSEMBLE_MAX; s++) free(window[s].log_time);
  free(step);
  return status;
}

int plateau_create(const struct fluctuations *fluctuations, struct plateau **result) {
  struct plateau *plateau = calloc(1, sizeof *plateau);
  if (!plateau) die("no memory for plateaus");
  plateau->fluctuations = fluctuations;
  plateau->first = fluctuations->options.window[0];
  plateau->last = fluctuations->options.window[1];
  const int status = plateau->last > plateau->first ? read_curves(plateau) : OK;
  if (status != OK) {
    plateau_free(plateau);
    return status;
  }
  *result = plateau;
  return OK;
}

void plateau_free(struct plateau *plateau) {
  if (!plateau) return;
  for (int i = 0; i < plateau->curves; i++) plateau_release(&plateau->curve[i]);
  free(plateau);
}

const struct plateau_curve *plateau_find(const struct plateau *plateau, const char *column) {
  for (int i = 0; i < plateau->curves; i++)
    if (strcmp(plateau->curve[i].column, column) == 0) return &plateau->curve[i];
  return NULL;
}
