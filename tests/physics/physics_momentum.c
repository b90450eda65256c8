// ranks: 1
/* Heavy-ball momentum. If only c is trained, on fixed data, the outputs at the training points obey exactly
 *
 *   f_{k+1} - f_k = mu (dt_k / dt_{k-1}) (f_k - f_{k-1}) - dt_k G (f_k - y),   G = (1/(nP)) sum_i phi_i phi_i'
 *
 * also at a change of dt. With mu = 0 the steps equal forward Euler, bit for bit. On the sphere the displacements m
 * stay tangent. The stability limit is 2 (1 + mu) / lambda. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dynamics/update.h"
#include "fixture.h"
#include "particles/number.h"
#include "tangent/stability.h"

enum { D = 3, P = 20, N = 70, STEPS = 40, CHANGE = 17 };

static const double MU = 0.8, DT = 0.7, DT_LATER = 1.1;

static void outputs(const struct fixture *fixture, double f[P]) {
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, f);
}

static void fill_kernel(const struct fixture *fixture, double G[P][P]) {
  memset(G, 0, sizeof(double[P][P]));
  for (int64_t i = 0; i < N; i++) {
    double theta[D + 2], phi[P];
    fixture_get(fixture, 0, i, theta);
    for (int p = 0; p < P; p++) phi[p] = naive_phi(&fixture->config->unit, D, theta, fixture->data->x + p * D);
    for (int p = 0; p < P; p++)
      for (int q = 0; q < P; q++) G[p][q] += phi[p] * phi[q] / (N * P);
  }
}

static struct fixture *network(const char *unit, const char *precision, const char *update) {
  return fixture_create("run: {precision: %s, seed: 2}\nensemble: {n: %d}\nunit: {%s}\n"
                        "target: {type: spin, d: %d}\ndata: {mode: fixed, samples: %d, test: 0}\n"
                        "dynamics: {%s, stages: [{steps: 100, dt: %g}]}\n",
                        precision, N, unit, D, P, update, DT);
}

static void outputs_follow_the_heavy_ball(void **state) {
  (void)state;
  struct fixture *fixture = network("type: tanh, train: [c]", "double", "update: momentum, momentum: 0.8");
  double G[P][P], f[P], expected[P], before[P];
  fill_kernel(fixture, G);
  outputs(fixture, expected);
  memcpy(before, expected, sizeof before);
  for (int step = 0; step < STEPS; step++) {
    const double dt = step < CHANGE ? DT : DT_LATER, factor = step == CHANGE ? DT_LATER / DT : 1;
    double next[P];
    for (int p = 0; p < P; p++) {
      next[p] = expected[p] + MU * factor * (expected[p] - before[p]);
      for (int q = 0; q < P; q++) next[p] -= dt * G[p][q] * (expected[q] - fixture->data->y[q]);
    }
    memcpy(before, expected, sizeof before);
    memcpy(expected, next, sizeof next);
    if (factor != 1) update_change_dt(&fixture->config->schedule.update, fixture->particles, &factor);
    dynamics_step(fixture->dynamics, step, dt, NULL);
    outputs(fixture, f);
    for (int p = 0; p < P; p++) assert_near(f[p], expected[p], 1e-12);
  }
  assert_true(fabs(f[0] - fixture->data->y[0]) > 0 && fabs(f[0]) > 0.01);
  fixture_free(fixture);
}

static void without_memory_it_is_euler(void **state) {
  (void)state;
  const char *units[] = {"type: tanh", "type: rbf, alpha: 0.5", "type: sigmoid, train: [a]"};
  for (int unit = 0; unit < 3; unit++)
    for (int precision = 0; precision < PRECISIONS; precision++) {
      struct fixture *euler = network(units[unit], precision_names[precision], "update: euler"),
                     *ball = network(units[unit], precision_names[precision], "update: momentum, momentum: 0");
      fixture_steps(euler, 0, STEPS);
      fixture_steps(ball, 0, STEPS);
      const size_t bytes = euler->particles->tile_bytes * (size_t)euler->particles->tile_count;
      assert_memory_equal(euler->particles->tiles, ball->particles->tiles, bytes);
      fixture_free(euler);
      fixture_free(ball);
    }
}

static void displacements_stay_tangent(void **state) {
  (void)state;
  struct fixture *fixture = network("type: rbf, alpha: 0.5", "double", "update: momentum, momentum: 0.9");
  fixture_steps(fixture, 0, STEPS);
  const struct particles *particles = fixture->particles;
  double largest = 0;
  for (int64_t t = 0; t < particles->tile_count; t++)
    for (size_t lane = 0; lane < TILE; lane++) {
      const double *z = local_network_tile(particles, particles->local, t, 0),
                   *m = local_network_tile(particles, particles->local, t, 1);
      double along = 0, norm2 = 0, size2 = 0;
      for (size_t row = ROW_A; row < ROW_A + D; row++) {
        along += z[row * TILE + lane] * m[row * TILE + lane];
        norm2 += z[row * TILE + lane] * z[row * TILE + lane];
        size2 += m[row * TILE + lane] * m[row * TILE + lane];
      }
      assert_true(fabs(along) <= 1e-14 * sqrt(D * size2) + 1e-300);
      if (t * TILE + (int64_t)lane < N) assert_near(norm2, D, 1e-14);
      largest = fmax(largest, size2);
    }
  assert_true(largest > 1e-6);
  fixture_free(fixture);
}

static void the_limit_grows_with_mu(void **state) {
  (void)state;
  const struct update_spec euler = {.rule = UPDATE_EULER}, ball = {.rule = UPDATE_MOMENTUM, .mu = 0.5};
  const struct loss_spec squared = {.type = LOSS_SQUARED}, logistic = {.type = LOSS_LOGISTIC};
  const struct kernel_bounds bounds = {.lambda = 4, .diagonal = 100};
  assert_true(kernel_bounds_limit(&bounds, 0, &squared, &euler) == 0.5);
  assert_true(kernel_bounds_limit(&bounds, 0, &squared, &ball) == 0.75);
  assert_true(kernel_bounds_limit(&bounds, 0, &logistic, &euler) == 2);
  assert_true(kernel_bounds_limit(&bounds, 10, &squared, &euler) == 2 / (4 * 0.9 + 10));
  assert_true(kernel_bounds_limit(&bounds, 10, &squared, &ball) == 0.75); /* no bound for batches: that of gd */
}

