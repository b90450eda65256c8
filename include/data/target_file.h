/* target_file: points and labels from a user's HDF5 file.
 *
 * The file has the datasets x (N, d) and y (N), and optionally test_x (K, d) and test_y (K); data/points_file.h states
 * which types and shapes are accepted. A child process of rank 0 reads the file first, because a damaged file may crash
 * the HDF5 library (io/sandbox.h). Then rank 0 reads the file in its own process and broadcasts the numbers. The file
 * determines the dimension d. C_f and linear_fraction are unknown (NAN).
 *
 * Errors of creation. USAGE: the file cannot be read, is not an HDF5 file or makes the HDF5 library crash; wrong
 * shapes; d > TARGET_D_MAX; more than 2^31 - 1 points; numbers that are not finite or are 1e150 or larger in absolute
 * value; no memory on rank 0. FAILED: no memory on another rank. */
#ifndef MCKEAN_DATA_TARGET_FILE_H
#define MCKEAN_DATA_TARGET_FILE_H

#include "data/target_kind.h"

extern const struct target_kind target_file;

/* Labeled points: x [count][d], y [count]. */
struct target_rows {
  int64_t count;
  double *x, *y; /* NULL if count is 0 */
};

/* Return the rows of x and y, and those of test_x and test_y (count 0: the file has none). The target must be of this
 * kind and owns the rows. Local. */
const struct target_rows *target_file_rows(const struct target *target);
const struct target_rows *target_file_test_rows(const struct target *target);

#endif
