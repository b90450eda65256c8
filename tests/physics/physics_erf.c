// ranks: 1
/* The exact potential of erf units on Gaussian points: the gradient is that of the exact loss; gradients on 10^7 points
 * and the losses there agree with it; C_f and the linear fraction of a teacher agree with those points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/target_teacher.h"
#include "fixture.h"

enum { D = 3, PARAMETERS = D + 2, N = 5, TEACHERS = 4, POINTS = 10000000 };

/* Quantities whose means over the points are compared: n grad V of all c and a, the loss, f^2/2, and f x. */
enum { LOSS = N * (D + 1), SQUARE, LINEAR, QUANTITIES = LINEAR + D };

/* samples: number of fixed points; 0: the exact potential. */
static struct fixture *fixture_of(int samples, double dt) {
  char data[96] = "mode: population";
  if (samples) snprintf(data, sizeof data, "mode: fixed, samples: %d", samples);
  return fixture_create(
      "run: {precision: double, seed: 3, threads: 2}\nensemble: {n: %d}\n"
      "unit: {type: erf, train: [c, a], init: {c: {mean: 0.5}, b: {std: 0}}}\n"
      "target: {type: teacher, d: %d, teacher: {type: erf, units: %d, init: {c: {mean: 1}, b: {std: 0}}}}\n"
      "data: {%s, inputs: gaussian, test: 0}\ndynamics: {stages: [{steps: 10, dt: %.17g}]}\n",
      N, D, TEACHERS, data, dt);
}

static void the_step_follows_the_gradient_of_the_exact_loss(void **state) {
  (void)state;
  const double dt = 1e-6;
  struct fixture *fixture = fixture_of(0, dt), *moved = fixture_of(0, dt);
  fixture_steps(moved, 0, 1);
  double largest = 0;
  for (int unit = 0; unit < N; unit++)
    for (int k = 0; k < PARAMETERS; k++) {
      double theta[PARAMETERS], after[PARAMETERS];
      fixture_get(fixture, 0, unit, theta);
      fixture_get(moved, 0, unit, after);
      if (k == 1) assert_true(theta[1] == 0 && after[1] == 0); /* b */
      if (k == 1) continue;
      const double difference = fixture_derivative(fixture, unit, k);
      assert_near((theta[k] - after[k]) / dt, difference, 1e-8);
      largest = fmax(largest, fabs(difference));
    }
  assert_true(largest > 1e-2);
  fixture_free(fixture);
  fixture_free(moved);
}

static void the_loss_never_increases(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of(0, 0.1);
  fixture_observe(fixture, 0);
  const double start = fixture->observation[0].loss;
  for (int64_t step = 0; step < 500; step++) {
    const double before = fixture->observation[0].loss;
    fixture_steps(fixture, step % 10, step % 10 + 1);
    fixture_observe(fixture, 0);
    assert_true(fixture->observation[0].loss < before);
  }
  assert_true(fixture->observation[0].loss > 0 && fixture->observation[0].loss < 0.1 * start);
  fixture_free(fixture);
}

struct moments {
  double sum[QUANTITIES], square[QUANTITIES];
};

/* theta: the units. f: the label of x. */
static void add_point(double theta[N][PARAMETERS], const double *x, double f, struct moments *moments) {
  double value[QUANTITIES], phi[N], slope[N], f_n = 0;
  for (int i = 0; i < N; i++) {
    double s = 0;
    for (int k = 0; k < D; k++) s += theta[i][2 + k] * x[k];
    phi[i] = erf(s / M_SQRT2);
    slope[i] = sqrt(2 / M_PI) * exp(-s * s / 2);
    f_n += theta[i][0] * phi[i] / N;
  }
  for (int i = 0; i < N; i++) {
    value[i * (D + 1)] = (f_n - f) * phi[i];
    for (int k = 0; k < D; k++) value[i * (D + 1) + 1 + k] = (f_n - f) * theta[i][0] * slope[i] * x[k];
  }
  value[LOSS] = (f_n - f) * (f_n - f) / 2;
  value[SQUARE] = f * f / 2;
  for (int k = 0; k < D; k++) value[LINEAR + k] = f * x[k];
  for (int q = 0; q < QUANTITIES; q++) {
    moments->sum[q] += value[q];
    moments->square[q] += value[q] * value[q];
  }
}

