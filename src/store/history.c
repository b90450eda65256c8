#include "store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/overlaps.h"
#include "history_groups.h"
#include "history_head.h"
#include "history_rows.h"
#include "io/durable_file.h"
#include "io/h5.h"
#include "parallel/heartbeat.h"
#include "store/history_file.h"

bool history_row_due(const struct history *history, int64_t step) {
  const struct config *config = history->config;
  return intervals_hold(&config->history_every, step) || step == schedule_steps(&config->schedule) ||
         steps_hold(&config->fields, step);
}

bool history_field_due(const struct history *history, int64_t step) {
  return steps_hold(&history->config->fields, step);
}

struct history *history_create(const struct comm *comm, const struct config *config, const struct dataset *data,
                               int64_t start) {
  struct history *history = alloc_small(sizeof *history);
  *history =
      (struct history){.comm = comm, .config = config, .data = data, .written = start > 0, .step = -1, .start = start};
  const size_t size = strlen(config->output) + 32;
  history->path = alloc_small(size);
  snprintf(history->path, size, "%s/history.h5", config->output);
  durable_file_temporary(config->output, "history.h5", history->temporary);
  history->series.width = column_count;
  history->field.width = (int)data->tests;
  history->train.width = (int)data->samples;
  history->second_moment.width = HISTORY_SECOND_MOMENTS;
  history->limit.width = HISTORY_LIMITS;
  history->overlap.width = (int)overlaps_width(&config->ensemble, data->target);
  history_kept(config, start, &history->series.kept, &history->field.kept);
  history->train.kept = history->second_moment.kept = history->field.kept;
  return history;
}

void history_free(struct history *history) {
  if (!history) return;
  for (int i = 0; i < HISTORY_KINDS; i++) {
    free(history->kind[i].step);
    free(history->kind[i].time);
    free(history->kind[i].dt);
    free(history->kind[i].record);
  }
  free(history->path);
  free(history);
}

bool history_pending(const struct history *history) {
  int64_t count = 0;
  for (int i = 0; i < HISTORY_KINDS; i++) count += history->kind[i].count;
  return count > 0;
}

/* ---- rows in memory ---- */

void history_row(struct history *history, int64_t step, const struct dt_segment *segment,
                 const struct particles *particles, const struct observation *observation) {
  rows_begin(&history->series, step, segment, particles);
  for (int s = 0; s < particles->locals; s++) {
    if (!particles->local[s].lead) continue;
    double *values = rows_record(&history->series, particles->local[s].network);
    for (int c = 0; c < column_count; c++) values[c] = column_value(c, &observation[s]);
  }
}

static void add_field(struct rows *rows, int64_t step, const struct dt_segment *segment,
                      const struct particles *particles, const double *f) {
  if (!f) return;
  rows_begin(rows, step, segment, particles);
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].lead)
      memcpy(rows_record(rows, particles->local[s].network), f + (size_t)s * (size_t)rows->width,
             sizeof(double) * (size_t)rows->width);
}

void history_field(struct history *history, int64_t step, const struct dt_segment *segment,
                   const struct particles *particles, const double *f, const double *f_train,
                   const double *second_moments) {
  add_field(&history->field, step, segment, particles, f);
  add_field(&history->train, step, segment, particles, f_train);
  add_field(&history->second_moment, step, segment, particles, second_moments);
}

void history_overlaps(struct history *history, int64_t step, const struct dt_segment *segment,
                      const struct particles *particles, const double *values) {
  add_field(&history->overlap, step, segment, particles, values);
}

void history_limits(struct history *history, int64_t step, const struct dt_segment *segment,
                    const struct particles *particles, const double *values) {
  rows_begin(&history->limit, step, segment, particles);
  for (int e = 0; e < history->config->ensemble.members; e++)
    memcpy(rows_record(&history->limit, e), values + e * HISTORY_LIMITS, sizeof *values * HISTORY_LIMITS);
}

/* ---- the file ---- */

