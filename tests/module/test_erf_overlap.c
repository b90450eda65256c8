// ranks: 1
/* erf_overlap: K and its gradient equal their formulas in long double and central differences, also for large and
 * nearly parallel units; the bits are the same at every ISA level. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/isa.h"
#include "base/rng.h"
#include "data/erf_overlap.h"
#include "harness.h"
#include "particles/kernel.h"

enum { D_MAX = 100 };

static double *tile_of(int rows) {
  double *tile;
  assert_ok(alloc_array((void **)&tile, rows * TILE, sizeof *tile, "a tile"));
  memset(tile, 0, sizeof *tile * (size_t)rows * TILE);
  return tile;
}

/* K and grad_a K by the formulas of the header with differences, in long double: S^2 = 1 + q + q' + q q' - C^2. */
static void by_formula(int d, const double *a, const double *other, long double *K, long double *gradient) {
  long double q = 0, q_other = 0, C = 0, gram = 0;
  for (int k = 0; k < d; k++) {
    q += (long double)a[k] * a[k];
    q_other += (long double)other[k] * other[k];
    C += (long double)a[k] * other[k];
  }
  for (int k = 0; k < d; k++) /* q q' - C^2 = sum of squares */
    for (int l = 0; l < k; l++) {
      const long double area = (long double)a[k] * other[l] - (long double)a[l] * other[k];
      gram += area * area;
    }
  const long double S = sqrtl(1 + q + q_other + gram);
  *K = 2 / M_PIl * atan2l(C, S);
  for (int k = 0; k < d; k++) { /* a' - C a/(1+q) = (a' + q a' - C a)/(1+q) */
    long double plane = 0;
    for (int l = 0; l < d; l++) plane += a[l] * ((long double)a[l] * other[k] - (long double)a[k] * other[l]);
    gradient[k] = 2 / M_PIl * (other[k] + plane) / (1 + q) / S;
  }
}

/* Compares lane `lane` with the formulas. Returns the largest absolute error. */
static double error_of(int d, const double *a, const double *other, int lane) {
  double unit[D_MAX + 1] = {1}, *tile = tile_of(d), *sum = tile_of(d + 1), error;
  long double K, gradient[D_MAX];
  for (int k = 0; k < d; k++) {
    tile[k * TILE + lane] = a[k];
    unit[1 + k] = other[k];
  }
  erf_overlap_sums(d, d + 1, tile, 1, unit, sum);
  by_formula(d, a, other, &K, gradient);
  error = (double)fabsl(sum[lane] - K);
  for (int k = 0; k < d; k++) error = fmax(error, (double)fabsl(sum[(1 + k) * TILE + lane] - gradient[k]));
  free(tile);
  free(sum);
  return error;
}

/* Units of norms 1e-3 .. 1e6 at angles between 0 and pi to each other. */
static void values_equal_the_formulas(void **state) {
  (void)state;
  const int dims[] = {1, 2, 3, 10, 100};
  const double angles[] = {0, 1e-9, 1e-7, 1e-6, 1e-4, 0.01, 0.5, M_PI / 2, 3, M_PI - 1e-7, M_PI};
  double largest = 0;
  uint64_t id = 0;
  const struct rng rng = {.seed = 7, .stream = RNG_INIT_A};
  for (int i = 0; i < 5; i++)
    for (double norm = 1e-3; norm < 2e6; norm *= 10)
      for (double other_norm = 1e-3; other_norm < 2e6; other_norm *= 10)
        for (int angle = 0; angle < 11; angle++, id += 2) {
          const int d = dims[i];
          double a[D_MAX], b[D_MAX], a2 = 0, b2 = 0, along = 0;
          rng_normal(&rng, id, d, a);
          rng_normal(&rng, id + 1, d, b);
          for (int k = 0; k < d; k++) a2 += a[k] * a[k];
          for (int k = 0; k < d; k++) a[k] /= sqrt(a2);
          for (int k = 0; k < d; k++) along += a[k] * b[k];
          for (int k = 0; k < d; k++) b[k] -= along * a[k];
          for (int k = 0; k < d; k++) b2 += b[k] * b[k];
          for (int k = 0; k < d; k++) {
            const double turned = d == 1 ? 0 : b[k] / sqrt(b2);
            b[k] = other_norm * (cos(angles[angle]) * a[k] + sin(angles[angle]) * turned);
          }
          for (int k = 0; k < d; k++) a[k] *= norm;
          const double error = error_of(d, a, b, (int)(id / 2 % TILE));
          if (!(error < 1e-15))
            fail_msg("d = %d, norms %g, %g, angle %g: error %g", d, norm, other_norm, angles[angle], error);
          largest = fmax(largest, error);
        }
  print_message("largest error: %.2g\n", largest);
}

