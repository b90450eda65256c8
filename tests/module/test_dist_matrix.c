// ranks: 1 2 3 4
/* dist_matrix: distributed matrices equal plain loops and LAPACK on one rank. Arrays are column-major. */
#include "parallel/dist_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "harness.h"

/* LAPACK, in OpenBLAS. */
void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *leading, double *w, double *work,
            const int *work_size, int *info);

/* Sizes below the block size, equal to it, and not a multiple of it. With 4 ranks, some ranks own no element of the
 * smallest matrix. */
static const int sizes[] = {3, DIST_MATRIX_BLOCK, 130, 211};
enum { SIZES = sizeof sizes / sizeof *sizes };

static double *random_matrix(int rows, int columns, uint64_t id) {
  double *a = malloc(sizeof *a * (size_t)(rows * columns));
  const struct rng rng = {.seed = 7, .stream = RNG_NOISE};
  rng_normal(&rng, id, rows * columns, a);
  return a;
}

/* Returns a a^T / n + I, symmetric positive definite, for a random matrix a; the caller frees it. */
static double *definite_matrix(int n, uint64_t id) {
  double *a = random_matrix(n, n, id), *s = malloc(sizeof *s * (size_t)(n * n));
  for (int j = 0; j < n; j++)
    for (int i = 0; i < n; i++) {
      double sum = i == j;
      for (int k = 0; k < n; k++) sum += a[k * n + i] * a[k * n + j] / n;
      s[j * n + i] = sum;
    }
  free(a);
  return s;
}

static struct dist_matrix *spread(const struct dist_grid *grid, int rows, int columns, const double *values) {
  struct dist_matrix *dense;
  assert_ok(dist_matrix_create(grid, rows, columns, &dense));
  dist_matrix_set(dense, 0, columns, values);
  return dense;
}

static double largest_difference(int count, const double *a, const double *b) {
  double largest = 0;
  for (int i = 0; i < count; i++) largest = fmax(largest, fabs(a[i] - b[i]));
  return largest;
}

static void elements_are_read_back(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  for (int s = 0; s < SIZES; s++) {
    const int rows = sizes[s], columns = sizes[SIZES - 1 - s];
    double *values = random_matrix(rows, columns, (uint64_t)s), *back = malloc(sizeof *back * (size_t)(rows * columns));
    struct dist_matrix *dense = spread(&grid, rows, columns, values);
    assert_all_for(comm_sum(&world, (int64_t)dense->local_rows * dense->local_columns) == (int64_t)rows * columns,
                   "%d rows, %d columns", rows, columns);
    dist_matrix_get(dense, 0, columns, back);
    assert_all_for(memcmp(values, back, sizeof *back * (size_t)(rows * columns)) == 0, "%d rows, %d columns", rows,
                   columns);
    dist_matrix_free(dense);
    free(values);
    free(back);
  }
  dist_grid_free(&grid);
}

static void scale_shift_and_diagonal_equal_plain_loops(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  for (int s = 0; s < SIZES; s++) {
    const int n = sizes[s];
    double *values = random_matrix(n, n, (uint64_t)s), *back = malloc(sizeof *back * (size_t)(n * n)), diagonal[256];
    struct dist_matrix *dense = spread(&grid, n, n, values);
    dist_matrix_scale(dense, 3);
    dist_matrix_shift(dense, 0.5);
    dist_matrix_diagonal(dense, diagonal);
    dist_matrix_get(dense, 0, n, back);
    for (int i = 0; i < n * n; i++)
      expect(back[i] == 3 * values[i] + (i % (n + 1) ? 0 : 0.5), "n = %d, row %d, column %d", n, i % n, i / n);
    for (int i = 0; i < n; i++) expect(diagonal[i] == back[i * (n + 1)], "n = %d, row %d", n, i);
    assert_expected();
    dist_matrix_free(dense);
    free(values);
    free(back);
  }
  dist_grid_free(&grid);
}

static void products_equal_plain_loops(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  const int m = 70, k = 130, n = 65;
  double *a = random_matrix(k, m, 1), *b = random_matrix(k, n, 2), *c = malloc(sizeof *c * (size_t)(m * n)),
         *product = malloc(sizeof *product * (size_t)(m * n));
  for (int j = 0; j < n; j++)
    for (int i = 0; i < m; i++) {
      double sum = 0;
      for (int l = 0; l < k; l++) sum += a[i * k + l] * b[j * k + l];
      c[j * m + i] = 2 * sum;
    }
  struct dist_matrix *da = spread(&grid, k, m, a), *db = spread(&grid, k, n, b), *dc;
  assert_ok(dist_matrix_create(&grid, m, n, &dc));
  dist_matrix_multiply(2, da, true, db, false, 0, dc);
  dist_matrix_get(dc, 0, n, product);
  assert_all(largest_difference(m * n, c, product) < 1e-11);
  dist_matrix_free(da);
  dist_matrix_free(db);
  dist_matrix_free(dc);
  free(a);
  free(b);
  free(c);
  free(product);
  dist_grid_free(&grid);
}

