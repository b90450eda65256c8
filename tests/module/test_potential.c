// ranks: 1
/* potential: the series for K, grad K, F and grad F equal high-precision values, scaled Bessel functions, the target
 * itself and plain arithmetic. */
#include <gsl/gsl_sf_bessel.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "dynamics/potential.h"
#include "harness.h"

enum { D_MAX = 25 };

struct system {
  struct target *target;
  struct potential *potential;
  double *z, *sum, *F, *grad_F; /* [d + 1][TILE] each */
};

static struct system system_create(int d, double alpha) {
  struct system system = {0};
  const struct target_spec spec = {.type = TARGET_SPIN, .d = d, .seed = 5};
  assert_ok(target_create(&world, &spec, &system.target));
  assert_ok(potential_create(system.target, &(struct unit_spec){.type = UNIT_RBF, .alpha = alpha}, POTENTIAL_POPULATION,
                             &system.potential));
  double **tile[] = {&system.z, &system.sum, &system.F, &system.grad_F};
  for (int i = 0; i < 4; i++) {
    assert_ok(alloc_array((void **)tile[i], (d + 1) * TILE, sizeof(double), "a tile"));
    memset(*tile[i], 0, sizeof(double) * (size_t)(d + 1) * TILE);
  }
  return system;
}

static void system_free(struct system *system) {
  potential_free(system->potential);
  target_free(system->target);
  free(system->z);
  free(system->sum);
  free(system->F);
  free(system->grad_F);
}

/* K, and the factor of z' in grad_z K, at one u, from a lane z = (d, 0, ..) and a particle z' = (2u - 1, 1, 0, ..), for
 * which u is rounded once. */
static void pair_at(struct system *system, double u, double *K, double *gradient) {
  const int d = system->potential->d;
  double particle[D_MAX + 1] = {1, 2 * u - 1, 1}; /* component 1 of grad_z K is the factor */
  system->z[0] = d;
  potential_pairs(system->potential, system->z, 1, particle, system->sum);
  *K = system->sum[0];
  *gradient = system->sum[2 * TILE];
}

static void check_relative(double value, double expected, double tolerance, const char *what, int d, double alpha,
                           double u) {
  if (fabs(value - expected) <= tolerance * fabs(expected)) return;
  print_error("%s at d = %d, alpha = %g, u = %g: %.17g, expected %.17g\n", what, d, alpha, u, value, expected);
  fail();
}

/* Expected values: hyp0f1 of mpmath with 50 digits, at the double values of alpha and u. */
static void series_equal_high_precision_values(void **state) {
  (void)state;
  static const struct {
    int d;
    double alpha, u, K, gradient, lam_1, lam_3;
  } row[] = {
      {2, 1.0, 0.3, 0.047836395595093973, 0.031736416705250188, 0.21526928924893766, 0.028791222639470898},
      {3, 1.6666666666666667, 0.0, 4.5399929762484831e-5, 0.00012611091600690232, 0.080005447991571496,
       0.028013256779490646},
      {3, 1.6666666666666667, 0.5, 0.0037797719843788571, 0.0038245484316467856, 0.080005447991571496,
       0.028013256779490646},
      {3, 1.6666666666666667, 1.0, 0.049999999896942317, 0.037500000094469541, 0.080005447991571496,
       0.028013256779490646},
      {5, 1.0, 0.25, 0.00032344348092317855, 0.00021019237725199078, 0.031195314727248512, 0.0076641790324763693},
      {10, 1.0, 0.75, 1.7600832663091965e-5, 7.8010156600941263e-6, 0.0013549168748134642, 0.00041496364149100363},
      {25, 1.0, 0.5, 2.7696513403963758e-15, 1.3972823659308494e-15, 1.174782225097935e-7, 4.1093705921544388e-8},
      {25, 4.0, 0.875, 1.4830528062413067e-22, 2.9735160621956253e-22, 7.2271971001391254e-14, 5.5142148127659502e-14},
      {3, 50.0, 0.75, 6.7451212731993364e-21, 1.9396542122067104e-19, 0.0033111111111111111, 0.0032022074074074074},
      {5, 100.0, 0.96875, 2.2373165777063906e-13, 1.1342496443674838e-11, 5.964072e-6, 5.88107497008e-6},
      {3, 1000.0, 0.984375, 3.0657415147328356e-25, 1.5447289676581368e-22, 0.00016661111111111111,
       0.00016633361101851852},
      {10, 1000.0, 1.0, 6.7676096649372358e-18, 3.3830435430033006e-15, 1.5300436609094447e-16, 1.5282086181179353e-16},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    const int d = row[i].d;
    const double alpha = row[i].alpha, u = row[i].u;
    struct system system = system_create(d, alpha);
    double K, gradient;
    pair_at(&system, u, &K, &gradient);
    /* In K a relative rounding error of u is multiplied by k u^1/2, with k = alpha d. */
    const double tolerance = 2e-14 + 1.2e-16 * alpha * d;
    check_relative(K, row[i].K, tolerance, "K", d, alpha, u);
    check_relative(gradient, row[i].gradient, tolerance, "grad K", d, alpha, u);
    check_relative(system.potential->lam_1, row[i].lam_1, 1e-15, "lam_1", d, alpha, u);
    check_relative(system.potential->lam_3, row[i].lam_3, 1e-15, "lam_3", d, alpha, u);
    system_free(&system);
  }
}

