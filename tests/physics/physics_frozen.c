// ranks: 2
/* Networks of which only c is trained, on fixed data: after STEPS steps the fluctuations at the training points have
 * the covariance of clt/frozen_features.h. For R = 1024 replicas of n = 1024 sigmoid units, the Rayleigh quotients on
 * its M leading eigenvectors, divided by the eigenvalues, are 1 within 5 standard errors of sqrt(2/(R-1)), plus 1 % for
 * the random draws in the covariance. There are 5 quotients for each of two sets of labels, the target and zero; with
 * new seeds the probability of a false alarm is below 1e-5. For labels of zero the covariance is nearly D Cov(0) D; it
 * must not fit networks that learn the target, where most of the covariance comes from the fluctuations of the
 * features. */
#include <math.h>
#include <stdlib.h>

#include "clt/frozen_features.h"
#include "fixture.h"

enum { D = 5, P = 64, N = 1024, REPLICAS = 1024, STEPS = 40, M = 5 };

/* quotient [M]: Rayleigh quotients of f [REPLICAS][P] on the leading eigenvectors of the covariance for labels y [P],
 * divided by the eigenvalues. Collective. */
static void quotients(const struct dist_grid *grid, const struct fixture *fixture, const double *f, const double *y,
                      double *quotient) {
  double value[P], u[M * P], *projection = malloc(sizeof *projection * REPLICAS * M);
  struct initial_covariance *initial;
  struct covariance *covariance = covariance_of(grid, N, REPLICAS, P, f);
  struct dist_matrix *C;
  assert_ok(initial_covariance_create(&fixture->config->unit, D, P, fixture->data->x, &initial));
  assert_ok(
      frozen_features_covariance(grid, initial, y, &fixture->config->schedule, STEPS, FROZEN_FEATURES_DRAWS, 1, &C));
  assert_ok(covariance_leading(C, M, value, u));
  assert_ok(covariance_project(covariance, M, u, NULL, projection));
  for (int i = 0; i < M; i++) {
    quotient[i] = 0;
    for (int r = 0; r < REPLICAS; r++) quotient[i] += pow(projection[r * M + i], 2) / (REPLICAS - 1) / value[i];
    print_message("%d: l = %.4g, quotient %.4f\n", i, value[i], quotient[i]);
  }
  dist_matrix_free(C);
  covariance_free(covariance);
  initial_covariance_free(initial);
  free(projection);
}

static bool is_near_one(double quotient) {
  return fabs(quotient - 1) < 5 * sqrt(2.0 / (REPLICAS - 1)) + 0.01;
}

/* Compares the quotients after STEPS steps with 1. amplitude: factor of the labels. */
static void check(double amplitude) {
  struct dist_grid grid;
  struct fixture *fixture = fixture_create("run: {precision: mixed, seed: 8}\n"
                                           "ensemble: {n: %d, replicas: %d}\n"
                                           "unit: {type: sigmoid, train: [c], init: {c: {mean: 0.5, std: 1}}}\n"
                                           "target: {type: spin, d: %d}\n"
                                           "data: {mode: fixed, samples: %d, test: 2}\n"
                                           "dynamics: {scheme: gd, stages: [{steps: 20, dt: 1}, {steps: 20, dt: 2}]}\n",
                                           N, REPLICAS, D, P);
  double quotient[M], zero[P] = {0};
  dist_grid_create(&world, &grid);
  for (int p = 0; p < P; p++) fixture->data->y[p] *= amplitude;
  fixture_steps(fixture, 0, STEPS);
  double *f = fixture_outputs(fixture, POINTS_TRAIN);
  quotients(&grid, fixture, f, fixture->data->y, quotient);
  for (int i = 0; i < M; i++) expect(is_near_one(quotient[i]), "eigenvector %d: quotient %g", i, quotient[i]);
  assert_expected();
  if (amplitude > 0) {
    quotients(&grid, fixture, f, zero, quotient);
    int near = 0;
    for (int i = 0; i < M; i++) near += is_near_one(quotient[i]);
    assert_all_for(near < M, "the quotients of the covariance for labels of zero");
  }
  free(f);
  fixture_free(fixture);
  dist_grid_free(&grid);
}

static void fluctuations_of_a_learned_target(void **state) {
  (void)state;
  check(1);
}

static void fluctuations_of_labels_of_zero(void **state) {
  (void)state;
  check(0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fluctuations_of_a_learned_target),
      cmocka_unit_test(fluctuations_of_labels_of_zero),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
