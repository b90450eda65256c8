// ranks: 1 2 3 4
/* covariance: operator and projections equal plain loops, for numbers of points below the block size, equal to it, and
 * not a multiple of it; sorted eigenvalues drawn from the null distribution have the known moments of Wishart
 * matrices. */
#include "clt/covariance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"

static const int points[] = {3, DIST_MATRIX_BLOCK, 130}, replicas[] = {150, 7, 71};

/* Returns f [R][K]: point k has mean k; a common term correlates the points. The caller frees f. */
static double *fields(int R, int K) {
  const struct rng rng = {.seed = 9, .stream = RNG_NOISE, .step = (uint64_t)K};
  double *f = malloc(sizeof *f * (size_t)R * (size_t)K), *normal = malloc(sizeof *normal * (size_t)(K + 1));
  for (int r = 0; r < R; r++) {
    rng_normal(&rng, (uint64_t)r, K + 1, normal);
    for (int k = 0; k < K; k++) f[r * K + k] = k + normal[k] / (1 + k) + normal[K];
  }
  free(normal);
  return f;
}

static int refuse(void *context, int64_t first, int64_t count, double *f) {
  (void)context, (void)count, (void)f;
  return first >= 64 ? FAIL(FAILED, "no such replicas") : OK;
}

/* Returns C [K][K] = n / K times the sample covariance; the caller frees it. */
static double *plain_operator(int R, int K, int64_t n, const double *f) {
  double *C = calloc((size_t)K * (size_t)K, sizeof *C), *mean = calloc((size_t)K, sizeof *mean);
  for (int r = 0; r < R; r++)
    for (int k = 0; k < K; k++) mean[k] += f[r * K + k] / R;
  for (int r = 0; r < R; r++)
    for (int k = 0; k < K; k++)
      for (int l = 0; l < K; l++)
        C[k * K + l] += (double)n / K * (f[r * K + k] - mean[k]) * (f[r * K + l] - mean[l]) / (R - 1);
  free(mean);
  return C;
}

static void check_against_loops(const struct dist_grid *grid, int R, int K) {
  const int64_t n = 50;
  double *f = fields(R, K), *C = plain_operator(R, K, n, f),
         *matrix_values = malloc(sizeof *matrix_values * (size_t)(K * K));
  double *values = malloc(sizeof *values * (size_t)K), *u = malloc(sizeof *u * (size_t)(2 * K)),
         *y = malloc(sizeof *y * (size_t)(2 * R)), *center = malloc(sizeof *center * (size_t)K);
  struct covariance *covariance = covariance_of(grid, n, R, K, f);
  struct dist_matrix *matrix;
  assert_ok(covariance_operator(covariance, &matrix));
  dist_matrix_get(matrix, 0, K, matrix_values);
  double worst = 0, trace = 0, sum = 0;
  for (int i = 0; i < K * K; i++) worst = fmax(worst, fabs(matrix_values[i] - C[i]));
  for (int k = 0; k < K; k++) trace += C[k * K + k];
  assert_all_for(worst < 1e-12 * trace, "R = %d, K = %d", R, K);
  assert_all_for(fabs(covariance_trace(covariance) - trace) < 1e-12 * trace, "R = %d, K = %d", R, K);

  assert_ok(covariance_leading(matrix, 2, values, u));
  for (int k = 0; k < K; k++) sum += values[k];
  assert_all_for(fabs(sum - trace) < 1e-11 * trace, "R = %d, K = %d", R, K);
  assert_all_for(values[0] >= values[1] && values[1] >= values[K - 1], "R = %d, K = %d", R, K);
  for (int k = 0; k < K; k++) center[k] = k - 0.5;
  for (int centered = 0; centered < 2; centered++) {
    assert_ok(covariance_project(covariance, 2, u, centered ? center : NULL, y));
    for (int i = 0; i < 2; i++) {
      double mean = 0, quotient = 0, off = 0;
      for (int r = 0; r < R; r++) mean += y[r * 2 + i] / R;
      for (int r = 0; r < R; r++) quotient += pow(y[r * 2 + i] - mean, 2) / (R - 1);
      assert_all_for(fabs(quotient - values[i]) < 1e-10 * trace, "R = %d, K = %d, vector %d", R, K, i); /* u' C u */
      for (int r = 0; r < R && centered; r++) {
        double plain = 0;
        for (int k = 0; k < K; k++) plain += u[i * K + k] * (f[r * K + k] - center[k]) * sqrt((double)n / K);
        off = fmax(off, fabs(plain - y[r * 2 + i]));
      }
      assert_all_for(off < 1e-10 * sqrt(trace) && (centered || fabs(mean) < 1e-10 * sqrt(trace)),
                     "R = %d, K = %d, vector %d, centered %d", R, K, i, centered);
    }
  }
  dist_matrix_free(matrix);
  covariance_free(covariance);
  free(f);
  free(C);
  free(matrix_values);
  free(values);
  free(u);
  free(y);
  free(center);
}

static void operators_equal_plain_loops(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  for (int i = 0; i < 3; i++) check_against_loops(&grid, replicas[i], points[i]);
  dist_grid_free(&grid);
}

static void failures_reach_all_ranks(void **state) {
  (void)state;
  struct dist_grid grid;
  struct covariance *covariance;
  dist_grid_create(&world, &grid);
  assert_status(FAILED, covariance_create(&grid, 1, 1, 5, &(struct covariance_reader){refuse, NULL}, &covariance));
  assert_status(FAILED, covariance_create(&grid, 1, 100, 5, &(struct covariance_reader){refuse, NULL}, &covariance));
  assert_all(strstr(error_text(), "no such replicas") != NULL);
  dist_grid_free(&grid);
}

/* For K = 2 equal eigenvalues 1 and R replicas, the sum of the sample eigenvalues is chi^2 / (R-1) with 2 degrees
 * of freedom, and the gap of the two sorted ones has mean E (v_1 - v_2) = sqrt(2 pi / R) to order 1/R (Gaussian
 * orthogonal ensemble). Over 400 draws with R = 101 the mean sum has sd sqrt(4/100/400) = 0.01 and the mean gap
 * 0.131/20 = 0.0066. The bounds are five sd; each has probability 6e-7 of a false alarm. A wrong id or seed would
 * repeat values. */
static void sorted_eigenvalues_repel(void **state) {
  (void)state;
  enum { R = 101, DRAWS = 400 };
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  double sum = 0, gap = 0, before = 0;
  for (uint64_t id = 0; id < DRAWS; id++) {
    double values[2];
    assert_ok(covariance_wishart(&grid, 2, (double[]){1, 1}, R, 4, id, values));
    sum += (values[0] + values[1]) / DRAWS;
    gap += (values[0] - values[1]) / DRAWS;
    assert_all_for(values[0] != before, "draw %d", (int)id);
    before = values[0];
  }
  assert_all_for(fabs(sum - 2) < 0.05, "the sum %g", sum);
  assert_all_for(fabs(gap - sqrt(2 * M_PI / R)) < 0.035, "the gap %g", gap);
  dist_grid_free(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operators_equal_plain_loops),
      cmocka_unit_test(failures_reach_all_ranks),
      cmocka_unit_test(sorted_eigenvalues_repel),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
