#include "study/outputs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/dataset.h"
#include "io/result_file.h"
#include "study/results.h"

static const char FORMAT[] = "mckean-outputs";
enum { FORMAT_VERSION = 1 };

struct outputs_file {
  const struct point_outputs *outputs;
  struct result_file to;
  int file;                                    /* -1: not open */
  int64_t f[ENSEMBLE_MAX], loss[ENSEMBLE_MAX]; /* [members]: bytes in the file at which the datasets start */
};

/* ---- the head ---- */

static int write_root(struct h5 *file, const struct point_outputs *outputs, const struct provenance *provenance) {
  const struct checkpoint_info *info = &outputs->problem->info;
  TRY(h5_set_text(file, "/", "format", FORMAT));
  TRY(h5_set_int(file, "/", "format_version", FORMAT_VERSION));
  if (info->version >= 2) TRY(h5_set_text(file, "/", "random_numbers", dataset_random_numbers));
  TRY(h5_set_text(file, "/", "config", info->config));
  TRY(h5_set_text(file, "/", "checkpoint", outputs->request->checkpoint));
  TRY(h5_set_int(file, "/", "step", info->step));
  TRY(h5_set_text(file, "/", "points_file", outputs->request->points));
  TRY(h5_set_text(file, "/", "points_group", *outputs->request->group ? outputs->request->group : "/"));
  TRY(h5_index(file, "/point", outputs->points, "number of the point in the points file"));
  return provenance_write(provenance, file);
}

/* Writes the group of a size, and reserves its datasets. */
static int reserve_size(struct h5 *h5, struct outputs_file *file, int i) {
  const struct point_outputs *outputs = file->outputs;
  const int member = outputs->member[i];
  const int64_t R = outputs->replicas, shape[] = {R, outputs->points};
  char group[64], name[128], replica_name[128];
  const char *const scales[] = {replica_name, "/point"};
  snprintf(group, sizeof group, "/ensemble/%d", member);
  TRY(h5_set_int(h5, group, "n", outputs->problem->config->ensemble.n[member]));
  TRY(h5_set_double(h5, group, "time", checkpoint_time(&outputs->problem->info, member)));
  int64_t *replica = alloc_small(sizeof *replica * (size_t)R);
  for (int64_t r = 0; r < R; r++) replica[r] = outputs->first_replica + r;
  snprintf(replica_name, sizeof replica_name, "%s/replica", group);
  int status = h5_write(h5, replica_name, H5_INT64, 1, &R, replica);
  free(replica);
  if (status == OK) status = h5_describe(h5, replica_name, "replica, counted from 0", NULL);
  TRY(status);
  snprintf(name, sizeof name, "%s/f", group);
  TRY(h5_reserve(h5, name, H5_DOUBLE, 2, shape, &file->f[i]));
  TRY(h5_describe(h5, name, "f_n at the points (replica, point)", "f"));
  TRY(h5_dimensions(h5, name, 2, scales));
  if (!outputs->labels) return OK;
  const struct loss *loss = loss_row(&outputs->problem->config->data.loss);
  snprintf(name, sizeof name, "%s/loss", group);
  TRY(h5_reserve(h5, name, H5_DOUBLE, 1, &R, &file->loss[i]));
  TRY(h5_describe(h5, name, "mean loss over the points (replica)", loss->units));
  return h5_dimensions(h5, name, 1, scales);
}

static int write_head(struct outputs_file *file, const struct provenance *provenance) {
  struct h5 *h5;
  TRY(h5_create(file->to.written, 0, &h5));
  int status = write_root(h5, file->outputs, provenance);
  for (int i = 0; i < file->outputs->members && status == OK; i++) status = reserve_size(h5, file, i);
  const int closed = h5_close(h5);
  return status == OK ? closed : status;
}

int outputs_file_create(const char *path, const struct point_outputs *outputs, const struct provenance *provenance,
                        struct outputs_file **out) {
  struct outputs_file *file = alloc_small(sizeof *file);
  *file = (struct outputs_file){.outputs = outputs, .file = -1};
  int status = result_file_open(path, results_is_earlier, FORMAT, &file->to);
  if (status != OK) {
    free(file);
    return status;
  }
  status = write_head(file, provenance);
  if (status == OK) {
    file->file = open(file->to.written, O_WRONLY | O_CLOEXEC);
    if (file->file < 0) status = durable_file_fail(errno, "%s: cannot open it", file->to.written);
  }
  *out = file;
  return status;
}

/* ---- the numbers ---- */

static int put(const struct outputs_file *file, int64_t offset, int64_t count, const double *values) {
  return durable_file_pwrite(file->file, file->to.written, offset, values, count * (int64_t)sizeof *values);
}

int outputs_file_write(struct outputs_file *file, int64_t first, int64_t count, const double *f) {
  const struct point_outputs *outputs = file->outputs;
  for (int64_t i = 0; i < outputs->networks; i++) {
    const int64_t row = i % outputs->replicas * outputs->points + first;
    TRY(put(file, file->f[i / outputs->replicas] + row * (int64_t)sizeof *f, count, f + i * count));
  }
  return OK;
}

static int publish(struct outputs_file *file) {
  const struct point_outputs *outputs = file->outputs;
  for (int i = 0; i < outputs->members && outputs->labels; i++)
    TRY(put(file, file->loss[i], outputs->replicas, outputs->loss + i * outputs->replicas));
  TRY(durable_file_sync(file->to.written));
  return result_file_publish(&file->to);
}

int outputs_file_finish(struct outputs_file *file, int status) {
  if (!file) return status;
  if (status == OK) status = publish(file);
  if (file->file >= 0) close(file->file);
  if (status != OK) result_file_discard(&file->to);
  free(file);
  return status;
}