/* Eigenvalues equal those of LAPACK's dsyev on one rank within 1e-12 of the largest; eigenvectors satisfy A z = w z. */
static void eigenvalues_and_vectors_equal_those_of_lapack(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  for (int s = 0; s < SIZES; s++) {
    const int n = sizes[s];
    double *a = definite_matrix(n, 10 + (uint64_t)s), *copy = malloc(sizeof *copy * (size_t)(n * n));
    double *expected = malloc(sizeof *expected * (size_t)n), *values = malloc(sizeof *values * (size_t)n),
           *z = malloc(sizeof *z * (size_t)(n * n));
    memcpy(copy, a, sizeof *copy * (size_t)(n * n));
    double work[4 * 256];
    const int work_size = 4 * 256;
    int info;
    dsyev_("N", "L", &n, copy, &n, expected, work, &work_size, &info);
    assert_all_for(info == 0, "n = %d", n);
    struct dist_matrix *matrix = spread(&grid, n, n, a), *vectors;
    assert_ok(dist_matrix_create(&grid, n, n, &vectors));
    assert_ok(dist_matrix_eigen(matrix, values, vectors));
    assert_all_for(largest_difference(n, values, expected) < 1e-12 * expected[n - 1], "n = %d", n);
    dist_matrix_get(vectors, 0, n, z);
    double worst = 0;
    for (int v = 0; v < n; v++)
      for (int i = 0; i < n; i++) {
        double sum = -values[v] * z[v * n + i];
        for (int k = 0; k < n; k++) sum += a[k * n + i] * z[v * n + k];
        worst = fmax(worst, fabs(sum));
      }
    assert_all_for(worst < 1e-12 * expected[n - 1] * sqrt(n), "n = %d", n);
    dist_matrix_set(matrix, 0, n, a);
    assert_ok(dist_matrix_eigen(matrix, values, NULL));
    assert_all_for(largest_difference(n, values, expected) < 1e-12 * expected[n - 1], "n = %d", n);
    dist_matrix_free(matrix);
    dist_matrix_free(vectors);
    free(a);
    free(copy);
    free(expected);
    free(values);
    free(z);
  }
  dist_grid_free(&grid);
}

static void linear_systems_are_solved(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  const int n = 130;
  double *a = definite_matrix(n, 20), x[2][130], b[2][130];
  for (int c = 0; c < 2; c++)
    for (int i = 0; i < n; i++) {
      b[c][i] = 0;
      for (int k = 0; k < n; k++) b[c][i] += a[k * n + i] * (k + c);
    }
  struct dist_matrix *matrix = spread(&grid, n, n, a), *right = spread(&grid, n, 2, b[0]);
  assert_ok(dist_matrix_solve(matrix, right));
  dist_matrix_get(right, 0, 2, x[0]);
  double worst = 0;
  for (int c = 0; c < 2; c++)
    for (int k = 0; k < n; k++) worst = fmax(worst, fabs(x[c][k] - (k + c)));
  assert_all(worst < 1e-10);

  a[5 * n + 5] = -1;
  dist_matrix_set(matrix, 0, n, a);
  assert_status(FAILED, dist_matrix_solve(matrix, right));
  assert_all(strstr(error_text(), "order 6") != NULL);
  dist_matrix_free(matrix);
  dist_matrix_free(right);
  free(a);
  dist_grid_free(&grid);
}

static void sizes_out_of_range_are_refused(void **state) {
  (void)state;
  struct dist_grid grid;
  struct dist_matrix *dense;
  dist_grid_create(&world, &grid);
  assert_status(FAILED, dist_matrix_create(&grid, 0, 1, &dense));
  assert_status(FAILED, dist_matrix_create(&grid, 1, DIST_MATRIX_LIMIT + 1, &dense));
  dist_grid_free(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elements_are_read_back),     cmocka_unit_test(scale_shift_and_diagonal_equal_plain_loops),
      cmocka_unit_test(products_equal_plain_loops), cmocka_unit_test(eigenvalues_and_vectors_equal_those_of_lapack),
      cmocka_unit_test(linear_systems_are_solved),  cmocka_unit_test(sizes_out_of_range_are_refused),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
