// ranks: 1 2
/* At t = 0 the output of a network is the mean of iid terms, so n Var f_n(x) = E[c^2 phi(x, z)^2] - f_0(x)^2 exactly,
 * for every n. 9 variances are within 5 standard errors; probability of a false alarm with new seeds: 9e-6. */
#include <math.h>
#include <stdlib.h>

#include "fixture.h"

enum { D = 5, K = 64, REPLICAS = 2048 };

/* E h(s)^2 for s ~ N(0, variance), by the trapezoidal rule, which is exact up to rounding for these integrands. */
static double mean_square(double (*h)(double), double variance) {
  const double step = 0.01;
  double sum = 0;
  for (double u = -12; u <= 12; u += step) sum += exp(-u * u / 2) * pow(h(sqrt(variance) * u), 2);
  return sum * step / sqrt(2 * acos(-1));
}

/* n times the mean over test points of the unbiased variance over replicas. */
static double n_times_variance(const char *unit, int n) {
  struct fixture *fixture = fixture_create("run: {precision: single, seed: 21}\n"
                                           "ensemble: {n: %d, replicas: %d}\n"
                                           "unit: {type: %s}\n"
                                           "target: {type: spin, d: %d}\n"
                                           "data: {mode: fixed, samples: 10, test: %d}\n"
                                           "dynamics: {scheme: gd, stages: [{steps: 1, dt: 1}]}\n",
                                           n, REPLICAS, unit, D, K);
  double *f = fixture_outputs(fixture, POINTS_TEST), variance = 0;
  for (int k = 0; k < K; k++) {
    double sum = 0, square = 0;
    for (int r = 0; r < REPLICAS; r++) {
      sum += f[r * K + k];
      square += f[r * K + k] * f[r * K + k];
    }
    variance += (square - sum * sum / REPLICAS) / (REPLICAS - 1) / K;
  }
  free(f);
  fixture_free(fixture);
  return n * variance;
}

static void the_variance_over_replicas_is_the_exact_one(void **state) {
  (void)state;
  const struct {
    const char *unit;
    double (*h)(double);
  } cases[] = {{"sigmoid", unit_find("sigmoid")->h}, {"tanh", unit_find("tanh")->h}, {"relu", unit_find("relu")->h}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const double exact = mean_square(cases[i].h, D + 1); /* c ~ N(0,1): E c^2 = 1, f_0 = 0; s ~ N(0, |x|^2 + 1) */
    const int sizes[] = {1, 17, 300};
    for (int s = 0; s < 3; s++) {
      /* The terms c phi are not Gaussian. For n = 1 the mean of (c phi)^2 over the test points has a variance of 2.1
       * (tanh), 2.5 (sigmoid) and 4.9 (relu) times its squared mean; 8 is an upper bound. */
      const double error = sizes[s] == 1 ? sqrt(8.0 / REPLICAS) : sqrt(2.0 / (REPLICAS - 1)) * (1 + 3.0 / sizes[s]);
      const double ratio = n_times_variance(cases[i].unit, sizes[s]) / exact;
      assert_all_for(fabs(ratio - 1) <= 5 * error, "unit %s, n = %d: ratio %g", cases[i].unit, sizes[s], ratio);
    }
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_variance_over_replicas_is_the_exact_one),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
