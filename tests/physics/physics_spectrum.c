// ranks: 1 2 3 4
/* The tangent kernel determines how the residual changes: if only c is trained, k steps multiply its component along an
 * eigenvector by (1 - dt lambda)^k; the stability limit of Euler steps is 2/lambda_max; and a small step changes the
 * residual by -dt M r/P, for every unit type and several sets of trained fields. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "parallel/dist_matrix.h"
#include "spectrum/readout.h"
#include "spectrum/tangent_matrix.h"

enum { D = 3, P = 130, N = 400 };

/* batch = 0: gradient descent; otherwise SGD with batches of this size. */
static struct fixture *fixture_of(const char *unit, const char *train, double dt, int batch) {
  char batches[32] = "";
  if (batch) sprintf(batches, ", batch: %d", batch);
  return fixture_create("run: {precision: double, seed: 5}\n"
                        "ensemble: {n: %d}\n"
                        "unit: {type: %s, alpha: 0.8, train: %s}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {mode: fixed, samples: %d, test: 0}\n"
                        "dynamics: {scheme: %s, stages: [{steps: 10000, dt: %.17g%s}]}\n",
                        N, unit, train, D, P, batch ? "sgd" : "gd", dt, batches);
}

static void residual(const struct fixture *fixture, const struct dist_grid *grid, double *r) {
  assert_ok(readout_outputs(grid, fixture->particles, 0, NULL, P, fixture->data->x, r));
  for (int p = 0; p < P; p++) r[p] -= fixture->data->y[p];
}

static double norm(const double *r) {
  double square = 0;
  for (int p = 0; p < P; p++) square += r[p] * r[p];
  return sqrt(square);
}

/* Eigenvalues lambda [P] of M/P in ascending order, and eigenvectors v [P][P] unless v is NULL. Collective. */
static void spectrum_of(const struct fixture *fixture, const struct dist_grid *grid, double *lambda, double *v) {
  struct dist_matrix *m, *vectors;
  assert_ok(tangent_matrix_form(grid, fixture->particles, 0, fixture->config->unit.train, P, fixture->data->x, &m));
  dist_matrix_scale(m, 1.0 / P);
  assert_ok(dist_matrix_create(grid, P, P, &vectors));
  assert_ok(dist_matrix_eigen(m, lambda, vectors));
  if (v) dist_matrix_get(vectors, 0, P, v);
  dist_matrix_free(m);
  dist_matrix_free(vectors);
}

static void frozen_features_relax_mode_by_mode(void **state) {
  (void)state;
  const int steps = 50;
  const char *units[] = {"sigmoid", "relu", "rbf"};
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  double *v = malloc(sizeof *v * P * P), lambda[P], first[P], last[P];
  for (int u = 0; u < 3; u++) {
    struct fixture *initial = fixture_of(units[u], "[c]", 1, 0);
    spectrum_of(initial, &grid, lambda, v);
    fixture_free(initial);
    const double dt = 1.9 / lambda[P - 1]; /* 1 - dt lambda is between -0.9 and 1 */
    struct fixture *fixture = fixture_of(units[u], "[c]", dt, 0);
    residual(fixture, &grid, first);
    fixture_steps(fixture, 0, steps);
    residual(fixture, &grid, last);
    double worst = 0, moved = 0;
    for (int k = 0; k < P; k++) {
      double before = 0, after = 0;
      for (int p = 0; p < P; p++) {
        before += v[k * P + p] * first[p];
        after += v[k * P + p] * last[p];
      }
      worst = fmax(worst, fabs(after - before * pow(1 - dt * lambda[k], steps)));
      moved = fmax(moved, fabs(after - before));
    }
    assert_all_for(worst < 1e-8 * norm(first) && moved > 0.1 * norm(first), "unit %s", units[u]);
    fixture_free(fixture);
  }
  free(v);
  dist_grid_free(&grid);
}

/* At 0.95 of the limit a step multiplies every mode by 1 - 1.9 lambda/lambda_max, between -0.9 and 1. At 1.05 it
 * multiplies the leading mode by -1.1, and 1.1^150 = 1.6e6. */
