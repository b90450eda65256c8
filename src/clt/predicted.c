#include "clt/predicted.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

int predicted_time(const struct prediction_file *file, double t) {
  for (int i = 0; i < file->times; i++)
    if (study_same_time(t, file->time[i])) return i;
  return -1;
}

/* Checks that the prediction has the input of the study, except for its networks. */
static int check_input(const char *path, const struct study *study, const struct prediction_file *file) {
  struct config *config[2] = {NULL, NULL};
  char *physics[2] = {NULL, NULL};
  int status = config_parse("the first run", study->config, &config[0]);
  if (status == OK) status = config_parse(path, file->config, &config[1]);
  for (int i = 0; i < 2 && status == OK; i++) physics[i] = study_physics(config[i]);
  if (status == OK && strcmp(physics[0], physics[1]) != 0)
    status =
        FAIL(USAGE,
             "%s: expected a prediction for the input of these runs, received one that differs in unit, target, loss, "
             "data, dynamics, ensemble.scale or run.precision; make one with `mckean predict RUN`",
             path);
  for (int i = 0; i < 2; i++) {
    free(physics[i]);
    config_free(config[i]);
  }
  return status;
}

/* Sets crc to the checksum of a set of points that follow those with the checksum *crc. */
static int add_points(const struct study *study, enum point_set set, uint32_t *crc) {
  int d = 0;
  double *x = NULL, *y = NULL;
  const int64_t count = study_set_points(study, set);
  const int status = count > 0 ? study_points(study, set, &d, &x, &y) : OK;
  if (status == OK && count > 0) *crc = prediction_points_crc(*crc, count, d, x, y);
  free(x);
  free(y);
  return status;
}

/* Checks that the prediction is for the points and labels of the study. */
static int check_points(const char *path, const struct study *study, const struct prediction_file *file) {
  char checksum[16];
  uint32_t crc = 0;
  TRY(add_points(study, POINTS_TEST, &crc));
  TRY(add_points(study, POINTS_TRAIN, &crc));
  snprintf(checksum, sizeof checksum, "%08x", crc);
  const bool same = file->points_checksum && strcmp(checksum, file->points_checksum) == 0;
  if (same && file->points == study_set_points(study, POINTS_TEST)) return OK;
  return FAIL(USAGE,
              "%s: expected a prediction for the points and labels of these runs, with the checksum %s, received %s; "
              "make one with `mckean predict RUN`",
              path, checksum, file->points_checksum ? file->points_checksum : "one of an earlier version");
}

/* The interval is on the scale of logarithms. */
static struct estimate prediction_at(const struct predicted *predicted, int set, int time) {
  const struct prediction_file *file = predicted->file;
  const struct study *study = predicted->fluctuations->study;
  const int at = isnan(study->time[time]) ? -1 : predicted_time(file, study->time[time]);
  if (at < 0 || !file->square[set]) return ESTIMATE_NONE;
  const struct predicted_variance V =
      predicted_variance(file->draws, file->references, file->square[set] + (int64_t)at * file->draws);
  const double tail = (1 - predicted->fluctuations->options.level) / 2,
               width = gsl_cdf_tdist_Qinv(tail, file->references - 1) * V.error / V.value;
  return (struct estimate){V.value, V.value * exp(-width), V.value * exp(width)};
}

static struct estimate ratio_of(double n, const struct estimate *value, const struct estimate *prediction) {
  if (!(value->value > 0) || !(prediction->value > 0)) return ESTIMATE_NONE;
  const double ratio = n * value->value / prediction->value, p = log(prediction->high / prediction->value);
  return (struct estimate){ratio, ratio * exp(-hypot(log(value->value / value->low), p)),
                           ratio * exp(hypot(log(value->high / value->value), p))};
}

static void fill_curve(const struct predicted *predicted, int set, struct predicted_curve *curve) {
  const struct study *study = predicted->fluctuations->study;
  curve->prediction = alloc_small(sizeof *curve->prediction * (size_t)study->times);
  curve->ratio = alloc_small(sizeof *curve->ratio * (size_t)(study->times * study->sizes));
  for (int time = 0; time < study->times; time++) {
    curve->prediction[time] = prediction_at(predicted, set, time);
    for (int s = 0; s < study->sizes; s++)
      curve->ratio[time * study->sizes + s] =
          ratio_of((double)study->n[s], &curve->quantity->value[time * study->sizes + s], &curve->prediction[time]);
  }
}

int predicted_create(const struct fluctuations *fluctuations, struct predicted **out) {
  static const char *const names[PREDICTION_SETS] = {"V", "V_train"};
  struct predicted *predicted = alloc_small(sizeof *predicted);
  *predicted = (struct predicted){.fluctuations = fluctuations, .path = fluctuations->options.predicted};
  *out = predicted;
  if (!predicted->path) return OK;
  TRY(prediction_file_read(predicted->path, &predicted->file));
  TRY(check_input(predicted->path, fluctuations->study, predicted->file));
  TRY(check_points(predicted->path, fluctuations->study, predicted->file));
  for (int set = 0; set < PREDICTION_SETS; set++) {
    const struct fluctuations_quantity *quantity = fluctuations_find(fluctuations, names[set]);
    if (!quantity || !predicted->file->square[set]) continue;
    struct predicted_curve *curve = &predicted->curve[predicted->curves++];
    curve->quantity = quantity;
    fill_curve(predicted, set, curve);
  }
  return OK;
}

void predicted_free(struct predicted *predicted) {
  if (!predicted) return;
  for (int i = 0; i < predicted->curves; i++) {
    free(predicted->curve[i].prediction);
    free(predicted->curve[i].ratio);
  }
  prediction_file_free(predicted->file);
  free(predicted);
}
