// ranks: 1
/* Exact gradients: a step follows the gradient of the exact loss, which decreases at every step; the exact population
 * loss equals the mean over test points within its error; gradients on P points converge to the exact population
 * gradient; with fixed z, data.mode: rkhs is a linear recursion. */
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 4, PARAMETERS = D + 2 };

/* Data modes and targets of the exact potential, as an input. */
static const char *const problems[] = {
    "target: {type: spin, d: 4}\ndata: {mode: population, test: 0}\n",
    "target: {type: teacher, d: 4, teacher: {units: 20, type: rbf, alpha: 1.1}}\ndata: {mode: population, test: 0}\n",
    "target: {type: spin, d: 4}\ndata: {mode: rkhs, test: 0}\n",
    "target: {type: teacher, d: 4, teacher: {units: 100, type: rbf, alpha: 1.1}}\ndata: {mode: rkhs, test: 0}\n",
};
enum { PROBLEMS = sizeof problems / sizeof *problems };

static struct fixture *fixture_of(int problem, int n, double dt) {
  return fixture_create("run: {precision: double, seed: 3}\n"
                        "ensemble: {n: %d}\n"
                        "unit: {type: rbf, alpha: 1.1, init: {c: {std: 2}}}\n"
                        "%s"
                        "dynamics: {stages: [{steps: 1000, dt: %.17g}]}\n",
                        n, problems[problem], dt);
}

static void follow_gradient(int problem) {
  enum { N = 70 };
  const double dt = problem < 2 ? 1e-6 : 1e-8; /* the retraction adds terms of the order dt |grad V|^2 */
  struct fixture *fixture = fixture_of(problem, N, dt), *moved = fixture_of(problem, N, dt);
  fixture_steps(moved, 0, 1);
  fixture_observe(fixture, 0);
  const double scale = fmax(1, fixture->observation[0].loss);
  double largest = 0;
  for (int64_t unit = 0; unit < N; unit += 23)
    for (int k = 0; k < PARAMETERS; k++) {
      if (k == 1) continue; /* no b */
      double theta[PARAMETERS], after[PARAMETERS];
      fixture_get(fixture, 0, unit, theta);
      fixture_get(moved, 0, unit, after);
      const double difference = fixture_derivative(fixture, unit, k);
      /* The rounding error of the losses adds at most n 1e-15 / (2 eps) to the difference quotient, times loss(0). */
      assert_near((theta[k] - after[k]) / dt, difference, 3e-8 * scale);
      largest = fmax(largest, fabs(difference));
    }
  assert_true(largest > 1e-3);
  fixture_free(fixture);
  fixture_free(moved);
}

static void the_step_follows_the_gradient_of_the_exact_loss(void **state) {
  (void)state;
  for (int problem = 0; problem < PROBLEMS; problem++) follow_gradient(problem);
}

/* c <- (I - dt Phi / n) c + dt f(z), and the loss of every state, in plain arithmetic. */
static void frozen_z_is_a_linear_recursion(void **state) {
  (void)state;
  enum { N = 70, STEPS = 200 };
  const double dt = 0.3, alpha = 1.1;
  struct fixture *fixture = fixture_create("run: {precision: double, seed: 3}\nensemble: {n: %d}\n"
                                           "unit: {type: rbf, alpha: 1.1, train: [c], init: {c: {std: 2}}}\n%s"
                                           "dynamics: {stages: [{steps: 1000, dt: %.17g}]}\n",
                                           N, problems[2], dt);
  double theta[PARAMETERS], z[N][D], c[N], f[N], f_n[N], largest = 0, first = 0;
  for (int i = 0; i < N; i++) {
    fixture_get(fixture, 0, i, theta);
    c[i] = theta[0];
    memcpy(z[i], theta + 2, sizeof z[i]);
    target_eval(fixture->data->target, 1, z[i], &f[i]);
  }
  for (int step = 0; step <= STEPS; step++) {
    double energy = 0;
    for (int i = 0; i < N; i++) {
      f_n[i] = 0;
      for (int j = 0; j < N; j++) {
        double square = 0;
        for (int k = 0; k < D; k++) square += (z[i][k] - z[j][k]) * (z[i][k] - z[j][k]);
        f_n[i] += c[j] * exp(-alpha * square / 2) / N;
      }
      energy += c[i] * (f_n[i] / 2 - f[i]) / N;
    }
    fixture_observe(fixture, step);
    if (step == 0) first = fixture->observation[0].loss - energy; /* |f|_H^2 / 2 */
    assert_near(fixture->observation[0].loss - energy, first, 1e-11 * first);
    for (int i = 0; i < N; i++) {
      fixture_get(fixture, 0, i, theta);
      largest = fmax(largest, fabs(theta[0] - c[i]) / (1 + fabs(c[i])));
      c[i] += dt * (f[i] - f_n[i]);
    }
    fixture_steps(fixture, step, step + 1);
  }
  print_message("recursion of c: error %.2g\n", largest);
  assert_true(largest < 1e-12);
  fixture_free(fixture);
}

static void the_loss_never_increases(void **state) {
  (void)state;
  const int dims[] = {3, 5, 5};
  const char *const modes[] = {"population", "population", "rkhs"};
  for (int i = 0; i < 3; i++) {
    struct fixture *fixture = fixture_create("run: {precision: double}\nensemble: {n: 100}\n"
                                             "unit: {type: rbf, alpha: %.17g}\ntarget: {type: spin, d: %d}\n"
                                             "data: {mode: %s, test: 0}\n"
                                             "dynamics: {stages: [{steps: 600, dt: %g}]}\n",
                                             5.0 / dims[i], dims[i], modes[i], i < 2 ? 0.1 : 0.002);
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
      cmocka_unit_test(frozen_z_is_a_linear_recursion),
      cmocka_unit_test(the_loss_never_increases),
      cmocka_unit_test(the_loss_is_the_mean_over_points),
      cmocka_unit_test(errors_of_batch_gradients_fall_like_the_inverse_root_of_P),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
