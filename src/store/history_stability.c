/* Summarizes the estimates of the stability limit and the rows in which a loss rose, from an open history. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "store/history.h"

/* ---- rises of the loss ---- */

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Returns the standard deviation of the noise of y [rows] around a smooth curve, from the median of |y_i - y_{i-1}|. */
static double noise_of(int64_t rows, const double *y, double *work) {
  for (int64_t i = 1; i < rows; i++) work[i - 1] = fabs(y[i] - y[i - 1]);
  qsort(work, (size_t)(rows - 1), sizeof *work, by_value);
  return 1.4826 / sqrt(2) * work[(rows - 1) / 2];
}

static int64_t rises_of_noisy(int64_t rows, double *loss, double *work) {
  int64_t rises = 0;
  for (int64_t i = 0; i < rows; i++) loss[i] = loss[i] > 0 ? log(loss[i]) : NAN;
  for (int64_t i = 0; i < rows; i++)
    if (isnan(loss[i])) return 0;
  if (rows <= HISTORY_RISE_ROWS + 1) return 0;
  const double allowed = HISTORY_RISE_SIGMAS * noise_of(rows, loss, work) * sqrt(1 + 1.0 / HISTORY_RISE_ROWS);
  for (int64_t i = HISTORY_RISE_ROWS; i < rows; i++) {
    double mean = 0;
    for (int k = 1; k <= HISTORY_RISE_ROWS; k++) mean += loss[i - k] / HISTORY_RISE_ROWS;
    rises += loss[i] - mean > allowed;
  }
  return rises;
}

int64_t history_rises(int64_t rows, double *loss, double loss_0, double unit_roundoff, bool noisy) {
  double *work = alloc_small(sizeof *work * (size_t)(rows + 1));
  int64_t rises = 0;
  if (noisy)
    rises = rises_of_noisy(rows, loss, work);
  else
    for (int64_t i = 1; i < rows; i++)
      rises += !(loss[i] <= loss[i - 1] + HISTORY_RISE_ROUNDOFFS * unit_roundoff * sqrt(loss[i - 1] * fabs(loss_0)));
  free(work);
  return rises;
}

/* Sets the rises of all replicas of a member. */
static int read_rises(struct h5 *file, const struct config *config, int member, struct summary_stability *result) {
  char name[64];
  int rank;
  int64_t shape[H5_RANK_MAX] = {0};
  double loss_0 = 1;
  snprintf(name, sizeof name, "/ensemble/%d/series/loss", member);
  if (!h5_exists(file, name)) return OK;
  TRY(h5_shape(file, name, &rank, shape));
  if (rank != 2 || shape[0] < 1) return OK;
  TRY(h5_get_double(file, "/target", loss_is_squared(&config->data.loss) ? "C_f" : "loss_0", &loss_0));
  double *all = NULL, *loss = alloc_small(sizeof *loss * (size_t)shape[0]);
  int status = alloc_array((void **)&all, shape[0] * shape[1], sizeof *all, "losses of a history");
  if (status == OK) status = h5_read(file, name, H5_DOUBLE, 2, shape, all);
  const bool noisy = config->data.mode == DATA_ONLINE || config->schedule.scheme == SCHEME_SGD,
             single = precision_real((enum precision)config->precision) == sizeof(float);
  for (int64_t r = 0; r < shape[1] && status == OK; r++) {
    for (int64_t i = 0; i < shape[0]; i++) loss[i] = all[i * shape[1] + r];
    const int64_t rises = history_rises(shape[0], loss, loss_0, single ? 0x1p-24 : 0x1p-53, noisy);
    result->rises += rises;
    result->rising += rises > 0;
  }
  result->rows = shape[0] * shape[1];
  free(all);
  free(loss);
  return status;
}

/* ---- estimates ---- */

enum { STEP, TIME, RATIO, ERROR, LIMIT, ABOVE, LAMBDA, LAMBDA_ERROR, POINTS, COLUMNS };

static int read_column(struct h5 *file, int member, const char *column, int64_t rows, double **values) {
  char name[96];
  snprintf(name, sizeof name, "/ensemble/%d/stability/%s", member, column);
  TRY(alloc_array((void **)values, rows, sizeof **values, "estimates of a history"));
  return h5_read(file, name, H5_DOUBLE, 1, &rows, *values);
}

static void summarize(int64_t rows, double *const column[COLUMNS], struct summary_stability *result) {
  const double *step = column[STEP], *time = column[TIME], *ratio = column[RATIO], *error = column[ERROR],
               *is_above = column[ABOVE];
  for (int64_t i = 0; i < rows; i++) {
    const bool above = is_above[i] > 0;
    if (above && result->above++ == 0) {
      result->first_step = (int64_t)step[i];
      result->first_time = time[i];
    }
    result->finite = result->finite && isfinite(ratio[i]);
    if (!(ratio[i] > result->largest)) continue;
    result->largest = ratio[i];
    result->largest_error = error[i];
    result->largest_time = time[i];
  }
  result->estimates = rows;
  result->last_step = (int64_t)step[rows - 1];
  result->last_lambda = column[LAMBDA][rows - 1];
  result->last_lambda_error = column[LAMBDA_ERROR][rows - 1];
  result->last_limit = column[LIMIT][rows - 1];
  result->last_points = (int)column[POINTS][rows - 1];
}

int history_stability(struct h5 *file, const struct config *config, int member, struct summary_stability *result) {
  static const char *const name[COLUMNS] = {"step",  "time",   "dt_over_limit", "error", "limit",
                                            "above", "lambda", "lambda_error",  "points"};
  char steps[64];
  int rank, status = OK;
  int64_t shape[H5_RANK_MAX] = {0};
  double *column[COLUMNS] = {0};
  *result = (struct summary_stability){.n = config->ensemble.n[member],
                                       .finite = true,
                                       .first_step = -1,
                                       .first_time = NAN,
                                       .largest = -INFINITY,
                                       .largest_time = NAN,
                                       .last_step = -1,
                                       .last_lambda = NAN,
                                       .last_lambda_error = NAN,
                                       .last_limit = NAN};
  snprintf(steps, sizeof steps, "/ensemble/%d/stability/step", member);
  if (h5_exists(file, steps)) TRY(h5_shape(file, steps, &rank, shape));
  for (int c = 0; c < COLUMNS && shape[0] > 0 && status == OK; c++)
    status = read_column(file, member, name[c], shape[0], &column[c]);
  if (shape[0] > 0 && status == OK) summarize(shape[0], column, result);
  for (int c = 0; c < COLUMNS; c++) free(column[c]);
  if (!isfinite(result->largest)) result->largest = NAN;
  result->beyond = schedule_beyond_limit(&config->schedule, result->first_step);
  /* With noise, a ridge or another rule, the loss may rise. */
  const bool steady = update_is_descent(&config->schedule.update);
  result->rises_counted = steady;
  return status == OK && steady ? read_rises(file, config, member, result) : status;
}
