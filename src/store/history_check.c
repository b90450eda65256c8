#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/overlaps.h"
#include "history_head.h"
#include "io/durable_file.h"
#include "store/history.h"
#include "store/history_file.h"

void history_kept(const struct config *config, int64_t start, int64_t *rows, int64_t *fields) {
  *rows = intervals_before(&config->history_every, start);
  *fields = 0;
  for (int i = 0; i < config->fields.count && config->fields.step[i] < start; i++) {
    (*fields)++;
    *rows += !intervals_hold(&config->history_every, config->fields.step[i]);
  }
}

struct limit_plan history_limit_plan(const struct config *config, const struct dataset *data) {
  return (struct limit_plan){.schedule = &config->schedule,
                             .ensemble = &config->ensemble,
                             .data = data,
                             .fields = config->fields.count,
                             .field = config->fields.step};
}

/* Returns the bytes of a dataset with `rows` rows of `numbers` numbers each, in whole chunks. */
static double series_bytes(int64_t numbers, int64_t rows) {
  const int64_t fit = H5_CHUNK_NUMBERS / (numbers > 0 ? numbers : 1),
                chunk = fit < 1               ? 1
                        : fit < H5_CHUNK_ROWS ? fit
                                              : H5_CHUNK_ROWS,
                chunks = (rows + chunk - 1) / chunk;
  return (double)(chunks * chunk) * (double)numbers * sizeof(double);
}

enum { AXES = 4, FIELD_AXES = 2 };

double history_overlap_bytes(const struct config *config, const struct dataset *data, int64_t step) {
  int64_t rows, fields;
  double bytes = 0;
  if (!config->overlaps) return 0;
  history_kept(config, step, &rows, &fields);
  for (int e = 0; e < config->ensemble.members; e++) {
    struct overlap_array list[OVERLAP_ARRAYS_MAX];
    const int count = overlaps_list(config->ensemble.n[e], overlaps_teacher_units(data->target), list);
    bytes += FIELD_AXES * series_bytes(1, fields);
    for (int i = 0; i < count; i++) bytes += series_bytes(config->ensemble.replicas * list[i].count, fields);
  }
  return bytes;
}

double history_bytes(const struct config *config, const struct dataset *data, int64_t step) {
  const int64_t replicas = config->ensemble.replicas;
  int64_t rows, fields;
  history_kept(config, step, &rows, &fields);
  const double series = AXES * series_bytes(1, rows) + column_count * series_bytes(replicas, rows);
  const struct limit_plan plan = history_limit_plan(config, data);
  const double limits = (FIELD_AXES + HISTORY_LIMITS) * series_bytes(1, limit_plan_count(&plan, step));
  double field = 0;
  if (fields > 0)
    field = FIELD_AXES * series_bytes(1, fields) + series_bytes(replicas * data->tests, fields) +
            series_bytes(replicas * data->samples, fields) + HISTORY_SECOND_MOMENTS * series_bytes(replicas, fields);
  if (fields > 0 && data->tests > 0 && data->target->terms > 0)
    field += series_bytes(replicas * data->target->terms, fields) + series_bytes(replicas, fields);
  return history_head_bytes(data) + history_overlap_bytes(config, data, step) +
         config->ensemble.members * (series + field + limits);
}

static int rows_of(struct h5 *file, int member, const char *dataset, int64_t *rows) {
  char name[96];
  int rank;
  int64_t shape[H5_RANK_MAX] = {0};
  snprintf(name, sizeof name, "/ensemble/%d/%s", member, dataset);
  if (h5_exists(file, name)) TRY(h5_shape(file, name, &rank, shape));
  *rows = shape[0];
  return OK;
}