/* The gradient is the derivative of K, and K is 0 for orthogonal units, odd, and below 1. */
static void gradients_equal_central_differences(void **state) {
  (void)state;
  enum { D = 4 };
  const double eps = 1e-5, other[D + 1] = {1, 0.3, -1.2, 0.8, 2}, a[D] = {0.5, 0.4, -0.9, 1.1};
  double *tile = tile_of(D), *sum = tile_of(D + 1);
  for (int k = 0; k < D; k++) /* lanes 1 + 2k and 2 + 2k: moved along axis k */
    for (int lane = 0; lane <= 2 * D; lane++)
      tile[k * TILE + lane] = a[k] + (lane == 1 + 2 * k ? eps : lane == 2 + 2 * k ? -eps : 0);
  erf_overlap_sums(D, D + 1, tile, 1, other, sum);
  for (int k = 0; k < D; k++) {
    const double slope = (sum[1 + 2 * k] - sum[2 + 2 * k]) / (2 * eps);
    assert_near(sum[(1 + k) * TILE], slope, 1e-10);
    assert_true(fabs(slope) > 1e-3);
  }
  assert_true(sum[TILE - 1] == 0); /* a = 0 */
  free(tile);
  free(sum);
}

/* Sums add the units in ascending order, with the same bits at every ISA level and without the rows of the gradient. */
static void levels_have_the_same_bits(void **state) {
  (void)state;
  enum { D = 7, N = 50 };
  const struct rng rng = {.seed = 3, .stream = RNG_INIT_A};
  double unit[N][D + 1], *tile = tile_of(D), *sum = tile_of(D + 1), *expected = tile_of(D + 1), z[TILE];
  for (int j = 0; j < N; j++) rng_normal(&rng, (uint64_t)j, D + 1, unit[j]);
  for (int k = 0; k < D; k++) {
    rng_normal(&rng, (uint64_t)(N + k), TILE, z);
    memcpy(tile + k * TILE, z, sizeof z);
  }
  int levels = 0;
  for (int isa = 0; isa < ISA_LEVELS; isa++) {
    if (!isa_available((enum isa)isa)) continue;
    const enum isa best = isa_best();
    assert_ok(isa_limit(isa_names[isa]));
    erf_overlap_sums(D, D + 1, tile, N, unit[0], levels++ ? sum : expected);
    if (levels > 1) assert_memory_equal(sum, expected, sizeof *sum * (D + 1) * TILE);
    assert_ok(isa_limit(isa_names[best]));
  }
  assert_int_equal(crc32c(0, expected, sizeof *expected * (D + 1) * TILE), 0xedc81d10); /* on every machine */
  erf_overlap_sums(D, 1, tile, N, unit[0], sum);
  assert_memory_equal(sum, expected, sizeof *sum * TILE);
  double *one = tile_of(D + 1), *total = tile_of(D + 1);
  for (int j = 0; j < N; j++) {
    erf_overlap_sums(D, D + 1, tile, 1, unit[j], one);
    for (int i = 0; i < (D + 1) * TILE; i++) total[i] += one[i];
  }
  assert_memory_equal(total, expected, sizeof *total * (D + 1) * TILE);
  print_message("%d levels\n", levels);
  double *const tiles[] = {tile, sum, expected, one, total};
  for (int i = 0; i < 5; i++) free(tiles[i]);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_equal_the_formulas),
      cmocka_unit_test(gradients_equal_central_differences),
      cmocka_unit_test(levels_have_the_same_bits),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
