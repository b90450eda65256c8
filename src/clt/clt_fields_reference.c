#include "clt_fields_reference.h"

#include <gsl/gsl_statistics_double.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "clt/frozen_features.h"

/* ---- reading fields ---- */

struct outputs {
  const struct study *study;
  int size, time, columns; /* columns: number of points used */
  enum point_set set;
  int64_t first;
  double *all; /* [replicas][points]: read by the first call of read_rows */
};

static int read_rows(void *context, int64_t first, int64_t count, double *f) {
  struct outputs *outputs = context;
  const struct study *study = outputs->study;
  const int64_t points = study_set_points(study, outputs->set);
  if (!outputs->all) {
    TRY(alloc_array((void **)&outputs->all, study->replicas[outputs->size] * points, sizeof *f,
                    "outputs of all replicas"));
    TRY(study_field(study, outputs->size, outputs->time, outputs->set, outputs->all));
  }
  for (int64_t r = 0; r < count; r++)
    memcpy(f + r * outputs->columns, outputs->all + (outputs->first + first + r) * study->streams * points,
           sizeof *f * (size_t)outputs->columns);
  return OK;
}

int clt_fields_covariance(const struct clt_fields_work *work, const struct clt_time *time, int size, int64_t first,
                          int64_t count, struct covariance **covariance) {
  struct outputs outputs = {work->study, size, time->index, time->points, time->set, first, NULL};
  const struct covariance_reader reader = {read_rows, &outputs};
  const int status = covariance_create(&work->grid, work->study->n[size], count, time->points, &reader, covariance);
  free(outputs.all);
  return status;
}

struct draws_at {
  const struct clt_fields_work *work;
  int time, points; /* an index of the prediction's times; number of points used */
  int64_t first;
  double *all; /* [draws][points of the prediction] */
};

static int read_draws(void *context, int64_t first, int64_t count, double *g) {
  struct draws_at *draws = context;
  const struct prediction_file *file = draws->work->prediction;
  if (!draws->all) {
    TRY(alloc_array((void **)&draws->all, file->draws * file->points, sizeof *g, "draws of a prediction"));
    TRY(prediction_file_draws(draws->work->options->predicted, file, draws->time, draws->all));
  }
  for (int64_t m = 0; m < count; m++)
    memcpy(g + m * draws->points, draws->all + (draws->first + first + m) * file->points,
           sizeof *g * (size_t)draws->points);
  return OK;
}

/* Sets half to the covariances of the draws of the first half of the references and of the other half, and
 * time->references. Draws are samples of sqrt n (f_n - f_t), so n is 1. */
static int create_draws(const struct clt_fields_work *work, struct clt_time *time, struct covariance *half[2]) {
  const struct prediction_file *file = work->prediction;
  const int own = file->draws / file->references, cut = file->references / 2 * own;
  struct draws_at draws = {work, predicted_time(file, work->study->time[time->index]), time->points, 0, NULL};
  const struct covariance_reader reader = {read_draws, &draws};
  int status = covariance_create(&work->grid, 1, cut, time->points, &reader, &half[0]);
  draws.first = cut;
  time->references = file->references - file->references / 2;
  if (status == OK) status = covariance_create(&work->grid, 1, file->draws - cut, time->points, &reader, &half[1]);
  free(draws.all);
  return status;
}

/* ---- references ---- */

static void set_values(struct clt_time *time, const double *spectrum) {
  const int K = time->points;
  double sum = 0, square = 0;
  for (int k = 0; k < K; k++) {
    sum += spectrum[k];
    square += spectrum[k] * spectrum[k];
  }
  time->reference_trace = sum;
  time->trace_sd = sqrt(2 * square) / sum;
  while (time->vectors > 1 && spectrum[time->vectors - 1] < CLT_FLOOR * spectrum[0]) time->vectors--;
  memcpy(time->reference_value, spectrum, sizeof *spectrum * (size_t)time->vectors);
}

static int exact_operator(const struct clt_fields_work *work, const struct clt_time *time, struct dist_matrix **C) {
  const struct initial_covariance *initial = work->initial[time->set];
  if (time->reference == CLT_INITIAL)
    return initial_covariance_matrix(&work->grid, initial, initial_covariance_between, 1.0 / time->points, C);
  return frozen_features_covariance(&work->grid, initial, work->y[time->set], &work->config->schedule,
                                    work->study->step[time->index], FROZEN_FEATURES_DRAWS, work->options->seed, C);
}

