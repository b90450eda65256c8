// ranks: 1
/* symmetric: the eigenvalues of matrices whose eigenvalues are known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "harness.h"
#include "tangent/symmetric.h"

enum { SIZE = 120 };

static double a[SIZE * SIZE], values[SIZE], work[4 * SIZE];

/* a = H diag(known) H with a random reflection H. */
static void conjugate(int size, const double *known) {
  const struct rng rng = {3, RNG_LANCZOS, 0, 0};
  double v[SIZE], square = 0;
  rng_normal(&rng, 0, size, v);
  for (int i = 0; i < size; i++) square += v[i] * v[i];
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) {
      double sum = 0;
      for (int k = 0; k < size; k++)
        sum += ((i == k) - 2 * v[i] * v[k] / square) * known[k] * ((k == j) - 2 * v[k] * v[j] / square);
      a[i * size + j] = sum;
    }
}

/* Second differences: 2 - 2 cos(pi j/(size + 1)), j = 1 .. size. */
static void eigenvalues_of_second_differences(void **state) {
  (void)state;
  for (int size = 1; size <= SIZE; size += 7) {
    for (int i = 0; i < size * size; i++) a[i] = i / size == i % size ? 2 : abs(i / size - i % size) == 1 ? -1 : 0;
    symmetric_eigenvalues(size, a, values, work);
    for (int j = 0; j < size; j++)
      expect(fabs(values[j] - 2 + 2 * cos(M_PI * (j + 1) / (size + 1))) < 1e-14 * size, "size %d, value %d: %.17g",
             size, j, values[j]);
  }
  assert_expected();
}

static void eigenvalues_of_dense_matrices(void **state) {
  (void)state;
  double known[SIZE];
  for (int i = 0; i < SIZE; i++) known[i] = i < 40 ? -3 : i < 80 ? 0 : exp(0.2 * (i - SIZE)); /* 40 times each */
  conjugate(SIZE, known);
  symmetric_eigenvalues(SIZE, a, values, work);
  for (int i = 0; i < SIZE; i++) expect(fabs(values[i] - known[i]) < 1e-13, "value %d: %.17g", i, values[i]);
  for (int i = 0; i < SIZE; i++) known[i] = 1e-200 * (i + 1);
  conjugate(SIZE, known);
  for (int i = 0; i < SIZE * SIZE; i++) a[i] *= 1e100;
  symmetric_eigenvalues(SIZE, a, values, work);
  for (int i = 0; i < SIZE; i++)
    expect(fabs(values[i] - known[i] * 1e100) < 1e-111, "small value %d: %.17g", i, values[i]);
  assert_expected();
}

static void eigenvalues_of_simple_matrices(void **state) {
  (void)state;
  memset(a, 0, sizeof a);
  symmetric_eigenvalues(SIZE, a, values, work);
  for (int i = 0; i < SIZE; i++) expect(fabs(values[i]) < 1e-200, "zero matrix, value %d: %g", i, values[i]);
  for (int i = 0; i < SIZE; i++) a[i * SIZE + i] = SIZE - i;
  symmetric_eigenvalues(SIZE, a, values, work);
  for (int i = 0; i < SIZE; i++) expect(fabs(values[i] - i - 1) < 1e-12, "diagonal matrix, value %d: %g", i, values[i]);
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(eigenvalues_of_second_differences),
      cmocka_unit_test(eigenvalues_of_dense_matrices),
      cmocka_unit_test(eigenvalues_of_simple_matrices),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
