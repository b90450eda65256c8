/* dist_matrix: dense matrices of doubles distributed over all ranks, and their linear algebra. No other file uses
 * ScaLAPACK or BLACS.
 *
 * A matrix is distributed block-cyclically over a grid of ranks, in blocks of DIST_MATRIX_BLOCK x DIST_MATRIX_BLOCK, so
 * no rank holds the whole matrix. The last bits of results depend on the number of ranks: use these functions for
 * analysis, never for a trajectory. Unless stated otherwise, functions are collective over the comm of the grid. */
#ifndef MCKEAN_PARALLEL_DIST_MATRIX_H
#define MCKEAN_PARALLEL_DIST_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"

enum { DIST_MATRIX_BLOCK = 64, DIST_MATRIX_LIMIT = 1 << 17 /* rows or columns */ };

struct dist_grid {
  const struct comm *comm;        /* not owned */
  int context;                    /* BLACS context */
  int rows, columns, row, column; /* size of the grid; position of this rank in it */
};

/* Arranges all ranks in a grid that is as nearly square as the number of ranks allows. */
void dist_grid_create(const struct comm *comm, struct dist_grid *grid);
void dist_grid_free(struct dist_grid *grid);

/* Sums values[count] over all ranks, in place; every rank receives the sums. */
void dist_grid_sum(const struct dist_grid *grid, int64_t count, double *values);

struct dist_matrix {
  const struct dist_grid *grid;  /* not owned */
  int rows, columns;             /* of the whole matrix */
  int local_rows, local_columns; /* of the part that this rank holds */
  int descriptor[9];             /* ScaLAPACK descriptor */
  double *local;                 /* [local_columns][local_rows]: the local rows of a column are contiguous */
};

/* Creates a matrix of zeros. FAILED: no memory is available, or rows or columns is not in 1 .. DIST_MATRIX_LIMIT. */
int dist_matrix_create(const struct dist_grid *grid, int64_t rows, int64_t columns, struct dist_matrix **matrix);
void dist_matrix_free(struct dist_matrix *matrix); /* local; accepts NULL */

/* Local. Return the global index of a row or a column of `local`. */
int dist_matrix_row(const struct dist_matrix *matrix, int local_row);
int dist_matrix_column(const struct dist_matrix *matrix, int local_column);

/* Copies the diagonal of a square matrix to diagonal[rows] on all ranks. */
void dist_matrix_diagonal(const struct dist_matrix *matrix, double *diagonal);

/* Local. Adds a number to every diagonal element of a square matrix. */
void dist_matrix_shift(struct dist_matrix *matrix, double number);

/* Local. Multiplies all elements by factor. */
void dist_matrix_scale(struct dist_matrix *matrix, double factor);

/* c = alpha op(a) op(b) + beta c, where op is the transpose if the corresponding flag is set. */
void dist_matrix_multiply(double alpha, const struct dist_matrix *a, bool a_transposed, const struct dist_matrix *b,
                          bool b_transposed, double beta, struct dist_matrix *c);

/* Computes the eigenvalues of a symmetric matrix, of which it reads the lower triangle. values[rows]: in ascending
 * order, on all ranks. vectors: receives orthonormal eigenvectors as columns; NULL: not computed. Overwrites a. FAILED:
 * no convergence, or no memory is available. */
int dist_matrix_eigen(struct dist_matrix *a, double *values, struct dist_matrix *vectors);

/* b = a^-1 b by Cholesky factorization of a symmetric positive definite matrix, of which it reads the lower triangle.
 * Overwrites a and b. FAILED: a is not positive definite; the message states the order of the first leading minor that
 * is not positive. */
int dist_matrix_solve(struct dist_matrix *a, struct dist_matrix *b);

/* Copies columns first .. first+count-1 to out [count][rows] on all ranks. */
void dist_matrix_get(const struct dist_matrix *matrix, int first, int count, double *out);

/* Local. Sets columns first .. first+count-1 from values [count][rows], which are the same on all ranks. */
void dist_matrix_set(struct dist_matrix *matrix, int first, int count, const double *values);

#endif
