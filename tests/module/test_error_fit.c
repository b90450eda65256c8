// ranks: 1
/* error_fit: the fit of exact power laws is exact; p = 1 is accepted if it is true and rejected if it is false; data
 * that cannot be fitted give NaN. */
#include <math.h>

#include "base/rng.h"
#include "fluctuations/error_fit.h"
#include "harness.h"

enum { SIZES = 6, B = 200 };
static const int64_t n[SIZES] = {64, 128, 256, 512, 1024, 2048};
static const int64_t many[SIZES] = {1000000, 1000000, 1000000, 1000000, 1000000, 1000000};

/* loss [SIZES]: 2 + 30 n^-p with noise of standard deviation sigma; resampled [SIZES][B]: bootstrap values of these
 * losses. */
static void draw(uint64_t id, double p, double sigma, double *loss, double *resampled) {
  const struct rng rng = {.seed = 8, .stream = RNG_NOISE, .step = id};
  double normal[B + 1];
  for (int s = 0; s < SIZES; s++) {
    rng_normal(&rng, (uint64_t)s, B + 1, normal);
    loss[s] = 2 + 30 * pow((double)n[s], -p) + sigma * normal[B];
    for (int b = 0; b < B; b++) resampled[s * B + b] = loss[s] + sigma * normal[b];
  }
}

static void the_fit_of_exact_laws_is_exact(void **state) {
  (void)state;
  double loss[SIZES], resampled[SIZES * B], powers[B];
  for (double p = 0.5; p < 2.6; p += 0.5) {
    draw(1, p, 0, loss, resampled);
    for (int s = 0; s < SIZES; s++)
      for (int b = 0; b < B; b++) resampled[s * B + b] = loss[s] * (1 + 1e-6 * (b % 2 ? 1 : -1));
    const struct error_fit fit = error_fit(SIZES, n, many, loss, B, resampled, powers);
    assert_near(fit.power, p, 1e-6);
    assert_near(fit.limit, 2, 1e-6);
    assert_near(fit.amplitude, 30, 1e-3);
    assert_true(p == 1 ? fit.probability > 0.99 : fit.probability < 1e-6);
  }
}

/* At the 1 % level a true p = 1 is rejected in 1.2 % of trials, because the variances come from few bootstrap samples:
 * more than 8 rejections in 100 trials have probability 4e-6. The mean fitted p is within 5 standard errors of 1;
 * probability of a false alarm: 2e-6. */
static void p_is_rejected_as_often_as_it_should_be(void **state) {
  (void)state;
  enum { TRIALS = 100 };
  double loss[SIZES], resampled[SIZES * B], powers[B], mean = 0, square = 0;
  int rejected = 0, caught = 0;
  for (int trial = 0; trial < TRIALS; trial++) {
    draw((uint64_t)(10 + trial), 1, 0.002, loss, resampled);
    const struct error_fit fit = error_fit(SIZES, n, many, loss, B, resampled, powers);
    rejected += fit.probability < 0.01;
    mean += fit.power / TRIALS;
    square += fit.power * fit.power / TRIALS;
    draw((uint64_t)(10 + trial), 0.5, 0.002, loss, resampled);
    caught += error_fit(SIZES, n, many, loss, B, resampled, powers).probability < 0.01;
  }
  assert_true(rejected <= 8);
  assert_true(caught == TRIALS);
  assert_near(mean, 1, 5 * sqrt((square - mean * mean) / TRIALS));
}

/* If p = 1 is true, the probabilities are uniform: their mean is 1/2 within 4.5 / sqrt(12 TRIALS) = 0.075, with
 * probability 7e-6 of a false alarm. One degree of freedom too many or too few shifts the mean by about 0.1. */
static void probabilities_are_uniform(void **state) {
  (void)state;
  enum { TRIALS = 300 };
  double loss[SIZES], resampled[SIZES * B], powers[B], mean = 0;
  for (int trial = 0; trial < TRIALS; trial++) {
    draw((uint64_t)(1000 + trial), 1, 0.002, loss, resampled);
    mean += error_fit(SIZES, n, many, loss, B, resampled, powers).probability / TRIALS;
  }
  print_message("mean probability %.3f\n", mean);
  assert_near(mean, 0.5, 4.5 / sqrt(12.0 * TRIALS));
}

/* Few replicas: chi^2 and its probability equal those that numpy and scipy compute from the formulas of
 * fluctuations/error_fit.h with matrices. The chi^2 distribution would give 0.094. */
static void few_replicas_use_the_f_distribution(void **state) {
  (void)state;
  const double loss[SIZES] = {2.51, 2.2, 2.17, 2.02, 2.04, 2.01}, sd[SIZES] = {0.05, 0.04, 0.02, 0.03, 0.01, 0.02};
  const int64_t replicas[SIZES] = {8, 8, 16, 8, 6, 12};
  double resampled[SIZES * B];
  for (int i = 0; i < SIZES * B; i++) /* B - 1 in the denominator of the sample variance */
    resampled[i] = loss[i / B] + (i % 2 ? 1 : -1) * sd[i / B] * sqrt((B - 1.0) / B);
  const struct error_fit fit = error_fit(SIZES, n, replicas, loss, B, resampled, NULL);
  assert_near(fit.chi2, 7.925511590398199, 1e-12);
  assert_near(fit.probability, 0.1599162659121211, 1e-12);
}

static void data_that_cannot_be_fitted_give_nan(void **state) {
  (void)state;
  double loss[SIZES], resampled[SIZES * B], powers[B];
  draw(1, 1, 0.01, loss, resampled);
  assert_true(isnan(error_fit(3, n, many, loss, B, resampled, powers).power)); /* too few sizes */
  for (int i = 0; i < SIZES * B; i++) resampled[i] = loss[i / B];
  assert_true(isnan(error_fit(SIZES, n, many, loss, B, resampled, powers).power)); /* no variance */
  draw(1, 6, 1e-13, loss, resampled);
  assert_true(isnan(error_fit(SIZES, n, many, loss, B, resampled, powers).power)); /* p out of range */
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_fit_of_exact_laws_is_exact),
      cmocka_unit_test(p_is_rejected_as_often_as_it_should_be),
      cmocka_unit_test(probabilities_are_uniform),
      cmocka_unit_test(few_replicas_use_the_f_distribution),
      cmocka_unit_test(data_that_cannot_be_fitted_give_nan),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
