// ranks: 1
/* initial_covariance: equals two-dimensional quadrature (except for relu, which has a kink), GSL's 0F1, closed forms,
 * and averages over random units. */
#include "clt/initial_covariance.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_sf_hyperg.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "fixture.h"

enum { D = 5, POINTS = 6, NODES = 200 };

static void draw_points(double *x) {
  const struct rng rng = {.seed = 2, .stream = RNG_NOISE};
  for (int i = 0; i < POINTS; i++) rng_sphere(&rng, (uint64_t)i, D, x + i * D);
  for (int k = 0; k < D; k++)
    x[(POINTS - 1) * D + k] *= 0.5; /* one point that is not on the sphere, as in data files */
}

static double dot(const double *a, const double *b) {
  double sum = 0;
  for (int k = 0; k < D; k++) sum += a[k] * b[k];
  return sum;
}

/* E h(s) h(s') for jointly Gaussian s, s', by 200 x 200 Gauss-Hermite nodes (with 60 x 60 nodes the error for sigmoid
 * is 3e-8). */
static double quadrature(const struct unit_spec *unit, const double *x, const double *y) {
  gsl_integration_fixed_workspace *rule =
      gsl_integration_fixed_alloc(gsl_integration_fixed_hermite, NODES, 0, 0.5, 0, 0);
  const double *g = gsl_integration_fixed_nodes(rule), *w = gsl_integration_fixed_weights(rule);
  const double a2 = unit->a.std * unit->a.std, b2 = unit->b.std * unit->b.std;
  const double xx = a2 * dot(x, x) + b2, yy = a2 * dot(y, y) + b2, xy = a2 * dot(x, y) + b2;
  const double slope = xy / sqrt(xx), rest = sqrt(fmax(yy - slope * slope, 0));
  double mean_x = unit->b.mean, mean_y = unit->b.mean, sum = 0;
  for (int k = 0; k < D; k++) {
    mean_x += unit->a.mean * x[k];
    mean_y += unit->a.mean * y[k];
  }
  double (*h)(double) = unit_table[unit->type].h;
  for (int i = 0; i < NODES; i++)
    for (int j = 0; j < NODES; j++)
      sum += w[i] * w[j] * h(mean_x + sqrt(xx) * g[i]) * h(mean_y + slope * g[i] + rest * g[j]);
  gsl_integration_fixed_free(rule);
  return sum / (2 * M_PI);
}

