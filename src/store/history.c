#include "store/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/components.h"
#include "dynamics/overlaps.h"
#include "history_head.h"
#include "io/durable_file.h"
#include "io/h5.h"
#include "parallel/heartbeat.h"
#include "store/history_file.h"

/* Rows of one kind that are not in the file yet. The rank that leads a network stores a record {row, network,
 * values...} per row and network. */
struct rows {
  int width;         /* values in a record */
  int64_t kept;      /* number of rows that precede them in the file */
  bool kept_known;   /* kept has been read from the file (count_kept) */
  int64_t count;     /* number of rows in memory */
  int64_t *step;     /* [count] */
  double *time, *dt; /* [count][members] */
  int64_t records, capacity;
  double *record; /* [records][2 + width] */
};

enum { HISTORY_GATHERED = 5, HISTORY_KINDS }; /* kinds of rows with records per network, and all kinds */

struct history {
  const struct comm *comm;
  const struct config *config;
  const struct dataset *data;
  char *path, temporary[PATH_BYTES];
  union {
    struct rows kind[HISTORY_KINDS];
    struct {
      struct rows series, field, train, second_moment, overlap;
      struct rows limit; /* its records are per member of the ensemble, not per network; all ranks have them */
    };
  };
  int64_t start;
  bool written; /* history_write extends the file; false: it creates the file or replaces it */
  int64_t step; /* step of the last history_write of this process, -1: none */
};

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

