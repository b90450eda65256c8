/* target_file: points and labels from a user's HDF5 file.
 *
 * The file has the datasets x (N, d) and y (N), and optionally test_x (K, d) and test_y (K), with integers or
 * floating-point numbers. Rank 0 reads the file, first in a child process (io/sandbox.h), and sends the numbers to all
 * ranks. The dimension d is that of the file. C_f and linear_fraction are not known.
 *
 * Errors of creation, all USAGE: a file that cannot be read, is not an HDF5 file or makes the HDF5 library crash; wrong
 * shapes; d > TARGET_D_MAX; numbers that are not finite or are 1e150 or larger in absolute value. FAILED: no memory on
 * a rank other than 0. */
#ifndef MCKEAN_DATA_TARGET_FILE_H
#define MCKEAN_DATA_TARGET_FILE_H

#include "data/target_kind.h"

extern const struct target_kind target_file;

/* Labelled points: x [count][d], y [count]. */
struct target_rows {
  int64_t count;
  double *x, *y; /* NULL if count is 0 */
};

/* The rows of x, y and of test_x, test_y (count 0: the file has none), owned by the target, which must be of this kind.
 * Local. */
const struct target_rows *target_file_rows(const struct target *target);
const struct target_rows *target_file_test_rows(const struct target *target);

#endif
