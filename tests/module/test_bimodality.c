// ranks: 1
/* bimodality, loss_decay: the numbers equal plain formulas; replicas in two groups give warnings, fluctuations around
 * one value do not; crossing times of known curves are exact. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "fluctuations/bimodality.h"
#include "fluctuations/loss_decay.h"
#include "harness.h"

enum { R = 32 };

/* loss [R]: log loss = sigma times a normal number, plus gap in the first `stragglers` replicas. */
static void draw(uint64_t id, double sigma, int stragglers, double gap, double *loss) {
  const struct rng rng = {.seed = 41, .stream = RNG_NOISE, .step = id};
  rng_normal(&rng, 0, R, loss);
  for (int r = 0; r < R; r++) loss[r] = exp(sigma * loss[r] + (r < stragglers ? gap : 0));
}

static void numbers_equal_plain_formulas(void **state) {
  (void)state;
  const double loss[] = {1, 1, 1, 1, 9, 9, 9, 9};
  double relative, kurtosis, bimodality;
  bimodality_of(8, loss, &relative, &kurtosis, &bimodality);
  assert_near(relative, sqrt(16 * 8 / 7.0) / 5, 1e-12);
  /* Two equal groups: the skewness is 0; the fourth moment over the squared variance, which divides by n - 1, is
   * (7/8)^2. */
  assert_near(kurtosis, 49.0 / 64 - 3, 1e-12);
  assert_near(bimodality, 1 / (49.0 / 64 - 3 + 3 * 49.0 / 30), 1e-12);
  bimodality_of(BIMODALITY_REPLICAS_MIN - 1, loss, &relative, &kurtosis, &bimodality);
  assert_true(isnan(relative) && isnan(kurtosis) && isnan(bimodality));
}

/* Without groups 5 of 10,000 samples give a warning, so more than 8 of 2000 have probability 2e-6. Nearly all samples
 * with two groups or with a few stragglers give one. */
static void two_groups_differ_from_fluctuations(void **state) {
  (void)state;
  enum { TRIALS = 2000 };
  int warned[3] = {0};
  for (uint64_t trial = 0; trial < TRIALS; trial++)
    for (int i = 0; i < 3; i++) {
      double loss[R], relative, kurtosis, bimodality;
      draw(trial, 0.25, i == 0 ? 0 : i == 1 ? R / 2 : 3, 2, loss);
      bimodality_of(R, loss, &relative, &kurtosis, &bimodality);
      warned[i] += relative > BIMODALITY_RELATIVE && bimodality > BIMODALITY_LIMIT;
    }
  print_message("warnings in %d: fluctuations %d, halves %d, 3 stragglers %d\n", TRIALS, warned[0], warned[1],
                warned[2]);
  assert_true(warned[0] <= 8 && warned[1] > 0.99 * TRIALS && warned[2] > 0.9 * TRIALS);
}

static void warnings_contain_times_and_sizes(void **state) {
  (void)state;
  int64_t n[2] = {10, 20};
  double time[2] = {1, 7}, relative[4] = {0.5, 0.5, 0.01, 0.6}, kurtosis[4] = {0}, bimodality[4] = {0.4, 0.5, 0.9, 0.8};
  const struct study study = {.sizes = 2, .times = 2, .n = n, .time = time, .loss_column = "loss"};
  const struct bimodality found = {&study, relative, kurtosis, bimodality};
  struct findings findings = {0};
  bimodality_analysis.findings(&found, &findings);
  assert_true(findings.count == 1 && findings.finding[0].kind == FINDING_WARNING);
  assert_true(findings.finding[0].t == 7 && findings.finding[0].n == 20 && findings.finding[0].estimate.value == 0.8);
  assert_non_null(strstr(findings.finding[0].reason, "sd/mean of loss 0.60, bimodality 0.80"));
  findings_free(&findings);
}

static void crossings_of_known_curves_are_exact(void **state) {
  (void)state;
  enum { ROWS = 40 };
  double time[ROWS], curve[ROWS];
  for (int row = 0; row < ROWS; row++) {
    time[row] = 0.5 * row;
    curve[row] = 3 * exp(-0.2 * time[row]);
  }
  for (double level = 2.5; level > 0.1; level /= 2)
    assert_near(loss_decay_crossing(ROWS, time, curve, level), 5 * log(3 / level), 1e-12);
  assert_true(loss_decay_crossing(ROWS, time, curve, 4) == 0);
  assert_true(isnan(loss_decay_crossing(ROWS, time, curve, 0.01)));
  curve[20] = 100; /* the first crossing counts */
  assert_near(loss_decay_crossing(ROWS, time, curve, 1), 5 * log(3), 1e-12);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_equal_plain_formulas),
      cmocka_unit_test(two_groups_differ_from_fluctuations),
      cmocka_unit_test(warnings_contain_times_and_sizes),
      cmocka_unit_test(crossings_of_known_curves_are_exact),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
