// ranks: 1 2
/* At t = 0 the output of a network is the mean of iid terms, so n Var f_n(x) = E[c^2 phi(x, z)^2] - f_0(x)^2 exactly,
 * for every n. 9 variances are within 5 standard errors; probability of a false alarm with new seeds: 9e-6. If the
 * initial particles are mirrored, f_n = 0, and the even units are those without mirror. */
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

static void mirrored_units_cancel(void **state) {
  (void)state;
  const char *units[] = {"tanh", "rbf"};
  for (int i = 0; i < 2; i++) {
    struct fixture *fixture[2];
    for (int mirror = 0; mirror < 2; mirror++)
      fixture[mirror] = fixture_create("run: {precision: double}\nensemble: {n: 600, replicas: 2}\n"
                                       "unit: {type: %s, init: {mirror: %s, c: {mean: 0.5}}}\n"
                                       "target: {type: spin, d: %d}\ndata: {samples: 10, test: %d}\n"
                                       "dynamics: {stages: [{steps: 1, dt: 1}]}\n",
                                       units[i], mirror ? "true" : "false", D, K);
    double *f = fixture_outputs(fixture[1], POINTS_TEST);
    for (int k = 0; k < 2 * K; k++) expect(fabs(f[k]) < 1e-14, "%s: f = %g", units[i], f[k]);
    free(f);
    for (int s = 0; s < fixture[1]->particles->locals; s++) {
      const struct local_network *local = &fixture[1]->particles->local[s];
      const int64_t first = local_network_first_unit(local);
      for (int64_t unit = 0; unit < local_network_units(local); unit++) {
        double own[D + 2], even[D + 2];
        fixture_get(fixture[1], s, first + unit, own);
        fixture_get(fixture[0], s, first + unit / 2 * 2, even);
        for (int k = 0; k < D + 2; k++)
          expect(own[k] == (k == 0 && unit % 2 == 1 ? -even[k] : even[k]), "%s, unit %lld, value %d", units[i],
                 (long long)(first + unit), k);
      }
    }
    fixture_free(fixture[0]);
    fixture_free(fixture[1]);
  }
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_variance_over_replicas_is_the_exact_one),
      cmocka_unit_test(mirrored_units_cancel),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
