#include "history_head.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/history_file.h"

/* Writes where the points of a group come from and, if they are stored, x and y. */
static int write_points(struct h5 *file, const char *group, int64_t count, int d, char *origin, const double *x,
                        const double *y) {
  char name[64], point[64], dimension[64];
  int status = h5_set_text(file, group, "origin", origin);
  free(origin);
  TRY(status);
  TRY(h5_set_int(file, group, "points", count));
  if (count == 0) return OK;
  snprintf(point, sizeof point, "%s/point", group);
  snprintf(dimension, sizeof dimension, "%s/d", group);
  TRY(h5_index(file, point, count, "number of the point"));
  TRY(h5_index(file, dimension, d, "input dimension"));
  snprintf(name, sizeof name, "%s/x", group);
  TRY(h5_write(file, name, H5_DOUBLE, 2, (int64_t[]){count, d}, x));
  TRY(h5_describe(file, name, "points x (points, d)", NULL));
  TRY(h5_dimensions(file, name, 2, (const char *[]){point, dimension}));
  snprintf(name, sizeof name, "%s/y", group);
  TRY(h5_write(file, name, H5_DOUBLE, 1, &count, y));
  TRY(h5_describe(file, name, "labels f(x) (points)", "f"));
  return h5_dimensions(file, name, 1, (const char *[]){point});
}

static int write_target(struct h5 *file, const struct dataset *data) {
  const struct target *target = data->target;
  TRY(h5_set_text(file, "/target", "type", target->kind->name));
  TRY(h5_set_double(file, "/target", "C_f", data->scale.C_f));
  TRY(h5_set_double(file, "/target", "C_f_error", data->scale.C_f_error));
  TRY(h5_set_double(file, "/target", "loss_0", data->scale.loss_0));
  TRY(h5_set_text(file, "/target", "C_f_origin", data->scale.origin));
  TRY(h5_set_double(file, "/target", "linear_fraction", target->linear_fraction));
  return target->kind->record ? target->kind->record(target, file) : OK;
}

static int write_ensemble(struct h5 *file, const struct config *config) {
  const struct ensemble_spec *ensemble = &config->ensemble;
  for (int e = 0; e < ensemble->members; e++) {
    char name[64];
    snprintf(name, sizeof name, "/ensemble/%d", e);
    TRY(h5_set_int(file, name, "n", ensemble->n[e]));
    TRY(h5_set_int(file, name, "replicas", ensemble->replicas));
    TRY(h5_set_int(file, name, "streams", ensemble->streams));
    TRY(h5_set_text(file, name, "unit", unit_table[config->unit.type].name));
  }
  return OK;
}

int history_head_write(struct h5 *file, const struct config *config, const struct dataset *data) {
  TRY(h5_set_text(file, "/", "format", "mckean-history"));
  TRY(h5_set_int(file, "/", "format_version", HISTORY_VERSION));
  TRY(h5_set_text(file, "/", "random_numbers", dataset_random_numbers));
  TRY(write_target(file, data));
  TRY(write_points(file, "/test", data->tests, data->d, dataset_test_origin(data), data->test_x, data->test_y));
  if (data->test_rows) {
    TRY(h5_write(file, "/test/row", H5_INT64, 1, &data->tests, data->test_rows));
    TRY(h5_describe(file, "/test/row", "row of the point in x of the data file, counted from 0 (points)", NULL));
    TRY(h5_dimensions(file, "/test/row", 1, (const char *[]){"/test/point"}));
  }
  TRY(write_points(file, "/train", data->samples, data->d, dataset_train_origin(data), data->x, data->y));
  return write_ensemble(file, config);
}

double history_head_bytes(const struct dataset *data) {
  const double points = (double)(data->tests + data->samples) * (data->d + 1);
  return (points + (double)data->target->numbers) * sizeof(double);
}