/* mean [D] = E f x of the teacher, (1/m) sum_r c_r (2/pi)^1/2 a_r / (1 + |a_r|^2)^1/2. */
static void linear_part(const struct target *target, double *mean) {
  double *unit;
  assert_ok(target_teacher_list(target, &unit));
  memset(mean, 0, sizeof *mean * D);
  for (int r = 0; r < TEACHERS; r++) {
    const double *own = unit + r * (D + 1);
    double q = 0;
    for (int k = 0; k < D; k++) q += own[1 + k] * own[1 + k];
    for (int k = 0; k < D; k++) mean[k] += own[0] * own[1 + k] * sqrt(2 / M_PI / (1 + q)) / TEACHERS;
  }
  free(unit);
}

/* The exact gradients of 20 parameters, loss, C_f and E f x are within 4.5 standard errors of the means over the
 * points. Probability of a false alarm with new points: 25 quantities, 1.7e-4. The gradient and the loss of the step on
 * these points equal the means. */
static void gradients_on_points_agree(void **state) {
  (void)state;
  const double dt = 1e-4;
  struct fixture *exact = fixture_of(0, dt), *sample = fixture_of(POINTS, dt);
  const struct dataset *data = sample->data;
  double theta[N][PARAMETERS], moved[PARAMETERS], moved_sample[PARAMETERS];
  struct moments moments = {0};
  for (int i = 0; i < N; i++) fixture_get(exact, 0, i, theta[i]);
  for (int64_t p = 0; p < POINTS; p++) add_point(theta, data->x + p * D, data->y[p], &moments);
  fixture_observe(exact, 0);
  fixture_observe(sample, 0);
  double expected[QUANTITIES], worst = 0;
  expected[LOSS] = exact->observation[0].loss;
  expected[SQUARE] = exact->target->C_f;
  linear_part(exact->target, &expected[LINEAR]);
  double linear2 = 0;
  for (int k = 0; k < D; k++) linear2 += expected[LINEAR + k] * expected[LINEAR + k];
  assert_near(exact->target->linear_fraction, linear2 / (2 * exact->target->C_f), 1e-14);
  assert_near(sample->observation[0].loss, moments.sum[LOSS] / POINTS, 1e-12);
  fixture_steps(exact, 0, 1);
  fixture_steps(sample, 0, 1);
  for (int i = 0; i < N; i++) {
    fixture_get(exact, 0, i, moved);
    fixture_get(sample, 0, i, moved_sample);
    for (int k = 0; k <= D; k++) {
      const int row = k == 0 ? 0 : 1 + k, q = i * (D + 1) + k;
      expected[q] = (theta[i][row] - moved[row]) / dt;
      assert_near((theta[i][row] - moved_sample[row]) / dt, moments.sum[q] / POINTS, 1e-10);
    }
  }
  for (int q = 0; q < QUANTITIES; q++) {
    const double mean = moments.sum[q] / POINTS, error = sqrt((moments.square[q] / POINTS - mean * mean) / POINTS);
    const double off = (expected[q] - mean) / error;
    if (!(fabs(off) < 4.5))
      fail_msg("quantity %d: exact %g, on points %g, %g standard errors", q, expected[q], mean, off);
    worst = fmax(worst, fabs(off));
  }
  print_message("largest deviation: %.2f standard errors\n", worst);
  fixture_free(exact);
  fixture_free(sample);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_step_follows_the_gradient_of_the_exact_loss),
      cmocka_unit_test(the_loss_never_increases),
      cmocka_unit_test(gradients_on_points_agree),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