/* The residuals of frozen features stay bounded at 0.98 of the stability limit and grow at 1.02. */
static void the_limit_is_sharp(void **state) {
  (void)state;
  for (int above = 0; above < 2; above++) {
    struct fixture *fixture = network("type: tanh, train: [c]", "double", "update: momentum, momentum: 0.8");
    struct stability *stability;
    double limit, first = 0, last = 0, f[P];
    int64_t n;
    assert_ok(stability_create(fixture->particles, fixture->data, fixture->problem.isa, 1, STABILITY_PROBE, PROBE_EVEN,
                               &stability));
    assert_ok(stability_limit(stability, &fixture->config->schedule, 0, &limit, &n));
    outputs(fixture, f);
    for (int p = 0; p < P; p++) first = fmax(first, fabs(f[p] - fixture->data->y[p]));
    for (int step = 0; step < 100; step++) dynamics_step(fixture->dynamics, step, (above ? 1.02 : 0.98) * limit, NULL);
    outputs(fixture, f);
    for (int p = 0; p < P; p++) last = fmax(last, fabs(f[p] - fixture->data->y[p]));
    assert_true(above ? last > 1e3 * first : last < 3 * first);
    stability_free(stability);
    fixture_free(fixture);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(outputs_follow_the_heavy_ball),
      cmocka_unit_test(without_memory_it_is_euler),
      cmocka_unit_test(displacements_stay_tangent),
      cmocka_unit_test(the_limit_grows_with_mu),
      cmocka_unit_test(the_limit_is_sharp),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
