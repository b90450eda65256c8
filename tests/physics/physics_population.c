// ranks: 1
/* Exact population gradients: a step follows the gradient of the exact loss, which decreases at every step; the exact
 * loss equals the mean over test points within its error; gradients on P points converge to the exact gradient. */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 4, PARAMETERS = D + 2 };

static struct fixture *fixture_of(int n, double dt) {
  return fixture_create("run: {precision: double, seed: 3}\n"
                        "ensemble: {n: %d}\n"
                        "unit: {type: rbf, alpha: 1.1, init: {c: {std: 2}}}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {mode: population, test: 0}\n"
                        "dynamics: {stages: [{steps: 1000, dt: %.17g}]}\n",
                        n, D, dt);
}

static void the_step_follows_the_gradient_of_the_exact_loss(void **state) {
  (void)state;
  enum { N = 70 };
  const double dt = 1e-6;
  struct fixture *fixture = fixture_of(N, dt), *moved = fixture_of(N, dt);
  fixture_steps(moved, 0, 1);
  double largest = 0;
  for (int64_t unit = 0; unit < N; unit += 23)
    for (int k = 0; k < PARAMETERS; k++) {
      if (k == 1) continue; /* no b */
      double theta[PARAMETERS], after[PARAMETERS];
      fixture_get(fixture, 0, unit, theta);
      fixture_get(moved, 0, unit, after);
      const double difference = fixture_derivative(fixture, unit, k);
      /* The rounding error of the losses adds at most n 1e-15 / (2 eps) to the difference quotient. */
      assert_near((theta[k] - after[k]) / dt, difference, 3e-8);
      largest = fmax(largest, fabs(difference));
    }
  assert_true(largest > 1e-2);
  fixture_free(fixture);
  fixture_free(moved);
}

static void the_loss_never_increases(void **state) {
  (void)state;
  const int dims[] = {3, 5};
  for (int i = 0; i < 2; i++) {
    struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: 100}\n"
                                             "unit: {type: rbf, alpha: %.17g}\ntarget: {type: spin, d: %d}\n"
                                             "data: {mode: population, test: 0}\n"
                                             "dynamics: {stages: [{steps: 600, dt: 0.1}]}\n",
                                             5.0 / dims[i], dims[i]);
    fixture_observe(fixture, 0);
    const double start = fixture->observation[0].loss;
    for (int64_t step = 0; step < 600; step++) {
      const double before = fixture->observation[0].loss;
      fixture_steps(fixture, step, step + 1);
      fixture_observe(fixture, step + 1);
      assert_true(fixture->observation[0].loss < before);
    }
    assert_true(fixture->observation[0].loss > 0 && fixture->observation[0].loss < 0.99 * start);
    fixture_free(fixture);
  }
}

/* The exact loss is within 4.5 standard errors of the mean over 10^5 test points. Probability of a false alarm:
 * 7e-6. */
static void the_loss_is_the_mean_over_points(void **state) {
  (void)state;
  enum { K = 100000 };
  struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: 100}\n"
                                           "unit: {type: rbf, alpha: 1, init: {c: {std: 20}}}\n"
                                           "target: {type: spin, d: 5}\n"
                                           "data: {mode: population, test: %d}\n"
                                           "dynamics: {stages: [{steps: 600, dt: 0.1}]}\n",
                                           K);
  fixture_observe(fixture, 0);
  double *f = malloc(sizeof *f * K), sum = 0, square = 0;
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TEST, f);
  for (int k = 0; k < K; k++) {
    const double r = f[k] - fixture->data->test_y[k];
    sum += r * r / 2;
    square += r * r * r * r / 4;
  }
  const double mean = sum / K, error = sqrt((square / K - mean * mean) / K);
  assert_near(fixture->observation[0].test_loss, mean, 1e-12);
  assert_true(fabs(fixture->observation[0].loss - mean) < 4.5 * error && error < 0.01 * mean);
  free(f);
  fixture_free(fixture);
}

/* v [n][PARAMETERS]: velocities of all parameters at t = 0, from the exact gradient if P = 0, otherwise from the
 * gradient on P fixed points. */
static void velocities(int P, int seed, int n, double *v) {
  const double dt = 1e-4;
  char data[128];
  if (P)
    snprintf(data, sizeof data, "{mode: fixed, samples: %d, seed: %d, test: 0}", P, seed);
  else
    snprintf(data, sizeof data, "{mode: population, test: 0}");
  struct fixture *fixture = fixture_create("run: {precision: double, seed: 3}\nensemble: {n: %d}\n"
                                           "unit: {type: rbf, alpha: 1.1}\ntarget: {type: spin, d: %d}\ndata: %s\n"
                                           "dynamics: {stages: [{steps: 1, dt: %.17g}]}\n",
                                           n, D, data, dt);
  double *before = malloc(sizeof *before * (size_t)n * PARAMETERS);
  for (int i = 0; i < n; i++) fixture_get(fixture, 0, i, before + i * PARAMETERS);
  fixture_steps(fixture, 0, 1);
  for (int i = 0; i < n; i++) fixture_get(fixture, 0, i, v + i * PARAMETERS);
  for (int i = 0; i < n * PARAMETERS; i++) v[i] = (v[i] - before[i]) / dt;
  free(before);
  fixture_free(fixture);
}

/* The mean square over units, parameters and 12 sets of points has about 100 independent terms. So the logarithm of its
 * root has standard deviation 0.07, and the slope over 5 sizes 0.016. The tolerance 0.1 is 6 standard deviations;
 * probability of a false alarm: 2e-9. */
static void errors_of_batch_gradients_fall_like_the_inverse_root_of_P(void **state) {
  (void)state;
  enum { N = 40, SIZES = 5, SEEDS = 12, NUMBERS = N * PARAMETERS };
  double exact[NUMBERS], batch[NUMBERS], log_P[SIZES], log_error[SIZES];
  velocities(0, 0, N, exact);
  for (int s = 0; s < SIZES; s++) {
    const int P = 250 << (2 * s);
    double square = 0;
    for (int seed = 1; seed <= SEEDS; seed++) {
      velocities(P, 100 * s + seed, N, batch);
      for (int i = 0; i < NUMBERS; i++) square += (batch[i] - exact[i]) * (batch[i] - exact[i]);
    }
    log_P[s] = log(P);
    log_error[s] = 0.5 * log(square);
  }
  double at_0, slope, cov00, cov01, cov11, squares;
  gsl_fit_linear(log_P, 1, log_error, 1, SIZES, &at_0, &slope, &cov00, &cov01, &cov11, &squares);
  print_message("error of batch gradients: slope in P %.3f\n", slope);
  assert_near(slope, -0.5, 0.1);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_step_follows_the_gradient_of_the_exact_loss),
      cmocka_unit_test(the_loss_never_increases),
      cmocka_unit_test(the_loss_is_the_mean_over_points),
      cmocka_unit_test(errors_of_batch_gradients_fall_like_the_inverse_root_of_P),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