/* e^-2k 0F1(; nu + 1; k^2 u) = Gamma(nu + 1) (x/2)^-nu e^(x - 2k) [e^-x I_nu(x)] with x = 2 k u^1/2; nu is a
 * half-integer for odd d. */
static double by_bessel(int twice_nu, double k, double u) {
  const double x = 2 * k * sqrt(u), nu = 0.5 * twice_nu;
  const double scaled = twice_nu % 2 ? sqrt(2 * x / M_PI) * gsl_sf_bessel_il_scaled((twice_nu - 1) / 2, x)
                                     : gsl_sf_bessel_In_scaled(twice_nu / 2, x);
  return gsl_sf_gamma(nu + 1) * pow(x / 2, -nu) * exp(x - 2 * k) * scaled;
}

static void series_equal_scaled_bessel_functions(void **state) {
  (void)state;
  const int dims[] = {2, 3, 4, 5, 10};
  const double ks[] = {1, 5, 10, 25};
  for (size_t i = 0; i < 5; i++)
    for (size_t j = 0; j < 4; j++) {
      const int d = dims[i];
      const double alpha = ks[j] / d, k = alpha * d;
      struct system system = system_create(d, alpha);
      for (double u = 0.125; u <= 1; u += 0.125) {
        double K, gradient;
        pair_at(&system, u, &K, &gradient);
        check_relative(K, by_bessel(d - 2, k, u), 1e-13, "K by Bessel", d, alpha, u);
        check_relative(gradient, alpha * alpha * by_bessel(d, k, u), 1e-13, "grad K by Bessel", d, alpha, u);
      }
      check_relative(system.potential->lam_1, k / d * by_bessel(d, k / 2, 1), 1e-13, "lam_1", d, alpha, 1);
      system_free(&system);
    }
}

/* The vector code gives the same bits as the same operations in plain C, one lane at a time. */
static void lanes_have_the_bits_of_scalar_arithmetic(void **state) {
  (void)state;
  enum { D = 7, N = 50 };
  struct system system = system_create(D, 0.9);
  const struct rng rng = {.seed = 3, .stream = RNG_INIT_A};
  double particle[N][D + 1], z[TILE][D];
  for (int j = 0; j < N; j++) {
    rng_sphere(&rng, (uint64_t)j, D, &particle[j][1]);
    particle[j][0] = particle[j][1] - 0.3;
  }
  for (int i = 0; i < TILE; i++) {
    rng_sphere(&rng, (uint64_t)(N + i), D, z[i]);
    for (int r = 0; r < D; r++) system.z[r * TILE + i] = z[i][r];
  }
  for (int r = 0; r < D; r++) system.z[r * TILE] = particle[0][1 + r]; /* u = 1 */
  for (int r = 0; r < D; r++) z[0][r] = particle[0][1 + r];
  potential_pairs(system.potential, system.z, N, particle[0], system.sum);
  for (int i = 0; i < TILE; i++) {
    double sum[D + 1] = {0};
    for (int j = 0; j < N; j++) {
      double u = 0, K = 0, gradient = 0;
      for (int r = 0; r < D; r++) u += z[i][r] * particle[j][1 + r];
      u = u * (0.5 / D) + 0.5;
      u = u > 1 ? 1 : u > 0 ? u : 0;
      for (int m = 0; m < system.potential->terms; m++) {
        K = K * u + system.potential->coefficient[m][0];
        gradient = gradient * u + system.potential->coefficient[m][1];
      }
      sum[0] += particle[j][0] * K;
      gradient *= particle[j][0];
      for (int r = 0; r < D; r++) sum[1 + r] += gradient * particle[j][1 + r];
    }
    for (int r = 0; r <= D; r++) assert_memory_equal(&sum[r], &system.sum[r * TILE + i], sizeof(double));
  }
  system_free(&system);
}

