#include "data/target_file.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/points_file.h"
#include "io/relative_path.h"
#include "io/sandbox.h"

struct file {
  struct target target;
  struct target_rows train, test;
};

static int read_rows(struct h5 *file, const struct points_request *request, struct target_rows *rows, int *d) {
  struct points_file points;
  TRY(points_file_find(file, request, &points));
  *d = points.d;
  rows->count = points.count;
  TRY(alloc_copy((void **)&rows->x, rows->count * points.d, sizeof(double), "data points"));
  TRY(alloc_copy((void **)&rows->y, rows->count, sizeof(double), "labels"));
  return points_file_read(&points, 0, rows->count, rows->x, rows->y);
}

/* Reads x and y, then test_x and test_y if the file has one of them. */
static int read_pairs(void *context) {
  struct file *own = context;
  const char *path = own->target.spec.path;
  struct points_request request = {
      .path = path, .group = "", .x = "x", .y = "y", .labels = true, .d = own->target.d, .d_from = "target.d"};
  struct h5 *file;
  TRY(points_file_open(path, &file));
  int status = read_rows(file, &request, &own->train, &own->target.d);
  if (status == OK && (h5_exists(file, "/test_x") || h5_exists(file, "/test_y"))) {
    request = (struct points_request){
        .path = path, .group = "", .x = "test_x", .y = "test_y", .labels = true, .d = own->target.d, .d_from = "/x"};
    status = read_rows(file, &request, &own->test, &own->target.d);
  }
  h5_close(file);
  return status;
}

static int read_file(struct file *own) {
  if (!*own->target.spec.path)
    return FAIL(USAGE, "target.path: expected the name of an HDF5 file, received an empty string");
  if (relative_path_check(own->target.spec.path) != OK) return FAIL(USAGE, "target.path: %s", error_text());
  int status = sandbox_run(own->target.spec.path, read_pairs, own);
  if (status == OK) status = read_pairs(own);
  return status == FAILED ? FAIL(USAGE, "%s", error_text()) : status; /* a file that cannot be read is a wrong input */
}

/* Sends `count` numbers from rank 0 to the other ranks, which allocate memory for them. Collective. */
static int send(const struct comm *comm, int64_t count, const char *what, double **numbers) {
  TRY(comm_agree(comm, comm->rank == 0 ? OK : alloc_copy((void **)numbers, count, sizeof(double), what)));
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