static void ridge_kernels_equal_quadrature(void **state) {
  (void)state;
  double x[POINTS * D];
  draw_points(x);
  /* The tolerances are the accuracy of this quadrature, which is lowest for tanh because its poles are near the real
   * axis. */
  const struct {
    int type;
    double tolerance;
  } cases[] = {
      {UNIT_SIGMOID, 1e-12}, {UNIT_TANH, 1e-6}, {UNIT_SOFTPLUS, 1e-12}, {UNIT_ERF, 1e-9}, {UNIT_COSINE, 1e-12}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
    for (int shifted = 0; shifted < 2; shifted++) {
      const struct unit_spec unit = {
          .type = cases[c].type, .c = {0.5, 2}, .a = {shifted * 0.3, 1}, .b = {shifted * -0.7, 0.8}};
      struct initial_covariance *initial;
      assert_ok(initial_covariance_create(&unit, D, POINTS, x, &initial));
      for (int i = 0; i < POINTS; i++)
        for (int j = 0; j <= i; j++) {
          const double expected = quadrature(&unit, x + i * D, x + j * D);
          assert_near(initial_covariance_kernel(initial, i, j), expected, cases[c].tolerance);
          assert_near(initial_covariance_kernel(initial, j, i), initial_covariance_kernel(initial, i, j), 1e-14);
          assert_near(initial_covariance_between(initial, i, j),
                      4.25 * initial_covariance_kernel(initial, i, j) -
                          initial_covariance_output(initial, i) * initial_covariance_output(initial, j),
                      1e-13);
        }
      initial_covariance_free(initial);
    }
}

/* For means 0, E relu(s) relu(s') = sigma sigma' (sqrt(1 - rho^2) + rho (pi - acos rho)) / 2 pi (Cho and Saul, 2009),
 * and for erf the kernel is (2/pi) asin(rho sigma sigma' / sqrt((1 + sigma^2)(1 + sigma'^2))) (Williams, 1998). */
static void kernels_equal_closed_forms(void **state) {
  (void)state;
  double x[POINTS * D];
  draw_points(x);
  for (int k = 0; k < D; k++) x[D + k] = -x[k]; /* rho near -1 */
  struct unit_spec unit = {.type = UNIT_RELU, .c = {0, 1}, .a = {0, 1}, .b = {0, 1}};
  for (int type = 0; type < 2; type++) {
    struct initial_covariance *initial;
    unit.type = type ? UNIT_ERF : UNIT_RELU;
    assert_ok(initial_covariance_create(&unit, D, POINTS, x, &initial));
    for (int i = 0; i < POINTS; i++)
      for (int j = 0; j <= i; j++) {
        const double xx = dot(x + i * D, x + i * D) + 1, yy = dot(x + j * D, x + j * D) + 1,
                     xy = dot(x + i * D, x + j * D) + 1, rho = fmin(xy / sqrt(xx * yy), 1);
        const double relu = sqrt(xx * yy) * (sqrt(1 - rho * rho) + rho * (M_PI - acos(rho))) / (2 * M_PI);
        const double erf_kernel = 2 / M_PI * asin(xy / sqrt((1 + xx) * (1 + yy)));
        assert_near(initial_covariance_kernel(initial, i, j), type ? erf_kernel : relu,
                    type ? 1e-7 : 1e-4 * sqrt(xx * yy));
      }
    initial_covariance_free(initial);
  }
}

static void rbf_kernels_equal_0F1(void **state) {
  (void)state;
  double x[POINTS * D];
  draw_points(x);
  const double alphas[] = {0.01, 1, 20, 400};
  for (int a = 0; a < 4; a++) {
    const double alpha = alphas[a];
    const struct unit_spec unit = {.type = UNIT_RBF, .alpha = alpha, .c = {0, 1}};
    struct initial_covariance *initial;
    assert_ok(initial_covariance_create(&unit, D, POINTS, x, &initial));
    for (int i = 0; i < POINTS; i++)
      for (int j = 0; j <= i; j++) {
        const double xx = dot(x + i * D, x + i * D), yy = dot(x + j * D, x + j * D), xy = dot(x + i * D, x + j * D);
        const double y = alpha * alpha * D * (xx + 2 * xy + yy) / 4, shift = alpha * (xx + yy + 2 * D) / 2;
        const double kernel = initial_covariance_kernel(initial, i, j);
        assert_true(kernel >= 0 && kernel <= 1);
        if (y > 1e5) continue; /* GSL's 0F1 overflows */
        assert_near(kernel / (exp(-shift) * gsl_sf_hyperg_0F1(D / 2.0, y)), 1, 1e-9);
      }
    /* For large k = alpha d, Laplace's method gives E exp(-alpha |x - z|^2) = Gamma(d/2) k^(-(d-1)/2) / (2 sqrt pi) up
     * to a factor 1 + O(1/k). */
    const double k = alpha * D;
    const double laplace = exp(lgamma(D / 2.0) - log(2 * sqrt(M_PI)) - (D - 1) / 2.0 * log(k));
    if (a == 3) assert_near(initial_covariance_kernel(initial, 0, 0) / laplace, 1, 3 / k);
    initial_covariance_free(initial);
  }
}

/* Covariances equal averages over 4e5 random units within five standard errors, for 36 entries and 2 unit types.
 * Probability of a false alarm with new seeds: 4e-5. */
static void covariances_equal_averages_over_random_units(void **state) {
  (void)state;
  enum { UNITS = 400000 };
  double x[POINTS * D], normal[D + 2], theta[D + 2], phi[POINTS];
  draw_points(x);
  const struct unit_spec units[] = {{.type = UNIT_SIGMOID, .c = {0.7, 1.2}, .a = {0.2, 0.9}, .b = {-0.5, 1.1}},
                                    {.type = UNIT_RBF, .alpha = 0.6, .c = {0.7, 1.2}}};
  for (int u = 0; u < 2; u++) {
    const struct unit_spec *unit = &units[u];
    const struct rng rng = {.seed = 13, .stream = RNG_NOISE, .step = (uint64_t)u};
    double sum[POINTS] = {0}, product[POINTS][POINTS] = {{0}}, square[POINTS][POINTS] = {{0}};
    struct initial_covariance *initial;
    assert_ok(initial_covariance_create(unit, D, POINTS, x, &initial));
    for (uint64_t m = 0; m < UNITS; m++) {
      rng_normal(&rng, m, D + 2, normal);
      theta[0] = unit->c.mean + unit->c.std * normal[D];
      theta[1] = unit->b.mean + unit->b.std * normal[D + 1];
      for (int k = 0; k < D; k++) theta[2 + k] = unit->a.mean + unit->a.std * normal[k];
      if (unit->type == UNIT_RBF) rng_sphere(&rng, UNITS + m, D, theta + 2);
      for (int i = 0; i < POINTS; i++) {
        phi[i] = theta[0] * naive_phi(unit, D, theta, x + i * D);
        sum[i] += phi[i] / UNITS;
      }
      for (int i = 0; i < POINTS; i++)
        for (int j = 0; j < POINTS; j++) {
          product[i][j] += phi[i] * phi[j] / UNITS;
          square[i][j] += pow(phi[i] * phi[j], 2) / UNITS;
        }
    }
    for (int i = 0; i < POINTS; i++) {
      assert_near(initial_covariance_output(initial, i), sum[i], 5 * sqrt(product[i][i] / UNITS));
      for (int j = 0; j < POINTS; j++)
        assert_near(initial_covariance_between(initial, i, j), product[i][j] - sum[i] * sum[j],
                    5 * sqrt((square[i][j] + pow(sum[i] * sum[j], 2)) / UNITS));
    }
    initial_covariance_free(initial);
  }
}

static void initial_laws_that_are_too_wide_are_refused(void **state) {
  (void)state;
  double x[POINTS * D];
  draw_points(x);
  const struct unit_spec unit = {.type = UNIT_SIGMOID, .c = {0, 1}, .a = {0, 100}, .b = {0, 1}};
  struct initial_covariance *initial;
  assert_status(FAILED, initial_covariance_create(&unit, D, POINTS, x, &initial));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ridge_kernels_equal_quadrature),
      cmocka_unit_test(kernels_equal_closed_forms),
      cmocka_unit_test(rbf_kernels_equal_0F1),
      cmocka_unit_test(covariances_equal_averages_over_random_units),
      cmocka_unit_test(initial_laws_that_are_too_wide_are_refused),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
