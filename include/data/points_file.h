/* points_file: points x, and their labels y, in a user's HDF5 file.
 *
 * x has the shape (N, d), or (N) for d = 1; y has the shape (N) or (N, 1). Numbers are integers of 8 to 64 bits,
 * floats, doubles, or bool (read as 0 and 1). All functions are local. USAGE: the file cannot be read or has another
 * content; the message states what was expected, what was received, where, and what to do. A damaged file may crash the
 * HDF5 library: read it in a child process first (io/sandbox.h). */
#ifndef MCKEAN_DATA_POINTS_FILE_H
#define MCKEAN_DATA_POINTS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "io/h5.h"

struct points_file {
  struct h5 *file;
  const char *path;
  char x[128], y[128]; /* paths of the datasets */
  int x_rank, y_rank;  /* 1 or 2; y_rank 0: no labels */
  int64_t count;
  int d;
};

/* Opens the file. *file: closed by the caller with h5_close; NULL on failure. */
int points_file_open(const char *path, struct h5 **file);

/* Finds the datasets `x` and `y` in a group ("" for the root, or "/test") of an open file, and checks their types and
 * shapes. labels: y is required. d: the required dimension, 0: any up to TARGET_D_MAX; d_from: what requires it, such
 * as "target.d" or "x". path and file must outlive *points. */
struct points_request {
  const char *path, *group, *x, *y;
  bool labels;
  int d;
  const char *d_from;
};
int points_file_find(struct h5 *file, const struct points_request *request, struct points_file *points);

/* Reads points first .. first+count-1: x [count][d] and, unless y is NULL or the file has no labels, y [count]. Also
 * USAGE: a number is not finite, or is 1e150 or larger in absolute value (labels are squared and summed). */
int points_file_read(const struct points_file *points, int64_t first, int64_t count, double *x, double *y);

#endif
