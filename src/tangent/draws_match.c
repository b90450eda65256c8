/* Matches the second moments of draws to their expectation, in the directions of eps in which the contributions of the
 * units to f vary most.
 *
 * S [Q][N]: at each recorded time, psi_i(x_p) = c_i phi(x_p, z_i), divided by its norm over units and points, times
 * normal random numbers; summed over points and times. This is the randomized range finder of Halko, Martinsson and
 * Tropp (2011), applied to the matrix of all psi, with Q = 4 M rows, at most 256.
 * V = T' S [R][N]: the leading right singular vectors of S, with V V'/N = 1.
 * W = V eps'/sqrt N [R][M]: the coefficients of the draws. They become (W W')^-1/2 W, times sqrt M, or sqrt(2 M) if
 * both units of a mirrored pair have the same eps, because the variance of a coefficient is then 2. The result does
 * not depend on the signs and the order of the rows of V. What is orthogonal to V does not change. */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "draws_state.h"
#include "parallel/comm.h"
#include "particles/number.h"
#include "tangent/draws.h"

/* Eigenvalues below this fraction of the largest are rounding errors; they are ignored. */
static const double TOLERANCE_SINGLE = 1e-6, TOLERANCE_DOUBLE = 1e-13;

static void *rows_S(const struct draws *draws, int64_t block) {
  return at(draws, draws->S, block * draws->directions * BLOCK);
}

static int units_of(const struct draws *draws, int64_t block) {
  return block_units(local_network_units(draws->local), block);
}

/* Sums over all units of the network. */
static void sum_over_ranks(const struct draws *draws, double *sums, int64_t count) {
  if (draws->local->group) comm_sum_reals(draws->local->group, sums, count, sizeof *sums);
}

/* ---- sketch ---- */

static double c_of(const struct draws *draws, const struct space *space, int unit) {
  return number_get(draws->real, space->theta, (size_t)(ROW_C * BLOCK + unit));
}

/* Returns the sum of psi^2 over the units of a block and the training points. */
static double square_of_block(const struct draws *draws, int64_t block, struct space *space) {
  const struct points *points = &draws->training->points;
  double sum = 0;
  draws_set_theta(draws, block, space);
  for (int first = 0; first < points->count; first += chunk_size(points)) {
    draws_evaluate(draws, points, first, space);
    for (int p = 0; p < chunk_count(points, first); p++)
      for (int i = 0; i < BLOCK; i++)
        sum += pow(c_of(draws, space, i) * number_get(draws->real, space->h, (size_t)(p * BLOCK + i)), 2);
  }
  return sum;
}

/* Adds the contributions of a block. sums: reals [Q][BLOCK], work space. */
static void add_block(const struct draws *draws, int64_t block, double norm, void *sums, struct space *space) {
  const struct points *points = &draws->training->points;
  const int Q = draws->directions;
  draws_set_theta(draws, block, space);
  for (int first = 0; first < points->count; first += chunk_size(points)) {
    draws_evaluate(draws, points, first, space);
    draws_multiply(draws->real, false, Q, BLOCK, chunk_count(points, first), at(draws, draws->omega, first),
                   points->count, space->h, BLOCK, first > 0, sums, BLOCK);
  }
  for (int q = 0; q < Q; q++)
    for (int i = 0; i < BLOCK; i++) {
      const size_t index = (size_t)(q * BLOCK + i);
      number_put(draws->real, rows_S(draws, block), index,
                 number_get(draws->real, rows_S(draws, block), index) +
                     c_of(draws, space, i) * number_get(draws->real, sums, index) / norm);
    }
}

static void add_blocks(const struct draws *draws) {
  const int64_t blocks = draws->local->blocks;
  double square = 0, *squares = alloc_small(sizeof *squares * (size_t)(blocks + 1));
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int64_t block = 0; block < blocks; block++)
    squares[block] = square_of_block(draws, block, &draws->space[omp_get_thread_num()]);
  for (int64_t block = 0; block < blocks; block++) square += squares[block]; /* in one order for any threads */
  free(squares);
  sum_over_ranks(draws, &square, 1);
#pragma omp parallel num_threads(draws->threads)
  {
    void *sums = alloc_small(draws->real * (size_t)(draws->directions * BLOCK));
#pragma omp for schedule(dynamic)
    for (int64_t block = 0; block < blocks; block++)
      add_block(draws, block, square > 0 ? sqrt(square) : 1, sums, &draws->space[omp_get_thread_num()]);
    free(sums);
  }
}