static void euler_is_stable_below_the_limit_only(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  double lambda[P], r[P];
  struct fixture *initial = fixture_of("tanh", "[c]", 1, 0);
  spectrum_of(initial, &grid, lambda, NULL);
  residual(initial, &grid, r);
  const double start = norm(r);
  fixture_free(initial);
  const double parts[] = {0.95, 1.05};
  const int steps[] = {400, 150};
  for (int i = 0; i < 2; i++) {
    struct fixture *fixture = fixture_of("tanh", "[c]", parts[i] * 2 / lambda[P - 1], 0);
    fixture_steps(fixture, 0, steps[i]);
    residual(fixture, &grid, r);
    assert_all_for(i == 0 ? norm(r) < 0.9 * start : norm(r) > 1e4 * start, "dt = %g of the limit", parts[i]);
    fixture_free(fixture);
  }
  dist_grid_free(&grid);
}

/* With batches of B points the limit is 2/(lambda_max (1 - 1/B) + sup M(x,x)/B). At B = 1 no step below this limit
 * increases the distance of c to a solution. The limit is sufficient for stability, not necessary. Here steps below
 * 2/lambda_max, the limit of gradient descent, are unstable at B = 1. */
static void batches_are_stable_below_their_limit(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  double lambda[P], diagonal[P], r[P], sup = 0;
  struct fixture *initial = fixture_of("relu", "[c]", 1, 0);
  struct dist_matrix *m;
  assert_ok(tangent_matrix_form(&grid, initial->particles, 0, FIELD_BIT_C, P, initial->data->x, &m));
  dist_matrix_diagonal(m, diagonal);
  for (int p = 0; p < P; p++) sup = fmax(sup, diagonal[p]);
  dist_matrix_free(m);
  spectrum_of(initial, &grid, lambda, NULL);
  residual(initial, &grid, r);
  const double start = norm(r), largest = lambda[P - 1];
  fixture_free(initial);
  const int batches[] = {1, 4};
  for (int i = 0; i < 2; i++) {
    const double B = batches[i], limit = 2 / (largest * (1 - 1 / B) + sup / B);
    struct fixture *below = fixture_of("relu", "[c]", 0.95 * limit, batches[i]);
    fixture_steps(below, 0, 3000);
    residual(below, &grid, r);
    assert_all_for(norm(r) < 0.5 * start, "batches of %d", batches[i]);
    fixture_free(below);
  }
  struct fixture *beyond = fixture_of("relu", "[c]", 0.95 * 2 / largest, 1);
  fixture_steps(beyond, 0, 40);
  residual(beyond, &grid, r);
  assert_all(norm(r) > 1e4 * start);
  fixture_free(beyond);
  dist_grid_free(&grid);
}

/* |r(dt) - r + dt M r/P| / |r(dt) - r|, where r(dt) is the residual after one step. Collective. */
static double deviation(const char *unit, const char *train, double dt, const struct dist_grid *grid) {
  double lambda[P], *v = malloc(sizeof *v * P * P), first[P], last[P], change[P], expected[P] = {0};
  struct fixture *fixture = fixture_of(unit, train, dt, 0);
  spectrum_of(fixture, grid, lambda, v);
  residual(fixture, grid, first);
  fixture_steps(fixture, 0, 1);
  residual(fixture, grid, last);
  for (int k = 0; k < P; k++) {
    double projection = 0;
    for (int p = 0; p < P; p++) projection += v[k * P + p] * first[p];
    for (int p = 0; p < P; p++) expected[p] -= dt * lambda[k] * projection * v[k * P + p];
  }
  for (int p = 0; p < P; p++) {
    change[p] = last[p] - first[p];
    expected[p] -= change[p];
  }
  fixture_free(fixture);
  free(v);
  return norm(expected) / norm(change);
}

static void one_step_equals_that_of_the_kernel(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  const double dt = 1e-4;
  for (int type = 0; type < UNIT_TYPES; type++) {
    const bool sphere = unit_table[type].manifold == MANIFOLD_SPHERE;
    const char *sets[] = {sphere ? "[c, a]" : "[c, a, b]", "[a]", sphere ? "[c]" : "[b]"};
    for (int i = 0; i < 3; i++) {
      const double off = deviation(unit_table[type].name, sets[i], dt, &grid); /* O(dt) */
      assert_all_for(off < 1e-4, "unit %s, trained fields %s", unit_table[type].name, sets[i]);
    }
  }
  dist_grid_free(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frozen_features_relax_mode_by_mode),
      cmocka_unit_test(euler_is_stable_below_the_limit_only),
      cmocka_unit_test(batches_are_stable_below_their_limit),
      cmocka_unit_test(one_step_equals_that_of_the_kernel),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
