/* Matches the second moments of draws to their expectation, in the directions of eps in which the contributions of the
 * units to f vary most.
 *
 * S [Q][N]: at each recorded time, psi_i(x_p) = c_i phi(x_p, z_i) times normal random numbers, summed over points and
 * times: the randomized range finder of Halko, Martinsson and Tropp (2011), applied to the matrix of all psi. The rows
 * of V = L^-1 S, with L L' = S S'/N, are orthogonal. W = V eps'/sqrt N [Q][M] are the coefficients of the draws; they
 * are replaced by the matrix with rows of length sqrt M that Gram and Schmidt's method makes of them. What is
 * orthogonal to V does not change. */
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "draws_state.h"
#include "parallel/comm.h"
#include "particles/number.h"
#include "tangent/draws.h"

/* A direction counts as a combination of those before it if this share of its square is left. The sums S have 7 digits
 * in single precision. */
static const double TOLERANCE_S = 1e-6, TOLERANCE_W = 1e-12;

static void *rows_S(const struct draws *draws, int64_t block) {
  return at(draws, draws->S, block * draws->directions * BLOCK);
}

static int units_of(const struct draws *draws, int64_t block) {
  return block_units(local_network_units(draws->local), block);
}

/* ---- sketch ---- */

/* Adds the contributions of a block. omega: reals [Q][points]. */
static void add_block(const struct draws *draws, int64_t block, const void *omega, struct space *space) {
  const struct points *points = &draws->training->points;
  const int Q = draws->directions;
  void *sums = space->force_c;
  draws_set_theta(draws, block, space);
  for (int first = 0; first < points->count; first += chunk_size(points)) {
    draws_evaluate(draws, points, first, space);
    draws_multiply(draws->real, false, Q, BLOCK, chunk_count(points, first), at(draws, omega, first), points->count,
                   space->h, BLOCK, first > 0, sums, BLOCK);
  }
  for (int q = 0; q < Q; q++)
    for (int i = 0; i < BLOCK; i++) {
      const size_t index = (size_t)(q * BLOCK + i);
      number_put(draws->real, rows_S(draws, block), index,
                 number_get(draws->real, rows_S(draws, block), index) +
                     number_get(draws->real, space->theta, (size_t)(ROW_C * BLOCK + i)) *
                         number_get(draws->real, sums, index));
    }
}

int draws_sketch(struct draws *draws, uint64_t seed, int time) {
  const int Q = draws->directions, P = draws->training->points.count;
  const struct rng rng = {seed, RNG_DRAWS, network_key(draws->local->n, draws->local->replica), 1 + (uint64_t)time};
  const int64_t numbers = draws->local->blocks * Q * BLOCK;
  void *omega;
  if (!draws->S) {
    TRY(alloc_array(&draws->S, numbers, draws->real, "directions of the draws"));
    memset(draws->S, 0, draws->real * (size_t)numbers);
  }
  TRY(alloc_copy(&omega, (int64_t)Q * P, draws->real, "directions of the draws"));
  double *normal = alloc_small(sizeof *normal * (size_t)Q);
  for (int p = 0; p < P; p++) {
    rng_normal(&rng, (uint64_t)p, Q, normal);
    for (int q = 0; q < Q; q++) number_put(draws->real, omega, (size_t)(q * P + p), normal[q]);
  }
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int64_t block = 0; block < draws->local->blocks; block++)
    add_block(draws, block, omega, &draws->space[omp_get_thread_num()]);
  free(normal);
  free(omega);
  return OK;
}

/* ---- match ---- */

/* Sums over all units of the network. */
static void sum_over_ranks(const struct draws *draws, double *sums, int64_t count) {
  if (draws->local->group) comm_sum_reals(draws->local->group, sums, count, sizeof *sums);
}

/* The units of a mirrored pair have the same eps: their S becomes its mean. */
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

/* products [Q][Q + M] = S S'/N, and S times the stored eps, sqrt N eps, over N. */
static void set_products(const struct draws *draws, double *products) {
  const int Q = draws->directions, M = draws->count, columns = Q + M;
  void *own = alloc_small(draws->real * (size_t)Q * (size_t)columns);
  memset(products, 0, sizeof *products * (size_t)Q * (size_t)columns);
  for (int64_t block = 0; block < draws->local->blocks; block++) {
    const void *S = rows_S(draws, block);
    draws_multiply(draws->real, true, Q, Q, BLOCK, S, BLOCK, S, BLOCK, 0, own, columns);
    draws_multiply(draws->real, true, Q, M, BLOCK, S, BLOCK, block_c(draws, draws->eps, block, 0), BLOCK, 0,
                   at(draws, own, Q), columns);
    for (int64_t i = 0; i < (int64_t)Q * columns; i++)
      products[i] += number_get(draws->real, own, (size_t)i) / (double)draws->local->n;
  }
  free(own);
  sum_over_ranks(draws, products, (int64_t)Q * columns);
}