void draws_sketch(struct draws *draws, uint64_t seed, int time) {
  const int Q = draws->directions, P = draws->training->points.count;
  const struct rng rng = {seed, RNG_DRAWS, network_key(draws->local->n, draws->local->replica), 1 + (uint64_t)time};
  double *normal = alloc_small(sizeof *normal * (size_t)Q);
  for (int p = 0; p < P; p++) {
    rng_normal(&rng, (uint64_t)p, Q, normal);
    for (int q = 0; q < Q; q++) number_put(draws->real, draws->omega, (size_t)q * (size_t)P + (size_t)p, normal[q]);
  }
  add_blocks(draws);
  free(normal);
}

/* ---- match ---- */

/* Replaces S of the two units of each mirrored pair, which have the same eps, by their mean. */
static void average_pairs(const struct draws *draws) {
  for (int64_t block = 0; block < draws->local->blocks; block++)
    for (int q = 0; q < draws->directions; q++) {
      void *row = at(draws, rows_S(draws, block), q * BLOCK);
      for (size_t i = 0; i < (size_t)units_of(draws, block); i += 2) {
        const double mean = (number_get(draws->real, row, i) + number_get(draws->real, row, i + 1)) / 2;
        number_put(draws->real, row, i, mean);
        number_put(draws->real, row, i + 1, mean);
      }
    }
}

/* Subtracts the mean over units. */
static void center(const struct draws *draws) {
  const int Q = draws->directions;
  double *mean = alloc_small(sizeof *mean * (size_t)Q);
  memset(mean, 0, sizeof *mean * (size_t)Q);
  for (int subtract = 0; subtract < 2; subtract++) {
    for (int64_t block = 0; block < draws->local->blocks; block++)
      for (int q = 0; q < Q; q++) {
        void *row = at(draws, rows_S(draws, block), q * BLOCK);
        for (size_t i = 0; i < (size_t)units_of(draws, block); i++)
          if (subtract)
            number_put(draws->real, row, i, number_get(draws->real, row, i) - mean[q]);
          else
            mean[q] += number_get(draws->real, row, i) / (double)draws->local->n;
      }
    if (!subtract) sum_over_ranks(draws, mean, Q);
  }
  free(mean);
}

/* gram [Q][Q] = S S'/N; coefficients [M][Q] = (sqrt N eps) S'/N. */
static void set_products(const struct draws *draws, double *gram, double *coefficients) {
  const int Q = draws->directions, M = draws->count;
  void *own = alloc_small(draws->real * (size_t)(Q > M ? Q : M) * (size_t)Q);
  memset(gram, 0, sizeof *gram * (size_t)Q * (size_t)Q);
  memset(coefficients, 0, sizeof *coefficients * (size_t)M * (size_t)Q);
  for (int64_t block = 0; block < draws->local->blocks; block++) {
    const void *S = rows_S(draws, block);
    draws_multiply(draws->real, true, Q, Q, BLOCK, S, BLOCK, S, BLOCK, 0, own, Q);
    for (int64_t i = 0; i < (int64_t)Q * Q; i++)
      gram[i] += number_get(draws->real, own, (size_t)i) / (double)draws->local->n;
    draws_multiply(draws->real, true, M, Q, BLOCK, block_c(draws, draws->eps, block, 0), BLOCK, S, BLOCK, 0, own, Q);
    for (int64_t i = 0; i < (int64_t)M * Q; i++)
      coefficients[i] += number_get(draws->real, own, (size_t)i) / (double)draws->local->n;
  }
  free(own);
  sum_over_ranks(draws, gram, (int64_t)Q * Q);
  sum_over_ranks(draws, coefficients, (int64_t)M * Q);
}

/* The leading eigenvalues D and eigenvectors of a [size][size]: U [size][rank] and root [rank] = D^-1/2. Returns rank:
 * at most `limit`, and only eigenvalues above `tolerance` times the largest. */