static void begin_row(struct rows *rows, int64_t step, const struct dt_segment *segment,
                      const struct particles *particles) {
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

/* Adds a record of the current row for a network. Returns a pointer to its values, which the caller fills in. */
static double *add_record(struct rows *rows, int64_t network) {
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

void history_row(struct history *history, int64_t step, const struct dt_segment *segment,
                 const struct particles *particles, const struct observation *observation) {
  begin_row(&history->series, step, segment, particles);
  for (int s = 0; s < particles->locals; s++) {
    if (!particles->local[s].lead) continue;
    double *values = add_record(&history->series, particles->local[s].network);
    for (int c = 0; c < column_count; c++) values[c] = column_value(c, &observation[s]);
  }
}

static void add_field(struct rows *rows, int64_t step, const struct dt_segment *segment,
                      const struct particles *particles, const double *f) {
  if (!f) return;
  begin_row(rows, step, segment, particles);
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].lead)
      memcpy(add_record(rows, particles->local[s].network), f + (size_t)s * (size_t)rows->width,
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
  begin_row(&history->limit, step, segment, particles);
  for (int e = 0; e < history->config->ensemble.members; e++)
    memcpy(add_record(&history->limit, e), values + e * HISTORY_LIMITS, sizeof *values * HISTORY_LIMITS);
}

/* ---- the file ---- */

/* Gathers the values of one member on rank 0 as [row][replica][width]; returns NULL on other ranks. Collective. */
static double *gather_member(const struct history *history, const struct rows *rows, int member) {
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

/* Coordinates of the dimensions of a dataset after its time: numbers 0, 1, ... or, if value is set, its values. */
struct scale {
  const char *name, *description;
  double (*value)(int k);
};
static const struct scale REPLICA = {"replica", "number of the replica", NULL},
                          POINT = {"point", "number of the test point", NULL},
                          TRAIN_POINT = {"train_point", "number of the training point", NULL},
                          TERM = {"term", "number of the term of the target", NULL};
static const struct scale overlap_scales[OVERLAP_AXES] = {
    [OVERLAP_UNIT] = {"unit", "number of the unit i", NULL},
    [OVERLAP_OTHER_UNIT] = {"other_unit", "number of the unit j", NULL},
    [OVERLAP_TEACHER_UNIT] = {"teacher_unit", "number of the unit r of the teacher", NULL},
    [OVERLAP_BIN] = {"overlap", "center of the bin: M_ir / |a*_r|^2", overlaps_bin},
};

static int write_scale(struct h5 *file, const char *path, int64_t count, const struct scale *scale) {
  if (!scale->value) return h5_index(file, path, count, scale->description);
  double *values = alloc_small(sizeof *values * (size_t)count);
  for (int k = 0; k < count; k++) values[k] = scale->value(k);
  int status = h5_write(file, path, H5_DOUBLE, 1, &count, values);
  free(values);
  if (status == OK) status = h5_describe(file, path, scale->description, "1");
  return status == OK ? h5_dimensions(file, path, 1, &path) : status;
}

/* Appends the rows [kept + count][shape] of a dataset in a group. A new dataset is also described, and its dimensions
 * are named by the datasets `time` and scale [rank] of the group. A dataset of an older program has no such names. */
static int append(struct h5 *file, const struct rows *rows, const char *group, const char *dataset, enum h5_type type,
                  int rank, const int64_t *shape, const struct scale *const *scale, const char *description,
                  const char *units, const void *values) {
  char name[128], path[H5_RANK_MAX][128];
  const char *paths[H5_RANK_MAX];
  snprintf(name, sizeof name, "%s/%s", group, dataset);
  const bool new = !h5_exists(file, name);
  TRY(h5_append(file, name, type, rank, shape, rows->kept, rows->count, values));
  if (!new) return OK;
  TRY(h5_describe(file, name, description, units));
  for (int i = 0; i <= rank; i++) {
    snprintf(path[i], sizeof path[i], "%s/%s", group, i ? scale[i - 1]->name : "time");
    paths[i] = path[i];
    if (i && !h5_exists(file, path[i])) TRY(write_scale(file, path[i], shape[i - 1], scale[i - 1]));
  }
  return h5_dimensions(file, name, rank + 1, paths);
}

/* Appends the scalars of each row: step and time; if `settings` is true, also dt and the batch size of a member. */
static int append_axes(const struct history *history, struct h5 *file, const struct rows *rows, const char *group,
                       int member, bool settings) {
  const struct schedule *schedule = &history->config->schedule;
  const struct ensemble_spec *ensemble = &history->config->ensemble;
  int64_t *batch = alloc_small(sizeof(int64_t) * (size_t)rows->count);
  double *time = alloc_small(sizeof(double) * 2 * (size_t)rows->count), *dt = time + rows->count;
  for (int64_t i = 0; i < rows->count; i++) {
    const int stage = schedule_stage(schedule, rows->step[i]);
    batch[i] = schedule_batch(schedule, stage, ensemble->n[member], history->data->samples);
    time[i] = rows->time[i * ensemble->members + member];
    dt[i] = rows->dt[i * ensemble->members + member];
  }
  const struct {
    const char *name, *description, *units;
    enum h5_type type;
    const void *values;
    bool setting;
  } axis[] = {
      {"time", "time t = sum of dt over these steps", "t", H5_DOUBLE, time, false}, /* first: the scale of the others */
      {"step", "completed steps when the row was recorded", NULL, H5_INT64, rows->step, false},
      {"dt", "step size of the step that follows", "t", H5_DOUBLE, dt, true},
      {"batch", "points P in the batch of that step", NULL, H5_INT64, batch, true},
  };
  int status = OK;
  for (size_t i = 0; i < sizeof axis / sizeof *axis && status == OK; i++) {
    if (axis[i].setting && !settings) continue;
    status = append(file, rows, group, axis[i].name, axis[i].type, 0, NULL, NULL, axis[i].description, axis[i].units,
                    axis[i].values);
  }
  free(batch);
  free(time);
  return status;
}

/* Appends value c of each record to a dataset [rows][replicas]. table: [row][replica][width]. */
static int append_column(const struct history *history, struct h5 *file, const struct rows *rows, int c,
                         const char *group, const char *dataset, const char *description, const char *units,
                         const double *table) {
  const int64_t replicas = history->config->ensemble.replicas, cells = rows->count * replicas;
  double *values = alloc_small(sizeof(double) * (size_t)cells);
  for (int64_t i = 0; i < cells; i++) values[i] = table[i * rows->width + c];
  const int status = append(file, rows, group, dataset, H5_DOUBLE, 1, &replicas, (const struct scale *[]){&REPLICA},
                            description, units, values);
  free(values);
  return status;
}

static int append_series(const struct history *history, struct h5 *file, int member, const double *table) {
  char group[64];
  snprintf(group, sizeof group, "/ensemble/%d/series", member);
  const struct column_scope scope = update_columns(&history->config->schedule.update, &history->config->data.loss);
  TRY(append_axes(history, file, &history->series, group, member, true));
  for (int c = 0; c < column_count; c++) {
    if (!column_applies(&column_table[c], &scope)) continue;
    TRY(append_column(history, file, &history->series, c, group, column_table[c].name, column_table[c].description,
                      column_table[c].units, table));
  }
  return OK;
}

static int append_field(const struct history *history, struct h5 *file, int member, const struct rows *rows,
                        const char *dataset, const char *description, const double *table) {
  char group[64];
  snprintf(group, sizeof group, "/ensemble/%d/field", member);
  if (rows == &history->field || history->field.width == 0) TRY(append_axes(history, file, rows, group, member, false));
  const int64_t shape[] = {history->config->ensemble.replicas, rows->width};
  const struct scale *scale[] = {&REPLICA, rows == &history->field ? &POINT : &TRAIN_POINT};
  return append(file, rows, group, dataset, H5_DOUBLE, 2, shape, scale, description, "f", table);
}

/* Computes component [row][replica][terms] and remainder [row][replica] of f [row][replica][K]. */
static int compute_components(const struct history *history, const double *f, double *component, double *remainder) {
  const int terms = history->data->target->terms;
  const int64_t networks = history->field.count * history->config->ensemble.replicas;
  struct components *components;
  double out[TARGET_TERMS_MAX + 1];
  TRY(components_create(history->data, &components));
  for (int64_t i = 0; i < networks; i++) {
    components_of(components, f + i * history->data->tests, out);
    memcpy(component + i * terms, out, sizeof *out * (size_t)terms);
    remainder[i] = out[terms];
  }
  components_free(components);
  return OK;
}

/* Appends the residual along each term of the target (data/components.h). f: as gathered on rank 0. */
static int append_components(const struct history *history, struct h5 *file, int member, const double *f) {
  const struct rows *rows = &history->field;
  const int64_t replicas = history->config->ensemble.replicas, shape[] = {replicas, history->data->target->terms};
  if (shape[1] == 0) return OK;
  char group[64];
  snprintf(group, sizeof group, "/ensemble/%d/field", member);
  double *component = alloc_small(sizeof *component * (size_t)(rows->count * replicas * shape[1])),
         *remainder = alloc_small(sizeof *remainder * (size_t)(rows->count * replicas));
  int status = compute_components(history, f, component, remainder);
  if (status == OK)
    status = append(file, rows, group, "component", H5_DOUBLE, 2, shape, (const struct scale *[]){&REPLICA, &TERM},
                    "residual f_n - f along each term of the target, orthonormalized in their order at the test points",
                    "f", component);
  if (status == OK)
    status = append(file, rows, group, "remainder", H5_DOUBLE, 1, &replicas, (const struct scale *[]){&REPLICA},
                    "half the mean square at the test points of the residual orthogonal to all terms; with "
                    "component^2 / 2 of all terms, it adds up to (1/2K) sum_k (f_n - f)^2",
                    "f^2", remainder);
  free(component);
  free(remainder);
  return status;
}

/* Appends c2phi2 of each set that has points, except to a file that an older program created without this dataset. */
static int append_second_moments(const struct history *history, struct h5 *file, int member, const double *table) {
  static const struct {
    const char *name, *description;
  } second_moment[HISTORY_SECOND_MOMENTS] = {
      {"c2phi2", "(1/n) sum_i c_i^2 phi(x, z_i)^2, mean over the test points"},
      {"c2phi2_train", "(1/n) sum_i c_i^2 phi(x, z_i)^2, mean over the training points"},
  };
  const int points[HISTORY_SECOND_MOMENTS] = {history->field.width, history->train.width};
  for (int m = 0; m < HISTORY_SECOND_MOMENTS; m++) {
    char group[64], name[128];
    snprintf(group, sizeof group, "/ensemble/%d/field", member);
    snprintf(name, sizeof name, "%s/%s", group, second_moment[m].name);
    if (points[m] == 0 || (history->second_moment.kept > 0 && !h5_exists(file, name))) continue;
    TRY(append_column(history, file, &history->second_moment, m, group, second_moment[m].name,
                      second_moment[m].description, "f^2", table));
  }
  return OK;
}

const struct history_limit_column history_limit_table[HISTORY_LIMITS] = {
    [LIMIT_LAMBDA] =
        {"lambda",
         "largest eigenvalue of the tangent kernel M/N or, with data.mode: rkhs, of the Hessian of the loss, of the "
         "network with the largest dt/limit",
         "1/t"},
    [LIMIT_BOUND] = {"lambda_bound", "part of lambda_error: the bound of Lanczos's method", "1/t"},
    [LIMIT_ERROR] = {"lambda_error",
                     "error of lambda. All points of a fixed set, or data.mode: rkhs: lambda_bound. Otherwise it "
                     "includes the error of a sample of "
                     "points but, for online data, not the variation between the draws of single steps",
                     "1/t"},
    [LIMIT_DT] = {"dt", "step size of the network in the step that follows", "t"},
    [LIMIT_LIMIT] = {"limit", "stability limit of dt: 2/lambda, smaller with mini-batches", "t"},
    [LIMIT_RATIO] =
        {"dt_over_limit",
         "dt/limit; above 1, linearized steps are unstable: results may not be gradient flow or Langevin dynamics",
         NULL},
    [LIMIT_RATIO_ERROR] = {"error", "error of dt_over_limit, from that of lambda", NULL},
    [LIMIT_ABOVE] = {"above",
                     "1: dt exceeds the limit by more than the error, or lambda is not finite. With all points of "
                     "a fixed set or data.mode: rkhs, lambda is a lower bound, so dt/limit > 1 suffices",
                     NULL},
    [LIMIT_NETWORKS] = {"networks", "number of networks of this size that were estimated: the first replicas", NULL},
    [LIMIT_POINTS] = {"points", "points per sample, or all points of a fixed set; 0 with data.mode: rkhs", NULL},
};

/* Sets rows->kept to the number of rows of a group in the file before the step from which the run started. */
static int count_kept(const struct history *history, struct h5 *file, const char *group, struct rows *rows) {
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

/* Appends one array of the overlaps: the numbers `first`, ... of each record. table: [row][replica][width]. */
static int append_array(const struct history *history, struct h5 *file, const char *group,
                        const struct overlap_array *array, int64_t first, const double *table) {
  const struct rows *rows = &history->overlap;
  const int64_t replicas = history->config->ensemble.replicas, cells = rows->count * replicas;
  int64_t shape[H5_RANK_MAX] = {replicas};
  const struct scale *scale[H5_RANK_MAX] = {&REPLICA};
  double *values;
  TRY(alloc_array((void **)&values, cells * array->count + 1, sizeof *values, "overlaps"));
  for (int i = 0; i < array->rank; i++) {
    shape[1 + i] = array->shape[i];
    scale[1 + i] = &overlap_scales[array->axis[i]];
  }
  for (int64_t i = 0; i < cells; i++)
    memcpy(values + i * array->count, table + i * rows->width + first, sizeof *values * (size_t)array->count);
  for (int64_t i = 0; array->integers && i < cells * array->count; i++) ((int64_t *)values)[i] = (int64_t)values[i];
  const int status = append(file, rows, group, array->name, array->integers ? H5_INT64 : H5_DOUBLE, 1 + array->rank,
                            shape, scale, array->description, array->units, values);
  free(values);
  return status;
}

/* Appends the overlaps. Without output.overlaps, a resumed run only removes those at or after its first step. */
static int append_overlaps(const struct history *history, struct h5 *file, int member, const double *table) {
  const struct config *config = history->config;
  struct overlap_array list[OVERLAP_ARRAYS_MAX];
  char group[64], step[80];
  snprintf(group, sizeof group, "/ensemble/%d/overlaps", member);
  snprintf(step, sizeof step, "%s/step", group);
  if (!config->overlaps && !h5_exists(file, step)) return OK;
  const int count = overlaps_list(config->ensemble.n[member], overlaps_teacher_units(history->data->target), list);
  TRY(append_axes(history, file, &history->overlap, group, member, false));
  int64_t first = 0;
  for (int i = 0; i < count; first += list[i++].count) TRY(append_array(history, file, group, &list[i], first, table));
  return OK;
}

/* Appends the estimates of the stability limit. A file of an older program has no estimates from before
 * the run was resumed. */
static int append_limits(const struct history *history, struct h5 *file, int member) {
  const struct rows *rows = &history->limit;
  char group[64];
  snprintf(group, sizeof group, "/ensemble/%d/stability", member);
  TRY(append_axes(history, file, rows, group, member, false));
  double *values = alloc_small(sizeof *values * (size_t)rows->count);
  int status = OK;
  for (int c = 0; c < HISTORY_LIMITS && status == OK; c++) {
    const struct history_limit_column *column = &history_limit_table[c];
    for (int64_t i = 0; i < rows->count; i++)
      values[i] =
          rows->record[(size_t)(i * history->config->ensemble.members + member) * (2 + HISTORY_LIMITS) + 2 + (size_t)c];
    status =
        append(file, rows, group, column->name, H5_DOUBLE, 0, NULL, NULL, column->description, column->units, values);
  }
  free(values);
  return status;
}

/* table [HISTORY_GATHERED]: from gather_member, in the order of history->kind. */
static int append_member(const struct history *history, struct h5 *file, int member, double *const *table) {
  const double *series = table[0], *field = table[1], *train = table[2], *second_moment = table[3];
  TRY(append_series(history, file, member, series));
  TRY(append_limits(history, file, member));
  TRY(append_overlaps(history, file, member, table[4]));
  if (history->config->fields.count == 0) return OK;
  if (history->field.width > 0)
    TRY(append_field(history, file, member, &history->field, "f", "f_n at the test points", field));
  if (history->field.width > 0) TRY(append_components(history, file, member, field));
  if (history->train.width > 0)
    TRY(append_field(history, file, member, &history->train, "f_train", "f_n at the training points", train));
  return append_second_moments(history, file, member, second_moment);
}

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
  const int64_t replicas = history->config->ensemble.replicas * history->config->ensemble.members;
  const struct rows *rows[] = {&history->series, &history->field, &history->train, &history->second_moment};
  int64_t numbers = 0;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) numbers += rows[i]->count * rows[i]->width * replicas;
  return found.st_size + numbers * (int64_t)sizeof(double);
}

/* Removes the temporary file after a failure. A lost lock can cause other errors, so its error takes precedence. */
static int clean_up(const struct history *history, int status, int (*may_write)(void *context), void *context) {
  durable_file_discard(history->temporary);
  if (status == FULL) status = durable_file_fail_full(history->config->output, "history.h5", bytes_of(history));
  const int held = may_write(context);
  return held == OK ? status : held;
}

static void discard_rows(struct rows *rows) {
  rows->kept += rows->count;
  rows->count = rows->records = 0;
}

int history_write(struct history *history, int64_t step, const struct provenance *provenance,
                  int (*may_write)(void *context), void *context) {
  if (history->step == step && !history_pending(history))
    return OK; /* called again because the checkpoint failed with FULL */
  heartbeat_activity("writing the history");
  const bool root = history->comm->rank == 0;
  struct h5 *file = NULL;
  int status = root ? open_copy(history, &file) : OK;
  if (root && status == OK) status = count_kept(history, file, "stability", &history->limit);
  if (root && status == OK) status = count_kept(history, file, "overlaps", &history->overlap);
  for (int e = 0; e < history->config->ensemble.members; e++) {
    double *table[HISTORY_GATHERED];
    for (int i = 0; i < HISTORY_GATHERED; i++) table[i] = gather_member(history, &history->kind[i], e);
    if (root && status == OK) status = append_member(history, file, e, table);
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
  for (int i = 0; i < HISTORY_KINDS; i++) discard_rows(&history->kind[i]);
  return OK;
}
