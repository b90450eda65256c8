// ranks: 4
/* F, K and their gradients equal the expectations over the sphere that define them, estimated by Monte Carlo with 10^7
 * points at each of d = 3, 5, 10. The ranks share the points. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "dynamics/potential.h"
#include "harness.h"

enum { POINTS = 10000000, PART = 500, D_MAX = 10, QUANTITIES = 6 };

struct moments {
  double sum[QUANTITIES], square[QUANTITIES];
};

/* Points z and z' (other) with |z|^2 = d, and a unit vector t tangent to the sphere at z. */
struct test_point {
  int d;
  double alpha, z[D_MAX], other[D_MAX], t[D_MAX];
};

static struct test_point test_point_of(int d, double alpha, uint64_t seed) {
  struct test_point test = {.d = d, .alpha = alpha};
  const struct rng rng = {.seed = seed, .stream = RNG_INIT_A};
  double along = 0, norm2 = 0, step[D_MAX];
  rng_sphere(&rng, 0, d, test.z);
  rng_normal(&rng, 1, d, test.t);
  rng_normal(&rng, 2, d, step);
  for (int r = 0; r < d; r++) along += test.t[r] * test.z[r] / d;
  for (int r = 0; r < d; r++) test.t[r] -= along * test.z[r];
  for (int r = 0; r < d; r++) norm2 += test.t[r] * test.t[r];
  for (int r = 0; r < d; r++) test.t[r] /= sqrt(norm2);
  norm2 = 0;
  for (int r = 0; r < d; r++) { /* z' is near z, so that Monte Carlo resolves K(z, z') */
    test.other[r] = test.z[r] + 0.7 * step[r];
    norm2 += test.other[r] * test.other[r];
  }
  for (int r = 0; r < d; r++) test.other[r] *= sqrt(d / norm2);
  return test;
}

static double dot(int d, const double *a, const double *b) {
  double sum = 0;
  for (int r = 0; r < d; r++) sum += a[r] * b[r];
  return sum;
}

/* Sums of f phi, f t.grad phi, phi phi', t.grad phi phi', phi^2, f phi', and of their squares, over the points of this
 * rank. */
static struct moments sample(const struct test_point *test, const struct target *target) {
  const int d = test->d;
  const struct rng rng = {.seed = 11, .stream = RNG_DATA_TEST};
  const int64_t first = POINTS / world.size * world.rank, end = first + POINTS / world.size;
  struct moments moments = {0};
  double x[PART * D_MAX], f[PART];
  for (int64_t at = first; at < end; at += PART) {
    for (int p = 0; p < PART; p++) rng_sphere(&rng, (uint64_t)(at + p), d, x + p * d);
    target_eval(target, PART, x, f);
    for (int p = 0; p < PART; p++) {
      const double *point = x + p * d;
      const double phi = exp(test->alpha * (dot(d, point, test->z) - d)),
                   phi_other = exp(test->alpha * (dot(d, point, test->other) - d)),
                   slope = test->alpha * dot(d, point, test->t) * phi;
      const double value[QUANTITIES] = {f[p] * phi,        f[p] * slope, phi * phi_other,
                                        slope * phi_other, phi * phi,    f[p] * phi_other};
      for (int q = 0; q < QUANTITIES; q++) {
        moments.sum[q] += value[q];
        moments.square[q] += value[q] * value[q];
      }
    }
  }
  return moments;
}

static void exact_values(const struct test_point *test, const struct target *target, double *exact) {
  const int d = test->d;
  struct potential *potential;
  double *z, *F, *grad_F, *sum, particle[D_MAX + 1] = {1};
  assert_ok(potential_create(target, &(struct unit_spec){.type = UNIT_RBF, .alpha = test->alpha}, POTENTIAL_POPULATION,
                             &potential));
  assert_ok(alloc_array((void **)&z, d * TILE, sizeof *z, "z"));
  assert_ok(alloc_array((void **)&F, TILE, sizeof *z, "F"));
  assert_ok(alloc_array((void **)&grad_F, d * TILE, sizeof *z, "grad F"));
  assert_ok(alloc_array((void **)&sum, (d + 1) * TILE, sizeof *z, "sums"));
  memset(z, 0, sizeof *z * (size_t)d * TILE);
  for (int r = 0; r < d; r++) {
    z[r * TILE] = test->z[r];
    z[r * TILE + 1] = particle[1 + r] = test->other[r];
  }
  potential_field(potential, z, NULL, F, grad_F);
  exact[0] = F[0];
  exact[5] = F[1];
  exact[1] = exact[3] = 0;
  for (int r = 0; r < d; r++) exact[1] += test->t[r] * grad_F[r * TILE];
  potential_pairs(potential, z, 1, particle, sum);
  exact[2] = sum[0];
  for (int r = 0; r < d; r++) exact[3] += test->t[r] * sum[(1 + r) * TILE];
  memcpy(particle + 1, test->z, sizeof *z * (size_t)d);
  potential_pairs(potential, z, 1, particle, sum);
  exact[4] = sum[0];
  free(z);
  free(F);
  free(grad_F);
  free(sum);
  potential_free(potential);
}

/* 18 quantities within 5 standard errors. Probability of a false alarm with new points: 1e-5. The largest measured
 * deviation is 1.4 standard errors. */
static void potentials_are_expectations_over_the_sphere(void **state) {
  (void)state;
  static const char *const names[QUANTITIES] = {"F", "grad F", "K", "grad K", "K(z, z)", "F(z')"};
  const int dims[] = {3, 5, 10};
  for (int i = 0; i < 3; i++) {
    const int d = dims[i];
    const struct test_point test = test_point_of(d, 5.0 / d, 17 + (uint64_t)i);
    const struct target_spec spec = {.type = TARGET_SPIN, .d = d, .seed = 2};
    struct target *target;
    assert_ok(target_create(&world, &spec, &target));
    struct moments own = sample(&test, target), *all = NULL;
    double exact[QUANTITIES];
    exact_values(&test, target, exact);
    comm_gather(&world, &own, sizeof own, (void **)&all, NULL);
    for (int q = 0; q < QUANTITIES && world.rank == 0; q++) {
      double sum = 0, square = 0;
      for (int r = 0; r < world.size; r++) {
        sum += all[r].sum[q];
        square += all[r].square[q];
      }
      const double mean = sum / POINTS, error = sqrt((square / POINTS - mean * mean) / POINTS);
      const double off = (exact[q] - mean) / error;
      print_message("d = %d, %s: exact %.6g, Monte Carlo %.6g (%.1g): %+.2f standard errors\n", d, names[q], exact[q],
                    mean, error, off);
      expect(fabs(off) < 5 && error < 0.02 * fabs(mean), "%s at d = %d: %g standard errors off", names[q], d, off);
    }
    assert_expected();
    free(all);
    target_free(target);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(potentials_are_expectations_over_the_sphere)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