static int leading(int size, const double *a, int limit, double tolerance, double *U, double *root) {
  const size_t n = (size_t)size;
  gsl_matrix *matrix = gsl_matrix_alloc(n, n), *vectors = gsl_matrix_alloc(n, n);
  gsl_vector *values = gsl_vector_alloc(n);
  gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
  int rank = 0;
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) gsl_matrix_set(matrix, (size_t)i, (size_t)j, a[(int64_t)i * size + j]);
  gsl_eigen_symmv(matrix, values, vectors, work);
  gsl_eigen_symmv_sort(values, vectors, GSL_EIGEN_SORT_VAL_DESC);
  const double least = tolerance * gsl_vector_get(values, 0);
  for (; rank < limit && gsl_vector_get(values, (size_t)rank) > least; rank++)
    root[rank] = 1 / sqrt(gsl_vector_get(values, (size_t)rank));
  for (int i = 0; i < size; i++)
    for (int r = 0; r < rank; r++) U[(int64_t)i * rank + r] = gsl_matrix_get(vectors, (size_t)i, (size_t)r);
  gsl_eigen_symmv_free(work);
  gsl_vector_free(values);
  gsl_matrix_free(vectors);
  gsl_matrix_free(matrix);
  return rank;
}

/* a [rows][columns] *= diag(factor) from the right. */
static void scale_columns(int rows, int columns, const double *factor, double *a) {
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) a[(int64_t)i * columns + j] *= factor[j];
}

static double *new_matrix(int rows, int columns) {
  return alloc_small(sizeof(double) * (size_t)rows * (size_t)columns);
}

/* Replaces W' [M][R] by the transpose of factor (W W')^-1/2 W - W. */
static void set_change(int M, int R, double factor, double *W) {
  double *gram = new_matrix(R, R), *U = new_matrix(R, R), *root = new_matrix(R, 1), *X = new_matrix(M, R);
  memset(gram, 0, sizeof *gram * (size_t)(R * R));
  for (int m = 0; m < M; m++)
    for (int i = 0; i < R; i++)
      for (int j = 0; j < R; j++) gram[i * R + j] += W[(int64_t)m * R + i] * W[(int64_t)m * R + j];
  const int rank = leading(R, gram, R, TOLERANCE_DOUBLE, U, root);
  for (int r = 0; r < rank; r++) root[r] = factor * root[r] - 1;
  draws_multiply(sizeof *W, false, M, rank, R, W, R, U, rank, 0, X, rank);
  scale_columns(M, rank, root, X);
  draws_multiply(sizeof *W, true, M, R, rank, X, rank, U, rank, 0, W, R);
  free(gram);
  free(U);
  free(root);
  free(X);
}

/* Stored eps += change S; change [M][Q]. */
static void add_change(const struct draws *draws, const double *change) {
  const int Q = draws->directions, M = draws->count;
  void *factor = alloc_small(draws->real * (size_t)M * (size_t)Q);
  for (int64_t i = 0; i < (int64_t)M * Q; i++) number_put(draws->real, factor, (size_t)i, change[i]);
  for (int64_t block = 0; block < draws->local->blocks; block++)
    draws_multiply(draws->real, false, M, units_of(draws, block), Q, factor, Q, rows_S(draws, block), BLOCK, 1,
                   block_c(draws, draws->eps, block, 0), BLOCK);
  free(factor);
}

void draws_match(struct draws *draws) {
  const bool mirror = draws->particles->unit.mirror;
  const int Q = draws->directions, M = draws->count;
  double *gram = new_matrix(Q, Q), *U = new_matrix(Q, Q), *root = new_matrix(Q, 1), *coefficients = new_matrix(M, Q),
         *W = new_matrix(M, Q);
  if (mirror) average_pairs(draws);
  center(draws);
  set_products(draws, gram, coefficients);
  const int R =
      leading(Q, gram, M < Q ? M : Q, draws->real == sizeof(double) ? TOLERANCE_DOUBLE : TOLERANCE_SINGLE, U, root);
  if (R > 0) {
    draws_multiply(sizeof *W, false, M, R, Q, coefficients, Q, U, R, 0, W, R);
    scale_columns(M, R, root, W);
    set_change(M, R, sqrt((mirror ? 2.0 : 1.0) * M), W);
    scale_columns(M, R, root, W);
    draws_multiply(sizeof *W, true, M, Q, R, W, R, U, R, 0, coefficients, Q);
    add_change(draws, coefficients);
  }
  free(gram);
  free(U);
  free(root);
  free(coefficients);
  free(W);
  free(draws->S);
  free(draws->omega);
  draws->S = draws->omega = NULL;
}