static int open_copy(const struct history *history, struct h5 **file) {
  if (history->written) {
    struct h5 *current; /* is opened only to verify it: the checksum of the new file must not hide damage of this one */
    TRY(history_file_open(history->path, &current));
    TRY(h5_close(current));
    TRY(durable_file_copy(history->path, history->temporary));
    return h5_open(history->temporary, true, file);
  }
  TRY(h5_create(history->temporary, HISTORY_SEAL, file));
  return history_head_write(*file, history->config, history->data);
}

static int write_attributes(const struct history *history, struct h5 *file, int64_t step,
                            const struct provenance *provenance) {
  char *config = config_echo(history->config);
  int status = h5_set_text(file, "/", "config", config);
  free(config);
  if (status == OK) status = h5_set_int(file, "/", "step", step);
  const struct schedule *schedule = &history->config->schedule;
  if (status == OK && schedule_dt_varies(schedule, schedule_steps(schedule)))
    status = h5_set_int(file, "/", "own_times", 1);
  return status == OK ? provenance_write(provenance, file) : status;
}

static int publish(const struct history *history, int (*may_write)(void *context), void *context) {
  TRY(history_file_seal(history->temporary));
  TRY(durable_file_sync(history->temporary));
  TRY(may_write(context));
  TRY(history_file_publish(history->config->output, history->temporary));
  return durable_file_sync(history->config->output);
}

/* Returns a lower bound on the size of the file: its current size plus the rows in memory. */
static int64_t bytes_of(const struct history *history) {
  struct stat found = {0};
  if (stat(history->path, &found) != 0) found.st_size = 0;
  const struct ensemble_spec *ensemble = &history->config->ensemble;
  int64_t numbers = 0;
  for (int i = 0; i < HISTORY_KINDS; i++) {
    const struct rows *rows = &history->kind[i];
    numbers += rows->count * rows->width * ensemble->members * (i < HISTORY_GATHERED ? ensemble->replicas : 1);
  }
  return found.st_size + numbers * (int64_t)sizeof(double);
}

/* Removes the temporary file after a failure. A lost lock can cause other errors, so its error takes precedence. */
static int clean_up(const struct history *history, int status, int (*may_write)(void *context), void *context) {
  durable_file_discard(history->temporary);
  if (status == FULL) status = durable_file_fail_full(history->config->output, "history.h5", bytes_of(history));
  const int held = may_write(context);
  return held == OK ? status : held;
}

int history_write(struct history *history, int64_t step, const struct provenance *provenance,
                  int (*may_write)(void *context), void *context) {
  if (history->step == step && !history_pending(history))
    return OK; /* called again because the checkpoint failed with FULL */
  heartbeat_activity("writing the history");
  const bool root = history->comm->rank == 0;
  struct h5 *file = NULL;
  int status = root ? open_copy(history, &file) : OK;
  if (root && status == OK) status = rows_count_kept(history, file, "stability", &history->limit);
  if (root && status == OK) status = rows_count_kept(history, file, "overlaps", &history->overlap);
  for (int e = 0; e < history->config->ensemble.members; e++) {
    double *table[HISTORY_GATHERED];
    for (int i = 0; i < HISTORY_GATHERED; i++) table[i] = rows_gather(history, &history->kind[i], e);
    if (root && status == OK) status = history_append_member(history, file, e, table);
    for (int i = 0; i < HISTORY_GATHERED; i++) free(table[i]);
  }
  if (root && status == OK) status = write_attributes(history, file, step, provenance);
  if (file) {
    const int closed = h5_close(file);
    if (status == OK) status = closed;
  }
  if (root && status == OK) status = publish(history, may_write, context);
  if (root && status != OK) status = clean_up(history, status, may_write, context);
  TRY(comm_agree(history->comm, status));
  history->written = true;
  history->step = step;
  for (int i = 0; i < HISTORY_KINDS; i++) rows_discard(&history->kind[i]);
  return OK;
}
