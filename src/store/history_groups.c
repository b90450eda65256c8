#include "history_groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/components.h"
#include "dynamics/overlaps.h"

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

int history_append_member(const struct history *history, struct h5 *file, int member, double *const *table) {
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