/* F equals the linear and cubic parts of target_eval times their Funk-Hecke factors lam_1 and lam_3; grad F equals
 * central differences of F along great circles. */
static void the_field_equals_that_of_the_target(void **state) {
  (void)state;
  const int dims[] = {2, 3, 5, 10};
  for (size_t i = 0; i < 4; i++) {
    const int d = dims[i];
    struct system system = system_create(d, 1.3);
    const struct potential *potential = system.potential;
    const struct rng rng = {.seed = 4, .stream = RNG_INIT_A};
    const double eps = 1e-5;
    double z[D_MAX], t[D_MAX], f, grad = 0, along = 0, norm2 = 0;
    rng_sphere(&rng, 1, d, z);
    rng_normal(&rng, 2, d, t);
    for (int r = 0; r < d; r++) along += t[r] * z[r] / d;
    for (int r = 0; r < d; r++) t[r] -= along * z[r];
    for (int r = 0; r < d; r++) norm2 += t[r] * t[r];
    for (int r = 0; r < d; r++) t[r] *= sqrt(d / norm2);
    for (int lane = 0; lane < 3; lane++) /* z rotated by 0, -eps, eps toward t */
      for (int r = 0; r < d; r++) {
        const double angle = lane == 0 ? 0 : lane == 1 ? -eps : eps;
        system.z[r * TILE + lane] = cos(angle) * z[r] + sin(angle) * t[r];
      }
    potential_field(potential, system.z, NULL, system.F, system.grad_F);
    target_eval(system.target, 1, z, &f);
    double linear = 0, L2 = 0;
    for (int r = 0; r < d; r++) {
      linear += d * potential->L[r] * z[r];
      L2 += potential->L[r] * potential->L[r];
      grad += system.grad_F[r * TILE] * t[r];
    }
    assert_near(d * d * L2 / (2 * system.target->C_f), system.target->linear_fraction, 1e-13);
    const double F = potential->lam_3 * (f - linear) + potential->lam_1 * linear;
    check_relative(system.F[0], F, 1e-13, "F", d, 1.3, 0);
    assert_near(grad / F, (system.F[2] - system.F[1]) / (2 * eps) / F, 1e-8);
    system_free(&system);
  }
}

static void potentials_out_of_range_are_refused(void **state) {
  (void)state;
  struct target *target;
  struct potential *potential;
  const struct target_spec small = {.type = TARGET_SPIN, .d = 3}, large = {.type = TARGET_SPIN, .d = 300};
  assert_ok(target_create(&world, &small, &target));
  assert_status(USAGE, potential_create(target, &(struct unit_spec){.type = UNIT_RBF, .alpha = 5000},
                                        POTENTIAL_POPULATION, &potential));
  assert_non_null(strstr(error_text(), "alpha d"));
  /* alpha d = 9000: many terms, all in range. */
  assert_ok(
      potential_create(target, &(struct unit_spec){.type = UNIT_RBF, .alpha = 3000}, POTENTIAL_POPULATION, &potential));
  assert_true(potential->terms > 5000 && isfinite(potential->lam_3) && potential->lam_3 > 0);
  potential_free(potential);
  target_free(target);
  assert_ok(target_create(&world, &large, &target));
  assert_status(USAGE, potential_create(target, &(struct unit_spec){.type = UNIT_RBF, .alpha = 33},
                                        POTENTIAL_POPULATION, &potential)); /* K(z, z) = 2.8e-338 */
  assert_non_null(strstr(error_text(), "K(z, z)"));
  target_free(target);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(series_equal_high_precision_values),
      cmocka_unit_test(series_equal_scaled_bessel_functions),
      cmocka_unit_test(lanes_have_the_bits_of_scalar_arithmetic),
      cmocka_unit_test(the_field_equals_that_of_the_target),
      cmocka_unit_test(potentials_out_of_range_are_refused),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
