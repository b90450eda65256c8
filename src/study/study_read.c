/* Reads fields, series and points of an open study (study/study.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "history_tables.h"
#include "io/h5.h"
#include "study_slice.h"

int study_slice_rows(const struct study *study, const struct study_slice *slice, int64_t *rows, int64_t **step,
                     double **time) {
  struct h5 *file = study->file[slice->run];
  char name[96];
  snprintf(name, sizeof name, "/ensemble/%d/series/step", slice->member);
  TRY(history_tables_steps(file, name, rows, step));
  if (!time) return OK;
  snprintf(name, sizeof name, "/ensemble/%d/series/time", slice->member);
  TRY(alloc_array((void **)time, *rows, sizeof **time, "times of a history"));
  return h5_read(file, name, H5_DOUBLE, 1, rows, *time);
}

double study_time(const struct study *study, int time, int size) {
  return study->size_time ? study->size_time[time * study->sizes + size] : study->time[time];
}

static int64_t field_row(const struct study *study, int time, int size) {
  return study->size_row ? study->size_row[time * study->sizes + size] : time;
}

int64_t study_initials(const struct study *study, int size) {
  return study->replicas[size] / study->streams;
}

int64_t study_fewest_initials(const struct study *study) {
  int64_t fewest = INT64_MAX;
  for (int size = 0; size < study->sizes; size++)
    if (study_initials(study, size) < fewest) fewest = study_initials(study, size);
  return fewest;
}

int64_t study_common_initials(const struct study *study) {
  for (int size = 1; size < study->sizes; size++)
    if (study_initials(study, size) != study_initials(study, 0)) return 0;
  return study_initials(study, 0);
}

int64_t study_resampling(const struct study *study, int size) {
  return study->paired ? 0 : study->n[size];
}

int64_t study_set_points(const struct study *study, enum point_set set) {
  return set == POINTS_TEST ? study->test_points : study->train_points;
}

bool study_equal_times(double t, double other) {
  return fabs(t - other) <= 1e-9 * fmax(fabs(t), fabs(other));
}

bool study_same_time(double t, double asked) {
  return fabs(t - asked) <= 1e-9 * fmax(1, fabs(asked));
}

int study_field(const struct study *study, int size, int time, enum point_set set, double *f) {
  const int64_t points = study_set_points(study, set);
  for (int i = 0; i < study->slices; i++) {
    const struct study_slice *slice = &study->slice[i];
    if (slice->size != size) continue;
    char name[96];
    snprintf(name, sizeof name, "/ensemble/%d/field/%s", slice->member, set == POINTS_TEST ? "f" : "f_train");
    TRY(h5_read_rows(study->file[slice->run], name, H5_DOUBLE, 3,
                     (int64_t[]){study->field_rows, slice->replicas, points}, field_row(study, time, size), 1,
                     f + slice->first * points));
  }
  return OK;
}

int study_second_moment(const struct study *study, int size, int time, enum point_set set, double *values) {
  for (int i = 0; i < study->slices; i++) {
    const struct study_slice *slice = &study->slice[i];
    if (slice->size != size) continue;
    char name[96];
    snprintf(name, sizeof name, "/ensemble/%d/field/%s", slice->member, set == POINTS_TEST ? "c2phi2" : "c2phi2_train");
    TRY(h5_read_rows(study->file[slice->run], name, H5_DOUBLE, 2, (int64_t[]){study->field_rows, slice->replicas},
                     field_row(study, time, size), 1, values + slice->first));
  }
  return OK;
}

/* *row = index of the row of a slice's series at a step; *rows = number of rows. */
static int find_row(const struct study *study, const struct study_slice *slice, int64_t step, int64_t *row,
                    int64_t *rows) {
  int64_t *steps = NULL;
  const int status = study_slice_rows(study, slice, rows, &steps, NULL);
  for (*row = 0; status == OK && *row < *rows && steps[*row] != step;) ++*row;
  free(steps);
  if (status == OK && *row == *rows)
    return FAIL(FAILED, "history: the series of member %d have no row at step %lld", slice->member, (long long)step);
  return status;
}

