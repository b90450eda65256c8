#include "data/target_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/h5.h"
#include "io/sandbox.h"

struct file {
  struct target target;
  struct target_rows train, test;
};

/* Checks values [rows][columns]; columns is 0 for labels [rows]. The limit is 1e150 because labels are squared and
 * summed. */
static int check_finite(const char *path, const char *name, int64_t rows, int columns, const double *values) {
  const int64_t numbers = columns ? rows * columns : rows;
  for (int64_t i = 0; i < numbers; i++) {
    if (fabs(values[i]) < 1e150) continue;
    char column[16] = "";
    if (columns) snprintf(column, sizeof column, ", %d", (int)(i % columns));
    return FAIL(USAGE, "%s: %s[%lld%s] is %g: expected finite numbers below 1e150 in absolute value", path, name,
                (long long)(columns ? i / columns : i), column, values[i]);
  }
  return OK;
}

/* Checks the shapes of one pair x (N, d), y (N). Sets *count and, if *d is 0, *d. */
static int read_shapes(struct h5 *file, const char *path, const char *x_name, const char *y_name, int64_t *count,
                       int *d) {
  int rank;
  int64_t shape[H5_RANK_MAX];
  char text[128], dimension[32];
  TRY(h5_shape(file, x_name, &rank, shape));
  if (rank != 2 || shape[0] < 1 || shape[1] < 1 || shape[1] > TARGET_D_MAX || (*d && shape[1] != *d)) {
    snprintf(dimension, sizeof dimension, *d ? "d = %d" : "1 <= d <= %d", *d ? *d : TARGET_D_MAX);
    return FAIL(USAGE, "%s: %s: expected shape (N, d) with N >= 1 and %s, received %s", path, x_name, dimension,
                h5_shape_text(rank, shape, text));
  }
  *d = (int)shape[1];
  *count = shape[0];
  TRY(h5_shape(file, y_name, &rank, shape));
  const char *hint = rank == 1 && shape[0] == *d ? "; x may be transposed: store (N, d), for example x.T" : "";
  if (rank != 1 || shape[0] != *count)
    return FAIL(USAGE, "%s: %s: expected shape (%lld), one label for each point of %s, received %s%s", path, y_name,
                (long long)*count, x_name, h5_shape_text(rank, shape, text), hint);
  if (*count > INT32_MAX)
    return FAIL(USAGE, "%s: %s: expected at most 2^31 - 1 points, received %lld", path, x_name, (long long)*count);
  return OK;
}

static int read_pair(struct h5 *file, const char *path, const char *x_name, const char *y_name, int *d,
                     struct target_rows *rows) {
  TRY(read_shapes(file, path, x_name, y_name, &rows->count, d));
  TRY(alloc_array((void **)&rows->x, rows->count * *d, sizeof(double), "data points"));
  TRY(alloc_array((void **)&rows->y, rows->count, sizeof(double), "labels"));
  TRY(h5_read(file, x_name, H5_DOUBLE, 2, (int64_t[]){rows->count, *d}, rows->x));
  TRY(h5_read(file, y_name, H5_DOUBLE, 1, &rows->count, rows->y));
  TRY(check_finite(path, x_name, rows->count, *d, rows->x));
  return check_finite(path, y_name, rows->count, 0, rows->y);
}

static int read_pairs(void *context) {
  struct file *own = context;
  const char *path = own->target.spec.path;
  struct h5 *file;
  int status = h5_open(path, false, &file);
  if (status == OK) status = read_pair(file, path, "/x", "/y", &own->target.d, &own->train);
  if (status == OK && h5_exists(file, "/test_x"))
    status = read_pair(file, path, "/test_x", "/test_y", &own->target.d, &own->test);
  h5_close(file);
  return status;
}

static int read_file(struct file *own) {
  if (!*own->target.spec.path)
    return FAIL(USAGE, "target.path: expected the name of an HDF5 file, received an empty string");
  int status = sandbox_run(own->target.spec.path, read_pairs, own);
  if (status == OK) status = read_pairs(own);
  return status == FAILED ? FAIL(USAGE, "%s", error_text()) : status; /* a file that cannot be read is a wrong input */
}

/* Sends `count` numbers from rank 0 to the other ranks, which allocate memory for them. Collective. */
static int send(const struct comm *comm, int64_t count, const char *what, double **numbers) {
  TRY(comm_agree(comm, comm->rank == 0 ? OK : alloc_array((void **)numbers, count, sizeof(double), what)));
  comm_bcast(comm, *numbers, count * (int64_t)sizeof(double), 0);
  return OK;
}

static int send_rows(const struct comm *comm, int d, struct target_rows *rows) {
  comm_bcast(comm, &rows->count, sizeof rows->count, 0);
  if (rows->count == 0) return OK;
  TRY(send(comm, rows->count * d, "data points", &rows->x));
  return send(comm, rows->count, "labels", &rows->y);
}

static int create(const struct comm *comm, struct target *target) {
  struct file *own = (struct file *)target;
  TRY(comm_agree(comm, comm->rank == 0 ? read_file(own) : OK));
  comm_bcast(comm, &target->d, sizeof target->d, 0);
  TRY(send_rows(comm, target->d, &own->train));
  return send_rows(comm, target->d, &own->test);
}

static void free_rows(struct target *target) {
  struct file *own = (struct file *)target;
  free(own->train.x);
  free(own->train.y);
  free(own->test.x);
  free(own->test.y);
}

static const struct file *file_of(const struct target *target) {
  if (target->kind != &target_file) die("target %s: it has no rows of a file", target->kind->name);
  return (const struct file *)target;
}

const struct target_rows *target_file_rows(const struct target *target) {
  return &file_of(target)->train;
}

const struct target_rows *target_file_test_rows(const struct target *target) {
  return &file_of(target)->test;
}

/* No checksum function: run/problem.c computes the checksum of the points and labels of the dataset. */
const struct target_kind target_file = {
    .name = "file",
    .title = "the labels of a file",
    .required = "target.path",
    .bytes = sizeof(struct file),
    .create = create,
    .free = free_rows,
};
