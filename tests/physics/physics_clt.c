// ranks: 2
/* The central limit theorem for the network output at t = 0: d = 5, K = 512 points, R = 2048 replicas, m = 20 whitened
 * projections on the eigenvectors of the exact covariance (clt/initial_covariance.h), with the tests of clt/clt.h. With
 * new seeds, each of the 5 quotients, the width W, the mean and the cosine raises a false alarm with probability 1e-5,
 * and normality at n = 1024 with 1e-4: 7e-4 in total for the 6 cases that must pass. The tests must reject samples that
 * violate the theorem: a variance 10 % too large, a duplicated replica, replicas correlated by 5 %, a wrong factor sqrt
 * n, c of infinite variance, n = 1. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "clt/clt.h"
#include "clt/initial_covariance.h"
#include "fixture.h"

enum { D = 5, K = 512, REPLICAS = 2048, M = CLT_VECTORS };

/* The limit law of a unit type at the K test points: all eigenvalues of the exact covariance operator in descending
 * order, its M leading eigenvectors u [M][K], and the mean output f_0. */
struct law {
  double value[K], u[M * K], f_0[K];
};

static struct fixture *networks(const char *unit, int n) {
  return fixture_create("run: {precision: single, seed: 5}\n"
                        "ensemble: {n: %d, replicas: %d}\n"
                        "unit: {%s}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {mode: fixed, samples: 10, test: %d}\n"
                        "dynamics: {scheme: gd, stages: [{steps: 1, dt: 1}]}\n",
                        n, REPLICAS, unit, D, K);
}

static void find_law(const struct dist_grid *grid, const char *unit, struct law *law) {
  struct fixture *fixture = networks(unit, 1);
  struct initial_covariance *exact;
  struct dist_matrix *C;
  assert_ok(initial_covariance_create(&fixture->config->unit, D, K, fixture->data->test_x, &exact));
  assert_ok(initial_covariance_matrix(grid, exact, initial_covariance_between, 1.0 / K, &C));
  assert_ok(covariance_leading(C, M, law->value, law->u));
  for (int k = 0; k < K; k++) law->f_0[k] = initial_covariance_output(exact, k);
  dist_matrix_free(C);
  initial_covariance_free(exact);
  fixture_free(fixture);
}

/* Returns the whitened projections y [REPLICAS][M] of f. Collective; the caller frees y. */
static double *project(const struct dist_grid *grid, int n, const struct law *law, const double *f) {
  struct covariance *covariance = covariance_of(grid, n, REPLICAS, K, f);
  double *y = malloc(sizeof *y * REPLICAS * M);
  assert_ok(covariance_project(covariance, M, law->u, law->f_0, y));
  for (int r = 0; r < REPLICAS; r++)
    for (int i = 0; i < M; i++) y[r * M + i] /= sqrt(law->value[i]);
  covariance_free(covariance);
  return y;
}

/* Applies all tests of clt/clt.h; normality only if requested. */
static struct clt_tests judge(const double *y, bool normality) {
  const bool applies[CLT_TESTS] = {true, true, true, true, normality};
  return clt_run_tests(REPLICAS, M, y, (struct clt_error){0}, applies);
}

static void print(const char *what, const struct clt_tests *tests) {
  print_message("%s: W = %.4f", what, tests->width);
  for (int q = 0; q < CLT_TESTS; q++)
    print_message(", %s %.3g (%.3g)%s", clt_test_names[q], tests->outcome[q].value, tests->outcome[q].limit,
                  tests->outcome[q].passed     ? ""
                  : !tests->outcome[q].applies ? " -"
                                               : " NO");
  print_message("\n");
}

/* y must be rejected, and `test` must be among the tests that fail. */
static void must_reject(const char *what, const double *y, enum clt_test test) {
  const struct clt_tests tests = judge(y, true);
  print(what, &tests);
  assert_all_for(!clt_passed(&tests) && !tests.outcome[test].passed, "%s", what);
}