int study_series(const struct study *study, int size, int time, const char *column, double *values) {
  for (int i = 0; i < study->slices; i++) {
    const struct study_slice *slice = &study->slice[i];
    if (slice->size != size) continue;
    char name[96];
    int64_t row, rows;
    snprintf(name, sizeof name, "/ensemble/%d/series/%s", slice->member, column);
    const int64_t step = study->size_step ? study->size_step[time * study->sizes + size] : study->step[time];
    TRY(find_row(study, slice, step, &row, &rows));
    TRY(h5_read_rows(study->file[slice->run], name, H5_DOUBLE, 2, (int64_t[]){rows, slice->replicas}, row, 1,
                     values + slice->first));
  }
  return OK;
}

/* ---- whole series ---- */

int study_rows(const struct study *study, int64_t *rows, int64_t **step) {
  *step = NULL;
  int status = study_slice_rows(study, &study->slice[0], rows, step, NULL);
  for (int i = 1; i < study->slices && status == OK; i++) {
    int64_t own = 0, kept = 0, at = 0, *own_step = NULL;
    status = study_slice_rows(study, &study->slice[i], &own, &own_step, NULL);
    for (int64_t row = 0; row < *rows && status == OK; row++) {
      while (at < own && own_step[at] < (*step)[row]) at++;
      if (at == own || own_step[at] != (*step)[row]) continue;
      (*step)[kept++] = (*step)[row];
    }
    *rows = kept;
    free(own_step);
  }
  if (status == OK) return OK;
  free(*step);
  *step = NULL;
  return status;
}

int study_row_times(const struct study *study, int size, int64_t rows, const int64_t *step, double *time) {
  const struct study_slice *slice = study->slice;
  while (slice->size != size) slice++;
  int64_t own = 0, *own_step = NULL;
  double *own_time = NULL;
  int status = study_slice_rows(study, slice, &own, &own_step, &own_time);
  for (int64_t row = 0, at = 0; row < rows && status == OK; row++) {
    while (at < own && own_step[at] < step[row]) at++;
    if (at < own && own_step[at] == step[row])
      time[row] = own_time[at];
    else
      status = FAIL(FAILED, "history: the series of member %d have no row at step %lld", slice->member,
                    (long long)step[row]);
  }
  free(own_step);
  free(own_time);
  return status;
}

/* Reads an observable (`column`) of one slice at the given steps. values [rows][replicas of the size]: sets those of
 * the slice's replicas. */
static int read_curves(const struct study *study, const struct study_slice *slice, const char *column, int64_t rows,
                       const int64_t *step, double *values) {
  char name[96];
  int64_t own = 0, *own_step = NULL;
  double *all = NULL;
  snprintf(name, sizeof name, "/ensemble/%d/series/%s", slice->member, column);
  int status = study_slice_rows(study, slice, &own, &own_step, NULL);
  if (status == OK) status = alloc_array((void **)&all, own * slice->replicas, sizeof *all, "a column of the history");
  if (status == OK)
    status = h5_read(study->file[slice->run], name, H5_DOUBLE, 2, (int64_t[]){own, slice->replicas}, all);
  for (int64_t row = 0, at = 0; row < rows && status == OK; row++) {
    while (own_step[at] < step[row]) at++;
    memcpy(values + row * study->replicas[slice->size] + slice->first, all + at * slice->replicas,
           sizeof *values * (size_t)slice->replicas);
  }
  free(own_step);
  free(all);
  return status;
}

int study_curves(const struct study *study, int size, const char *column, int64_t rows, const int64_t *step,
                 double *values) {
  for (int i = 0; i < study->slices; i++)
    if (study->slice[i].size == size) TRY(read_curves(study, &study->slice[i], column, rows, step, values));
  return OK;
}

int study_points(const struct study *study, enum point_set set, int *d, double **x, double **y) {
  return history_tables_points(study->file[0], set, d, x, y);
}

void study_locate(const struct study *study, int size, int64_t replica, int *run, int *member, int64_t *index) {
  for (int i = 0; i < study->slices; i++) {
    const struct study_slice *slice = &study->slice[i];
    if (slice->size != size || replica < slice->first || replica >= slice->first + slice->replicas) continue;
    *run = slice->run;
    *member = slice->member;
    *index = replica - slice->first;
    return;
  }
  die("a study has no replica %lld of size %d", (long long)replica, size);
}