static int check_file(const struct config *config, const char *output, int64_t start, bool *has_later_rows) {
  char path[PATH_BYTES], *damage;
  struct h5 *file;
  int64_t rows_kept, fields_kept;
  history_kept(config, start, &rows_kept, &fields_kept);
  TRY(history_file_resume(output, path, &damage, &file));
  free(damage);
  const bool points = h5_exists(file, "/test/y") || h5_exists(file, "/train/y"); /* without points no fields */
  const bool last_field = points && steps_hold(&config->fields, schedule_steps(&config->schedule));
  if (!points) fields_kept = 0;
  int status = OK;
  for (int e = 0; e < config->ensemble.members && status == OK; e++) {
    int64_t rows = 0, fields = 0;
    status = rows_of(file, e, "series/step", &rows);
    if (status == OK) status = rows_of(file, e, "field/step", &fields);
    *has_later_rows = *has_later_rows && rows > rows_kept && (fields > fields_kept || !last_field);
    if (status == OK && (rows < rows_kept || fields < fields_kept))
      status =
          FAIL(FAILED, "%s: expected at least %lld rows and %lld fields before the checkpoint, found %lld and %lld",
               path, (long long)rows_kept, (long long)fields_kept, (long long)rows, (long long)fields);
  }
  h5_close(file);
  return status;
}

/* Compares a dataset of `points` rows with `now`. width: numbers in a row of x; 0: y, which has one dimension. */
static int same_points(struct h5 *file, const char *name, int64_t points, int64_t width, const double *now) {
  const int64_t shape[] = {points, width};
  const size_t bytes = sizeof *now * (size_t)(points * (width > 0 ? width : 1));
  int rank;
  int64_t found[H5_RANK_MAX] = {0};
  if (h5_exists(file, name)) TRY(h5_shape(file, name, &rank, found));
  if (found[0] != points)
    return FAIL(USAGE, "%s: %lld points at the start, now %lld", name, (long long)found[0], (long long)points);
  if (points == 0) return OK;
  double *was = alloc_small(bytes);
  int status = h5_read(file, name, H5_DOUBLE, width > 0 ? 2 : 1, shape, was);
  if (status == OK && memcmp(was, now, bytes) != 0) status = FAIL(USAGE, "%s: different numbers", name);
  free(was);
  return status;
}

static int check_points(struct h5 *file, const char *path, const struct config *config, const struct dataset *data) {
  int status = same_points(file, "/train/x", data->samples, data->d, data->x);
  if (status == OK) status = same_points(file, "/train/y", data->samples, 0, data->y);
  if (status == OK) status = same_points(file, "/test/x", data->tests, data->d, data->test_x);
  if (status == OK) status = same_points(file, "/test/y", data->tests, 0, data->test_y);
  if (status == USAGE)
    return FAIL(
        USAGE,
        "%s: the data changed since the start of the run (%s, %s); restore the file, or choose another run.output",
        config->target.path, path, error_text());
  return status;
}

/* Compares a teacher that was read from a file with that of the start, by checksums. */
static int check_teacher(struct h5 *file, const char *path, const struct config *config, const struct dataset *data) {
  char *was, now[16];
  TRY(h5_get_text(file, "/teacher", "checksum", &was));
  snprintf(now, sizeof now, "%08x", target_checksum(data->target, 0));
  const int status =
      strcmp(was, now) == 0
          ? OK
          : FAIL(
                USAGE,
                "target.teacher.path: %s: expected the teacher of the start of the run (%s: checksum %s), received one "
                "with the checksum %s; restore the file, or choose another run.output",
                config->target.teacher.import.path, path, was, now);
  free(was);
  return status;
}

/* Histories of older programs lack loss_0, C_f_error or C_f_origin. They took C_f from the test labels alone. */
static int read_scale(struct h5 *file, struct dataset_scale *scale) {
  char *origin;
  TRY(h5_get_double(file, "/target", "C_f", &scale->C_f));
  if (h5_get_double(file, "/target", "C_f_error", &scale->C_f_error) != OK) scale->C_f_error = NAN;
  if (h5_get_double(file, "/target", "loss_0", &scale->loss_0) != OK) scale->loss_0 = scale->C_f;
  *scale->origin = 0;
  if (h5_get_text(file, "/target", "C_f_origin", &origin) != OK) return OK;
  snprintf(scale->origin, sizeof scale->origin, "%s", origin);
  free(origin);
  return OK;
}