static int find_exact(const struct clt_fields_work *work, struct clt_time *time,
                      struct clt_fields_comparison *comparison) {
  const int K = time->points;
  struct dist_matrix *C = NULL;
  comparison->spectrum = alloc_small(sizeof(double) * (size_t)K);
  int status = exact_operator(work, time, &C);
  if (status == OK) status = covariance_leading(C, time->vectors, comparison->spectrum, comparison->u);
  if (status == OK) {
    set_values(time, comparison->spectrum);
    if (time->reference == CLT_INITIAL) {
      comparison->center = alloc_small(sizeof(double) * (size_t)K);
      for (int k = 0; k < K; k++) comparison->center[k] = initial_covariance_output(work->initial[time->set], k);
    }
  }
  dist_matrix_free(C);
  return status;
}

/* Sets time->share from the projections y [draws][stride] of the draws of the references. */
static void set_shares(struct clt_time *time, int64_t draws, int stride, const double *y) {
  const int m = time->vectors;
  const int64_t own = draws / time->references;
  const double factor = (double)draws / (double)(draws - 1) / (double)own; /* the mean of the shares is l_i */
  time->share = calloc((size_t)(time->references * m), sizeof *time->share);
  if (!time->share) die("no memory for %d references", time->references);
  for (int i = 0; i < m; i++) {
    const double mean = gsl_stats_mean(y + i, (size_t)stride, (size_t)draws);
    for (int64_t r = 0; r < draws; r++) time->share[r / own * m + i] += factor * pow(y[r * stride + i] - mean, 2);
  }
}

/* u_i = eigenvectors of the covariance `first`, l_i = Rayleigh quotients of the covariance `second`, whose samples are
 * independent of those of `first`. */
static int split(const struct clt_fields_work *work, struct clt_time *time, const struct covariance *first,
                 const struct covariance *second, struct clt_fields_comparison *comparison) {
  const int K = time->points, m = time->vectors;
  struct dist_matrix *C;
  double *y = NULL, *spectrum = alloc_small(sizeof *spectrum * (size_t)K);
  int status = covariance_operator(first, &C);
  if (status == OK) {
    status = covariance_leading(C, m, spectrum, comparison->u);
    dist_matrix_free(C);
  }
  free(spectrum);
  TRY(status);
  if (time->reference == CLT_HALF) time->reference_replicas = second->replicas;
  time->reference_trace = covariance_trace(second);
  time->trace_sd = NAN;
  status = comm_agree(work->grid.comm, alloc_array((void **)&y, second->replicas * m, sizeof *y, "projections"));
  if (status == OK) status = covariance_project(second, m, comparison->u, NULL, y);
  for (int i = 0; i < m && status == OK; i++)
    time->reference_value[i] = gsl_stats_variance(y + i, (size_t)m, (size_t)second->replicas);
  while (time->vectors > 1 && time->reference_value[time->vectors - 1] < CLT_FLOOR * time->reference_value[0])
    time->vectors--;
  if (status == OK && time->references > 0) set_shares(time, second->replicas, m, y);
  free(y);
  return status;
}

/* Creates the covariances of two halves of the replicas of the largest n, or of the draws of a prediction. */
static int create_halves(const struct clt_fields_work *work, struct clt_time *time, struct covariance *half[2]) {
  const int last = work->study->sizes - 1;
  const int64_t replicas = study_initials(work->study, last), cut = replicas / 2;
  if (time->reference == CLT_PREDICTED) return create_draws(work, time, half);
  TRY(clt_fields_covariance(work, time, last, 0, cut, &half[0]));
  return clt_fields_covariance(work, time, last, cut, replicas - cut, &half[1]);
}

static int find_halves(const struct clt_fields_work *work, struct clt_time *time,
                       struct clt_fields_comparison *comparison) {
  struct covariance *half[2] = {NULL, NULL};
  int status = create_halves(work, time, half);
  if (status == OK) status = split(work, time, half[0], half[1], comparison);
  covariance_free(half[0]);
  covariance_free(half[1]);
  return status;
}

static void group_values(struct clt_time *time) {
  for (int i = 0; i < time->vectors; i++)
    if (i == 0 || time->reference_value[i] < CLT_GAP * time->reference_value[i - 1]) time->first[time->groups++] = i;
  time->first[time->groups] = time->vectors;
}

int clt_fields_compare(const struct clt_fields_work *work, struct clt_time *time,
                       struct clt_fields_comparison *comparison) {
  TRY(comm_agree(work->grid.comm, alloc_array((void **)&comparison->u, (int64_t)time->vectors * time->points,
                                              sizeof(double), "eigenvectors")));
  TRY(time->reference == CLT_HALF || time->reference == CLT_PREDICTED ? find_halves(work, time, comparison)
                                                                      : find_exact(work, time, comparison));
  group_values(time);
  return OK;
}
