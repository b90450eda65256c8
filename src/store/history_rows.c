#include "history_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

void rows_begin(struct rows *rows, int64_t step, const struct dt_segment *segment, const struct particles *particles) {
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const size_t count = (size_t)(rows->count + 1), cells = count * (size_t)ensemble->members;
  rows->step = realloc(rows->step, sizeof *rows->step * count);
  rows->time = realloc(rows->time, sizeof *rows->time * cells);
  rows->dt = realloc(rows->dt, sizeof *rows->dt * cells);
  if (!rows->step || !rows->time || !rows->dt) die("no memory for %lld history rows", (long long)rows->count);
  rows->step[rows->count] = step;
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t cell = rows->count * ensemble->members + e;
    rows->time[cell] = dt_segment_time(segment, ensemble, e, step);
    rows->dt[cell] = dt_segment_dt(segment, ensemble, e);
  }
  rows->count++;
}

double *rows_record(struct rows *rows, int64_t network) {
  if (rows->records == rows->capacity) {
    rows->capacity = rows->capacity ? 2 * rows->capacity : 64;
    rows->record = realloc(rows->record, sizeof(double) * (size_t)rows->capacity * (size_t)(2 + rows->width));
    if (!rows->record)
      die("no memory for %lld records of %d history values; write checkpoints more often (output.checkpoint_every)",
          (long long)rows->capacity, rows->width);
  }
  double *record = rows->record + (size_t)rows->records++ * (size_t)(2 + rows->width);
  record[0] = (double)(rows->count - 1);
  record[1] = (double)network;
  return record + 2;
}

double *rows_gather(const struct history *history, const struct rows *rows, int member) {
  const int64_t replicas = history->config->ensemble.replicas;
  const size_t length = (size_t)(2 + rows->width);
  int64_t count = 0;
  for (int64_t i = 0; i < rows->records; i++)
    count += (int64_t)rows->record[(size_t)i * length + 1] / replicas == member;
  double *mine = alloc_small(sizeof(double) * length * (size_t)count), *to = mine;
  for (int64_t i = 0; i < rows->records; i++) {
    const double *record = rows->record + (size_t)i * length;
    if ((int64_t)record[1] / replicas != member) continue;
    memcpy(to, record, sizeof(double) * length);
    to += length;
  }
  void *all;
  comm_gather(history->comm, mine, (int64_t)(sizeof(double) * length) * count, &all, NULL);
  free(mine);
  if (!all) return NULL;
  double *table = alloc_small(sizeof(double) * (size_t)(rows->count * replicas) * (size_t)rows->width);
  for (int64_t i = 0; i < rows->count * replicas; i++) {
    const double *record = (double *)all + (size_t)i * length;
    const int64_t at = (int64_t)record[0] * replicas + (int64_t)record[1] % replicas;
    memcpy(table + (size_t)at * (size_t)rows->width, record + 2, sizeof(double) * (size_t)rows->width);
  }
  free(all);
  return table;
}

int rows_count_kept(const struct history *history, struct h5 *file, const char *group, struct rows *rows) {
  char name[64];
  if (rows->kept_known) return OK;
  int rank;
  int64_t shape[H5_RANK_MAX] = {0}, *step = NULL;
  snprintf(name, sizeof name, "/ensemble/0/%s/step", group);
  if (history->written && h5_exists(file, name)) TRY(h5_shape(file, name, &rank, shape));
  TRY(alloc_array((void **)&step, shape[0] + 1, sizeof *step, "steps of a group"));
  const int status = shape[0] > 0 ? h5_read(file, name, H5_INT64, 1, shape, step) : OK;
  for (rows->kept = 0; status == OK && rows->kept < shape[0]; rows->kept++)
    if (step[rows->kept] >= history->start) break;
  free(step);
  rows->kept_known = status == OK;
  return status;
}

void rows_discard(struct rows *rows) {
  rows->kept += rows->count;
  rows->count = rows->records = 0;
}