static int read_data(const char *output, const struct config *config, struct dataset *data) {
  char path[PATH_BYTES], *damage;
  struct h5 *file;
  snprintf(path, sizeof path, "%s/history.h5", output);
  const bool points = config->target.type == TARGET_FILE, taught = config->target.type == TARGET_TEACHER,
             teacher = taught && *config->target.teacher.import.path,
             estimated = taught || data->scale.C_f_error != 0; /* older programs estimated C_f of all teachers */
  if ((!points && !estimated) || access(path, F_OK) != 0) return OK;
  TRY(history_file_resume(output, path, &damage, &file));
  free(damage);
  int status = points ? check_points(file, path, config, data) : OK;
  if (status == OK && teacher) status = check_teacher(file, path, config, data);
  if (status == OK) status = read_scale(file, &data->scale);
  h5_close(file);
  return status;
}

int history_data(const struct comm *comm, const char *output, const struct config *config, struct dataset *data) {
  TRY(comm_agree(comm, comm->rank == 0 ? read_data(output, config, data) : OK));
  comm_bcast(comm, &data->scale, sizeof data->scale, 0);
  return OK;
}

int history_whole(const char *output, const struct config *config, int64_t start, bool *has_later_rows) {
  *has_later_rows = true;
  const int status = check_file(config, output, start, has_later_rows);
  if (status != FAILED) return status;
  return FAIL(FAILED,
              "%s; history.h5 must contain the rows before the checkpoint: restore it, or start over with --fresh",
              error_text());
}

/* Rank 0. */
static int64_t reach(const char *output, void (*note)(void *context, const char *text), void *context) {
  char path[PATH_BYTES], text[2 * PATH_BYTES], *damage;
  struct h5 *file;
  int64_t step = INT64_MAX;
  if (history_file_resume(output, path, &damage, &file) != OK) return step;
  if (damage && h5_get_int(file, "/", "step", &step) == OK) {
    snprintf(text, sizeof text, "%s; %s, of step %lld, replaces it", damage, path, (long long)step);
    note(context, text);
  }
  free(damage);
  h5_close(file);
  return step;
}

int64_t history_reach(const struct comm *comm, const char *output, void (*note)(void *context, const char *text),
                      void *context) {
  int64_t step = comm->rank == 0 ? reach(output, note, context) : 0;
  comm_bcast(comm, &step, sizeof step, 0);
  return step;
}

int history_check(const struct comm *comm, const struct config *config, struct dataset *data, int64_t start,
                  bool *has_later_rows) {
  *has_later_rows = false;
  TRY(comm_agree(comm, comm->rank == 0 ? history_whole(config->output, config, start, has_later_rows) : OK));
  comm_bcast(comm, has_later_rows, sizeof *has_later_rows, 0);
  return history_data(comm, config->output, config, data);
}

/* Returns the last step at which a run with this input may write its first checkpoint. */
static int64_t first_save(const struct config *config) {
  int64_t step = schedule_steps(&config->schedule);
  if (config->checkpoint_every > 0 && config->checkpoint_every < step) step = config->checkpoint_every;
  if (config->snapshots.count > 0 && config->snapshots.step[0] < step) step = config->snapshots.step[0];
  return step;
}

int history_replaceable(const char *output, const struct config *config) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/history.h5", output);
  if (access(path, F_OK) != 0) return OK;
  struct h5 *file = NULL;
  char *text = NULL;
  int64_t step = 0;
  struct config *was = NULL;
  int status = history_file_open(path, &file);
  if (status == OK) status = h5_get_text(file, "/", "config", &text);
  if (status == OK) status = config_parse(path, text, &was);
  if (status == OK && config) status = config_resumable(was, config, 0);
  if (status == OK) status = h5_get_int(file, "/", "step", &step);
  if (status == OK && step > first_save(was))
    status = FAIL(USAGE, "it reaches step %lld, so checkpoints are missing: restore the newest one", (long long)step);
  if (status != OK)
    status = FAIL(USAGE,
                  "%s exists without a checkpoint of this input, and the run would replace it (%s); choose another "
                  "run.output, or rename the old output with --fresh",
                  path, error_text());
  h5_close(file);
  free(text);
  config_free(was);
  return status;
}
