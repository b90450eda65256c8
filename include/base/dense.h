/* dense: matrices of doubles spread over all ranks, and their linear algebra: the only user of ScaLAPACK and BLACS.
 *
 * A matrix is laid block-cyclically over a grid of ranks, DENSE_BLOCK x DENSE_BLOCK: no rank holds more than its part.
 * Results depend on the number of ranks in their last bits: these are for analysis, never for a trajectory. Unless said
 * otherwise functions are collective over the grid's comm. */
#ifndef MCKEAN_BASE_DENSE_H
#define MCKEAN_BASE_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/comm.h"

enum { DENSE_BLOCK = 64, DENSE_LIMIT = 1 << 17 /* rows or columns */ };

struct dense_grid {
  const struct comm *comm; /* not owned */
  int context;             /* BLACS */
  int rows, columns, row, column;
};

/* All ranks in a grid as square as their number allows. */
void dense_grid_create(const struct comm *comm, struct dense_grid *grid);
void dense_grid_free(struct dense_grid *grid);

/* values[count] of all ranks are summed; every rank receives the sum. */
void dense_grid_sum(const struct dense_grid *grid, int64_t count, double *values);

struct dense {
  const struct dense_grid *grid; /* not owned */
  int rows, columns;
  int local_rows, local_columns;
  int descriptor[9];
  double *local; /* [local_columns][local_rows]: a column's own rows lie together */
};

/* All zeros. FAILED: no memory, more than DENSE_LIMIT rows or columns. */
int dense_create(const struct dense_grid *grid, int64_t rows, int64_t columns, struct dense **dense);
void dense_free(struct dense *dense); /* local; accepts NULL */

/* Local. The row, column of the matrix that is a row, column of local. */
int dense_row(const struct dense *dense, int local_row);
int dense_column(const struct dense *dense, int local_column);

/* The diagonal of a square matrix, diagonal[rows], on all ranks; and a number added to each of its elements (local). */
void dense_diagonal(const struct dense *dense, double *diagonal);
void dense_shift(struct dense *dense, double number);

void dense_scale(struct dense *dense, double factor); /* local */

/* c = alpha op(a) op(b) + beta c, op: the transpose where asked for. */
void dense_multiply(double alpha, const struct dense *a, bool a_transposed, const struct dense *b, bool b_transposed,
                    double beta, struct dense *c);

/* Eigenvalues in ascending order on all ranks, values[rows], of a symmetric matrix (its lower triangle is read), and
 * unless NULL the orthonormal eigenvectors as columns of vectors. The matrix is overwritten. FAILED: no convergence. */
int dense_eigen(struct dense *a, double *values, struct dense *vectors);

/* b = a^-1 b by Cholesky, a symmetric positive definite (lower triangle); both are overwritten. FAILED: not definite,
 * with the leading minor at which it shows. */
int dense_solve(struct dense *a, struct dense *b);

/* Columns first .. first+count-1 as out [count][rows], on all ranks; and their setting from values that all ranks hold
 * (local). */
void dense_get(const struct dense *dense, int first, int count, double *out);
void dense_set(struct dense *dense, int first, int count, const double *values);

#endif