static void must_reject_changed_samples(const double *y) {
  const size_t count = (size_t)REPLICAS * M;
  double *changed = malloc(sizeof *changed * count), common[M];
  for (size_t i = 0; i < count; i++) changed[i] = sqrt(1.1) * y[i];
  must_reject("variance times 1.1", changed, CLT_WIDTH);
  for (size_t i = 0; i < count; i++) changed[i] = 32 * y[i];
  must_reject("missing sqrt n", changed, CLT_QUOTIENTS);
  memcpy(changed, y, sizeof *changed * count);
  memcpy(changed + 7 * M, y + 1900 * M, sizeof *changed * M);
  must_reject("a duplicated replica", changed, CLT_COSINE);
  const struct rng rng = {.seed = 3, .stream = RNG_NOISE};
  rng_normal(&rng, 0, M, common);
  for (size_t i = 0; i < count; i++) changed[i] = sqrt(0.95) * y[i] + sqrt(0.05) * common[i % M];
  must_reject("replicas correlated by 5 %", changed, CLT_MEAN);
  free(changed);
}

static void check_unit(const char *unit) {
  struct dist_grid grid;
  struct law *law = malloc(sizeof *law);
  const int sizes[] = {64, 256, 1024};
  dist_grid_create(&world, &grid);
  find_law(&grid, unit, law);
  for (int s = 0; s < 3; s++) {
    struct fixture *fixture = networks(unit, sizes[s]);
    double *f = fixture_outputs(fixture, POINTS_TEST), *y = project(&grid, sizes[s], law, f);
    const struct clt_tests tests = judge(y, sizes[s] == 1024);
    char what[64];
    snprintf(what, sizeof what, "%s, n = %d", unit, sizes[s]);
    print(what, &tests);
    assert_all_for(clt_passed(&tests), "%s", what);
    if (sizes[s] == 1024) must_reject_changed_samples(y);
    free(f);
    free(y);
    fixture_free(fixture);
  }
  dist_grid_free(&grid);
  free(law);
}

static void sigmoid_fluctuates_as_the_theorem_says(void **state) {
  (void)state;
  check_unit("type: sigmoid");
}

static void rbf_fluctuates_as_the_theorem_says(void **state) {
  (void)state;
  check_unit("type: rbf, alpha: 1");
}

/* Replaces c by samples of Student's t distribution with two degrees of freedom, whose variance is infinite: N(0,1) /
 * sqrt(E) with exponential E. */
static void replace_amplitudes(struct fixture *fixture, int n) {
  float *c = malloc(sizeof *c * (size_t)n);
  double *normal = malloc(sizeof *normal * (size_t)n), *uniform = malloc(sizeof *uniform * (size_t)n);
  const struct rng rng = {.seed = 11, .stream = RNG_NOISE};
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    rng_normal(&rng, (uint64_t)local->replica, n, normal);
    rng_uniform(&rng, (uint64_t)(REPLICAS + local->replica), n, uniform);
    for (int i = 0; i < n; i++) c[i] = (float)(normal[i] / sqrt(-log(1 - uniform[i])));
    local_network_set(fixture->particles, local, local_network_first_unit(local), local_network_units(local),
                      c + local_network_first_unit(local), NULL, NULL);
  }
  free(c);
  free(normal);
  free(uniform);
}

static void other_laws_are_rejected(void **state) {
  (void)state;
  struct dist_grid grid;
  struct law *law = malloc(sizeof *law);
  dist_grid_create(&world, &grid);
  find_law(&grid, "type: sigmoid", law);
  for (int heavy = 0; heavy < 2; heavy++) {
    const int n = heavy ? 1024 : 1;
    struct fixture *fixture = networks("type: sigmoid", n);
    if (heavy) replace_amplitudes(fixture, n);
    double *f = fixture_outputs(fixture, POINTS_TEST), *y = project(&grid, n, law, f);
    must_reject(heavy ? "c of Student's t distribution with 2 degrees of freedom" : "n = 1", y, CLT_NORMALITY);
    free(f);
    free(y);
    fixture_free(fixture);
  }
  dist_grid_free(&grid);
  free(law);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sigmoid_fluctuates_as_the_theorem_says),
      cmocka_unit_test(rbf_fluctuates_as_the_theorem_says),
      cmocka_unit_test(other_laws_are_rejected),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
