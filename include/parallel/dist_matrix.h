/* dense: matrices of doubles spread over all ranks, and their linear algebra: the only user of ScaLAPACK and BLACS.
 *
 * A matrix is laid block-cyclically over a grid of ranks, DIST_MATRIX_BLOCK x DIST_MATRIX_BLOCK: no rank holds more than its part.
 * Results depend on the number of ranks in their last bits: these are for analysis, never for a trajectory. Unless said
 * otherwise functions are collective over the grid's comm. */
#ifndef MCKEAN_PARALLEL_DIST_MATRIX_H
#define MCKEAN_PARALLEL_DIST_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"

enum { DIST_MATRIX_BLOCK = 64, DIST_MATRIX_LIMIT = 1 << 17 /* rows or columns */ };

struct dist_grid {
  const struct comm *comm; /* not owned */
  int context;             /* BLACS */
  int rows, columns, row, column;
};

/* All ranks in a grid as square as their number allows. */
void dist_grid_create(const struct comm *comm, struct dist_grid *grid);
void dist_grid_free(struct dist_grid *grid);

/* values[count] of all ranks are summed; every rank receives the sum. */
void dist_grid_sum(const struct dist_grid *grid, int64_t count, double *values);

struct dist_matrix {
  const struct dist_grid *grid; /* not owned */
  int rows, columns;
  int local_rows, local_columns;
  int descriptor[9];
  double *local; /* [local_columns][local_rows]: a column's own rows lie together */
};

/* All zeros. FAILED: no memory, more than DIST_MATRIX_LIMIT rows or columns. */
int dist_matrix_create(const struct dist_grid *grid, int64_t rows, int64_t columns, struct dist_matrix **dense);
void dist_matrix_free(struct dist_matrix *dense); /* local; accepts NULL */

/* Local. The row, column of the matrix that is a row, column of local. */
int dist_matrix_row(const struct dist_matrix *dense, int local_row);
int dist_matrix_column(const struct dist_matrix *dense, int local_column);

/* The diagonal of a square matrix, diagonal[rows], on all ranks; and a number added to each of its elements (local). */
void dist_matrix_diagonal(const struct dist_matrix *dense, double *diagonal);
void dist_matrix_shift(struct dist_matrix *dense, double number);

void dist_matrix_scale(struct dist_matrix *dense, double factor); /* local */

/* c = alpha op(a) op(b) + beta c, op: the transpose where asked for. */
void dist_matrix_multiply(double alpha, const struct dist_matrix *a, bool a_transposed, const struct dist_matrix *b,
                          bool b_transposed, double beta, struct dist_matrix *c);

/* Eigenvalues in ascending order on all ranks, values[rows], of a symmetric matrix (its lower triangle is read), and
 * unless NULL the orthonormal eigenvectors as columns of vectors. The matrix is overwritten. FAILED: no convergence. */
int dist_matrix_eigen(struct dist_matrix *a, double *values, struct dist_matrix *vectors);

/* b = a^-1 b by Cholesky, a symmetric positive definite (lower triangle); both are overwritten. FAILED: not definite,
 * with the leading minor at which it shows. */
int dist_matrix_solve(struct dist_matrix *a, struct dist_matrix *b);

/* Columns first .. first+count-1 as out [count][rows], on all ranks; and their setting from values that all ranks hold
 * (local). */
void dist_matrix_get(const struct dist_matrix *dense, int first, int count, double *out);
void dist_matrix_set(struct dist_matrix *dense, int first, int count, const double *values);

#endif