/* The lower triangle of a [size][stride] becomes L, L L' = a. Rows and columns of L are zero where at most a share
 * `tolerance` of the diagonal is left. */
static void factorize(int size, int stride, double tolerance, double *a) {
  for (int k = 0; k < size; k++) {
    double *row = a + (int64_t)k * stride, left = row[k];
    for (int j = 0; j < k; j++) {
      const double *before = a + (int64_t)j * stride;
      for (int l = 0; l < j; l++) row[j] -= row[l] * before[l];
      row[j] = before[j] > 0 ? row[j] / before[j] : 0;
      left -= row[j] * row[j];
    }
    const bool kept = left > tolerance * row[k];
    for (int j = 0; j < k && !kept; j++) row[j] = 0;
    row[k] = kept ? sqrt(left) : 0;
  }
}

/* b [size][columns] = L^-1 b, or L'^-1 b; zero in rows where L is zero. */
static void solve(int size, int stride, const double *L, bool transpose, int columns, int b_stride, double *b) {
  for (int step = 0; step < size; step++) {
    const int k = transpose ? size - 1 - step : step;
    const double pivot = L[(int64_t)k * stride + k];
    double *row = b + (int64_t)k * b_stride;
    for (int j = transpose ? k + 1 : 0; j < (transpose ? size : k); j++) {
      const double factor = transpose ? L[(int64_t)j * stride + k] : L[(int64_t)k * stride + j];
      for (int m = 0; m < columns && factor != 0; m++) row[m] -= factor * b[(int64_t)j * b_stride + m];
    }
    for (int m = 0; m < columns; m++) row[m] = pivot > 0 ? row[m] / pivot : 0;
  }
}

/* change [Q][M] = what the coefficients W [Q][M] lack to have orthogonal rows of length sqrt M. */
static void set_change(int Q, int M, const double *W, int stride, double *change) {
  double *gram = alloc_small(sizeof *gram * (size_t)Q * (size_t)Q);
  memset(gram, 0, sizeof *gram * (size_t)Q * (size_t)Q);
  for (int k = 0; k < Q; k++) {
    for (int l = 0; l <= k; l++)
      for (int m = 0; m < M; m++) gram[(int64_t)k * Q + l] += W[(int64_t)k * stride + m] * W[(int64_t)l * stride + m];
    memcpy(change + (int64_t)k * M, W + (int64_t)k * stride, sizeof *change * (size_t)M);
  }
  factorize(Q, Q, TOLERANCE_W, gram);
  solve(Q, Q, gram, false, M, M, change);
  for (int k = 0; k < Q; k++)
    for (int m = 0; m < M; m++) {
      double *to = &change[(int64_t)k * M + m];
      *to = gram[(int64_t)k * Q + k] > 0 ? sqrt(M) * *to - W[(int64_t)k * stride + m] : 0;
    }
  free(gram);
}

/* Stored eps += change' S. */
static void add_change(const struct draws *draws, const double *change) {
  const int Q = draws->directions, M = draws->count;
  void *factor = alloc_small(draws->real * (size_t)M * (size_t)Q);
  for (int m = 0; m < M; m++)
    for (int q = 0; q < Q; q++)
      number_put(draws->real, factor, (size_t)((int64_t)m * Q + q), change[(int64_t)q * M + m]);
  for (int64_t block = 0; block < draws->local->blocks; block++)
    draws_multiply(draws->real, false, M, units_of(draws, block), Q, factor, Q, rows_S(draws, block), BLOCK, 1,
                   block_c(draws, draws->eps, block, 0), BLOCK);
  free(factor);
}

void draws_match(struct draws *draws) {
  const int Q = draws->directions, M = draws->count, stride = Q + M;
  double *products = alloc_small(sizeof *products * (size_t)Q * (size_t)stride);
  double *change = alloc_small(sizeof *change * (size_t)Q * (size_t)M);
  if (draws->particles->unit.mirror) average_pairs(draws);
  center(draws);
  set_products(draws, products);
  factorize(Q, stride, TOLERANCE_S, products);
  solve(Q, stride, products, false, M, stride, products + Q);
  set_change(Q, M, products + Q, stride, change);
  solve(Q, stride, products, true, M, M, change);
  add_change(draws, change);
  free(products);
  free(change);
  free(draws->S);
  draws->S = NULL;
}
