// ranks: 1 3
/* Square units, phi = (a.x)^2, with c = 1 and b = 0 frozen. Let A = (1/n) sum_i a_i a_i'. Then f_n(x) = x'A x, and a
 * forward Euler step is exactly
 *
 *   A <- (I - dt B) A (I - dt B),   B = (2/P) sum_p r_p x_p x_p',   r_p = x_p'A x_p - y_p
 *
 * for every n and any data. So the trajectory of a nonlinear network that learns its features is known exactly. */
#include <math.h>
#include <string.h>

#include "fixture.h"

enum { D = 4, P = 60, STEPS = 50 };

static const double DT = 0.002;

static double form(const double A[D][D], const double *x) {
  double f = 0;
  for (int i = 0; i < D; i++)
    for (int j = 0; j < D; j++) f += x[i] * A[i][j] * x[j];
  return f;
}

static void multiply(const double A[D][D], const double B[D][D], double C[D][D]) {
  double result[D][D] = {{0}};
  for (int i = 0; i < D; i++)
    for (int j = 0; j < D; j++)
      for (int k = 0; k < D; k++) result[i][j] += A[i][k] * B[k][j];
  memcpy(C, result, sizeof result);
}

static void step(const struct dataset *data, double A[D][D]) {
  double move[D][D] = {{0}};
  for (int i = 0; i < D; i++) move[i][i] = 1;
  for (int p = 0; p < P; p++) {
    const double *x = data->x + p * D, r = form((const double(*)[D])A, x) - data->y[p];
    for (int i = 0; i < D; i++)
      for (int j = 0; j < D; j++) move[i][j] -= DT * 2 / P * r * x[i] * x[j];
  }
  multiply((const double(*)[D])move, (const double(*)[D])A, A);
  multiply((const double(*)[D])A, (const double(*)[D])move, A);
}

/* A [D][D] of a network of this rank. n is at most 200, less than a block, so no network is split. */
static void sum_units(const struct fixture *fixture, const struct local_network *local, double A[D][D]) {
  double a[D];
  memset(A, 0, sizeof(double[D][D]));
  for (int64_t unit = 0; unit < local->n; unit++) {
    local_network_get(fixture->particles, local, unit, 1, NULL, a, NULL);
    for (int i = 0; i < D; i++)
      for (int j = 0; j < D; j++) A[i][j] += a[i] * a[j] / (double)local->n;
  }
}

static void square_units_follow_the_closed_recursion(void **state) {
  (void)state;
  struct fixture *fixture =
      fixture_create("run: {precision: double, seed: 5}\n"
                     "ensemble: {n: [1, 7, 200], replicas: 2}\n"
                     "unit: {type: square, train: [a], init: {c: {mean: 1, std: 0}, a: {std: 0.5}, "
                     "b: {mean: 0, std: 0}}}\n"
                     "target: {type: teacher, d: %d, seed: 3, teacher: {type: square, units: 3}}\n"
                     "data: {mode: fixed, samples: %d, test: 0}\n"
                     "dynamics: {stages: [{steps: %d, dt: %g}]}\n",
                     D, P, STEPS, DT);
  const struct particles *particles = fixture->particles;
  double A[6][D][D], found[D][D];
  for (int s = 0; s < particles->locals; s++) {
    expect(!particles->local[s].group, "network %d is on one rank", s);
    sum_units(fixture, &particles->local[s], A[s]);
  }
  assert_expected();
  fixture_steps(fixture, 0, STEPS);
  for (int s = 0; s < particles->locals; s++) {
    double start = A[s][0][0];
    for (int k = 0; k < STEPS; k++) step(fixture->data, A[s]);
    sum_units(fixture, &particles->local[s], found);
    for (int i = 0; i < D; i++)
      for (int j = 0; j < D; j++)
        expect(fabs(found[i][j] - A[s][i][j]) <= 1e-12, "n = %lld: A[%d][%d] = %.17g, expected %.17g",
               (long long)particles->local[s].n, i, j, found[i][j], A[s][i][j]);
    expect(fabs(A[s][0][0] - start) > 1e-3, "n = %lld: the units move", (long long)particles->local[s].n);
  }
  assert_expected();
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(square_units_follow_the_closed_recursion)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
