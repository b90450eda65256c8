// ranks: 1
/* anderson_darling: p is uniform for Gaussian samples, also at small values, and small for samples of other laws. */
#include "fluctuations/anderson_darling.h"

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "harness.h"

/* 40,000 Gaussian samples of R = 50, with stride 2: the fraction of samples with p below a level equals the level
 * within 10 % (the accuracy of Stephens's formulas) plus five standard errors. Probability of a false alarm: 5e-7 per
 * level. */
static void p_is_uniform_for_gaussian_samples(void **state) {
  (void)state;
  enum { SAMPLES = 40000, R = 50 };
  const double level[] = {0.5, 0.25, 0.05, 0.01, 0.001};
  const struct rng rng = {.seed = 17, .stream = RNG_NOISE};
  double value[2 * R], below[5] = {0};
  for (int s = 0; s < SAMPLES; s++) {
    rng_normal(&rng, (uint64_t)s, 2 * R, value);
    for (int i = 0; i < R; i++) value[2 * i] = 3 + 0.01 * value[2 * i];
    const double p = anderson_darling_p(R, value, 2);
    assert_true(p >= 0 && p <= 1);
    for (int l = 0; l < 5; l++) below[l] += p < level[l];
  }
  for (int l = 0; l < 5; l++) {
    const double expected = level[l] * SAMPLES;
    if (fabs(below[l] - expected) > 0.1 * expected + 5 * sqrt(expected))
      print_error("p < %g in %g of %g\n", level[l], below[l], expected);
    assert_true(fabs(below[l] - expected) <= 0.1 * expected + 5 * sqrt(expected));
  }
}

/* One small sample in each of the four ranges of Stephens's formulas; his factor 1 + 0.75/R + 2.25/R^2 is 1.129 here. A
 * separate program computed the expected values from the definition of A^2. */
static void p_of_small_samples_is_known(void **state) {
  (void)state;
  enum { R = 8 };
  static const struct {
    double value[R], p; /* the comment in each row is A*^2 */
  } sample[] = {
      {{1, 2, 3, 4, 5, 6, 7, 8}, 0.961455692938579},       /* 0.1513 */
      {{1, 4, 9, 16, 25, 36, 49, 64}, 0.574042320853525},  /* 0.3030 */
      {{1, 2, 3, 5, 8, 12, 17, 23}, 0.346936729864206},    /* 0.4081 */
      {{1, 2, 4, 8, 16, 32, 64, 128}, 0.0148169883235907}, /* 0.9674 */
  };
  for (size_t i = 0; i < sizeof sample / sizeof *sample; i++)
    assert_near(anderson_darling_p(R, sample[i].value, 1), sample[i].p, 1e-12);
}

static void samples_of_other_laws_have_small_p(void **state) {
  (void)state;
  enum { R = 1000 };
  const struct rng rng = {.seed = 18, .stream = RNG_NOISE};
  double value[R];
  rng_uniform(&rng, 0, R, value);
  assert_true(anderson_darling_p(R, value, 1) < 1e-9);
  for (int i = 0; i < R; i++)
    value[i] = tan(3.14159 * (value[i] - 0.5)); /* Cauchy distribution: the outliers make A^2 large */
  assert_true(anderson_darling_p(R, value, 1) == 3.7e-24);
}

static void constant_or_too_few_samples_give_nan(void **state) {
  (void)state;
  const double same[20] = {0}, few[3] = {1, 2, 3};
  assert_true(isnan(anderson_darling_p(20, same, 1)));
  assert_true(isnan(anderson_darling_p(3, few, 1)));
}

/* The p of a family of columns is the smallest p of a column times their number; it is NAN if any p of a column is. */
static void a_family_has_the_smallest_p(void **state) {
  (void)state;
  enum { R = 8, COLUMNS = 3 };
  static const double column[COLUMNS][R] = {
      {1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 4, 8, 16, 32, 64, 128}, {1, 2, 3, 5, 8, 12, 17, 23}};
  double value[R * COLUMNS], p[COLUMNS];
  for (int constant = -1; constant < COLUMNS; constant++) {
    for (int r = 0; r < R; r++)
      for (int i = 0; i < COLUMNS; i++) value[r * COLUMNS + i] = i == constant ? 1 : column[i][r];
    const double family = anderson_darling_family(R, COLUMNS, value, p);
    if (constant < 0) assert_near(family, COLUMNS * 0.0148169883235907, 1e-12);
    if (constant < 0) assert_true(p[1] < p[2] && p[2] < p[0]);
    if (constant >= 0) assert_true(isnan(family) && isnan(p[constant]));
    if (constant < 0) assert_true(family == anderson_darling_family(R, COLUMNS, value, NULL));
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(p_is_uniform_for_gaussian_samples),  cmocka_unit_test(p_of_small_samples_is_known),
      cmocka_unit_test(samples_of_other_laws_have_small_p), cmocka_unit_test(constant_or_too_few_samples_give_nan),
      cmocka_unit_test(a_family_has_the_smallest_p),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
