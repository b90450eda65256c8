// ranks: 1
/* Properties of gradient descent that hold for any target: the exact recursion of the residuals if only c is trained,
 * dissipation of the loss, first-order accuracy in dt, invariance under permutation and duplication of the units. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 3, P = 40 };

static struct fixture *fixture_of(const char *unit, const char *train, int n, double dt, int steps) {
  return fixture_create("run: {precision: double, seed: 9}\n"
                        "ensemble: {n: %d}\n"
                        "unit: {type: %s, alpha: 0.6, train: %s}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {mode: fixed, samples: %d, test: 0}\n"
                        "dynamics: {scheme: gd, stages: [{steps: %d, dt: %.17g}]}\n",
                        n, unit, train, D, P, steps, dt);
}

/* phi(x_p, z_i) of network 0. */
static double feature(const struct fixture *fixture, int p, int64_t i) {
  double theta[D + 2];
  fixture_get(fixture, 0, i, theta);
  return naive_phi(&fixture->config->unit, D, theta, fixture->data->x + (size_t)p * D);
}

static void frozen_features_follow_the_linear_recursion(void **state) {
  (void)state;
  const char *units[] = {"sigmoid", "relu", "rbf", "cosine"};
  enum { N = 100, STEPS = 60 };
  const double dt = 0.5;
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    struct fixture *fixture = fixture_of(units[u], "[c]", N, dt, STEPS);
    static double phi[P][N], G[P][P], f[P];
    for (int p = 0; p < P; p++)
      for (int i = 0; i < N; i++) phi[p][i] = feature(fixture, p, i);
    for (int p = 0; p < P; p++)
      for (int q = 0; q < P; q++) {
        G[p][q] = 0;
        for (int i = 0; i < N; i++) G[p][q] += phi[p][i] * phi[q][i] / ((double)N * P);
      }
    double r[P], next[P];
    dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, f);
    for (int p = 0; p < P; p++) r[p] = f[p] - fixture->data->y[p];
    fixture_steps(fixture, 0, STEPS);
    for (int step = 0; step < STEPS; step++) { /* r <- (I - dt G) r */
      for (int p = 0; p < P; p++) {
        next[p] = r[p];
        for (int q = 0; q < P; q++) next[p] -= dt * G[p][q] * r[q];
      }
      memcpy(r, next, sizeof r);
    }
    dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, f);
    for (int p = 0; p < P; p++) assert_near(f[p] - fixture->data->y[p], r[p], 1e-11);
    fixture_free(fixture);
  }
}

/* (loss(t + dt) - loss(t)) / dt + mean |grad V|^2 at the first step. */
static double dissipation_defect(const char *unit, double dt) {
  struct fixture *fixture = fixture_of(unit, strcmp(unit, "rbf") ? "[c, a, b]" : "[c, a]", 80, dt, 2);
  fixture_observe(fixture, 0);
  const double loss = fixture->observation[0].loss, grad2 = fixture->observation[0].mean[MEAN_GRAD2];
  fixture_steps(fixture, 0, 1);
  fixture_observe(fixture, 1);
  const double defect = (fixture->observation[0].loss - loss) / dt + grad2;
  assert_true(grad2 > 1e-3);
  fixture_free(fixture);
  return defect;
}

static void loss_falls_by_the_mean_square_gradient(void **state) {
  (void)state;
  const char *units[] = {"sigmoid", "tanh", "softplus", "erf", "cosine", "rbf"};
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    const double coarse = dissipation_defect(units[u], 2e-3), fine = dissipation_defect(units[u], 1e-3);
    assert_near(coarse / fine, 2, 0.02); /* O(dt) */
  }
}

/* c [50] of all units at t = 1, after `steps` equal steps. */
static void state_at_one(const char *unit, int steps, double *c) {
  struct fixture *fixture = fixture_of(unit, strcmp(unit, "rbf") ? "[c, a, b]" : "[c, a]", 50, 1.0 / steps, steps);
  fixture_steps(fixture, 0, steps);
  for (int i = 0; i < 50; i++) {
    double theta[D + 2];
    fixture_get(fixture, 0, i, theta);
    c[i] = theta[0];
  }
  fixture_free(fixture);
}

static void euler_is_of_first_order(void **state) {
  (void)state;
  const char *units[] = {"sigmoid", "rbf"};
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    double fine[50], c[50], error[2] = {0, 0};
    state_at_one(units[u], 3200, fine);
    for (int k = 0; k < 2; k++) {
      state_at_one(units[u], 20 << k, c);
      for (int i = 0; i < 50; i++) error[k] += (c[i] - fine[i]) * (c[i] - fine[i]);
    }
    assert_near(sqrt(error[0] / error[1]), 2, 0.05);
  }
}

static void permuted_units_move_in_the_same_way(void **state) {
  (void)state;
  enum { N = 300, STEPS = 40 };
  struct fixture *plain = fixture_of("sigmoid", "[c, a, b]", N, 0.3, STEPS);
  struct fixture *permuted = fixture_of("sigmoid", "[c, a, b]", N, 0.3, STEPS);
  double theta[D + 2], other[D + 2];
  for (int i = 0; i < N; i++) {
    fixture_get(plain, 0, i, theta);
    fixture_set(permuted, 0, (7 * i + 3) % N, theta);
  }
  fixture_steps(plain, 0, STEPS);
  fixture_steps(permuted, 0, STEPS);
  for (int i = 0; i < N; i++) {
    fixture_get(plain, 0, i, theta);
    fixture_get(permuted, 0, (7 * i + 3) % N, other);
    for (int k = 0; k < D + 2; k++) assert_near(other[k], theta[k], 1e-12);
  }
  fixture_free(plain);
  fixture_free(permuted);
}

static void doubled_units_give_the_same_function(void **state) {
  (void)state;
  enum { N = 150, STEPS = 40 };
  struct fixture *plain = fixture_of("tanh", "[c, a, b]", N, 0.3, STEPS);
  struct fixture *doubled = fixture_of("tanh", "[c, a, b]", 2 * N, 0.3, STEPS);
  double theta[D + 2], other[D + 2], f[P], g[P];
  for (int i = 0; i < 2 * N; i++) {
    fixture_get(plain, 0, i % N, theta);
    fixture_set(doubled, 0, i, theta);
  }
  fixture_steps(plain, 0, STEPS);
  fixture_steps(doubled, 0, STEPS);
  dynamics_evaluate(plain->dynamics, 0, POINTS_TRAIN, f);
  dynamics_evaluate(doubled->dynamics, 0, POINTS_TRAIN, g);
  for (int p = 0; p < P; p++) assert_near(g[p], f[p], 1e-12);
  for (int i = 0; i < 2 * N; i++) {
    fixture_get(plain, 0, i % N, theta);
    fixture_get(doubled, 0, i, other);
    for (int k = 0; k < D + 2; k++) assert_near(other[k], theta[k], 1e-12);
  }
  fixture_free(plain);
  fixture_free(doubled);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frozen_features_follow_the_linear_recursion),
      cmocka_unit_test(loss_falls_by_the_mean_square_gradient),
      cmocka_unit_test(euler_is_of_first_order),
      cmocka_unit_test(permuted_units_move_in_the_same_way),
      cmocka_unit_test(doubled_units_give_the_same_function),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
