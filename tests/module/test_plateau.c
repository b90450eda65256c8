// ranks: 1
/* plateau: the estimates of known losses are exact; the intervals are those of Student's distribution with a variance
 * pooled over sizes that have different numbers of networks; conditions and verdicts follow from them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fluctuations/plateau.h"
#include "harness.h"

enum { SIZES = 4, NETWORKS = 10 };
static int64_t n[SIZES] = {100, 200, 400, 1600}, networks[SIZES] = {4, 3, 2, 1}; /* D = 6 */
static const double sigma = 0.02, t_99 = 3.7074, t_joint = 4.6979; /* 6 degrees of freedom at 99 % and at 1 - 0.01/3 */

/* m = log(3 / n) + deviations of known pooled variance sigma^2, without a mean in each size; drift is 0.1 s. */
static void make(double *m, double *drift) {
  static const double deviation[NETWORKS] = {1, -1, 1, -1, 1, 0, -1, 0, 0, 0}; /* sum of squares: 6 */
  for (int s = 0, i = 0; s < SIZES; s++)
    for (int64_t r = 0; r < networks[s]; r++, i++) {
      m[i] = log(3.0 / (double)n[s]) + sigma * deviation[i];
      drift[i] = 0.1 * s + 0.01 * deviation[i];
    }
}

static void estimates_of_a_power_law_are_exact(void **state) {
  (void)state;
  double m[NETWORKS], drift[NETWORKS];
  struct plateau_curve curve = {.column = "test_loss"};
  make(m, drift);
  plateau_estimate(SIZES, n, networks, m, drift, 0.99, &curve);
  assert_near(curve.degrees, 6, 0);
  assert_near(curve.pooled_spread, sigma, 1e-14);
  assert_near(curve.pooled_drift, 0.01, 1e-14);
  for (int s = 0; s < SIZES; s++) {
    const double half = t_99 * sigma / sqrt((double)networks[s]);
    assert_near(curve.level[s].value / (3.0 / (double)n[s]), 1, 1e-13);
    assert_near(log(curve.level[s].high / curve.level[s].value), half, 1e-4 * half);
    assert_near(curve.drift[s].value, 0.1 * s, 1e-14);
    assert_near(curve.drift[s].value - curve.drift[s].low, half / 2, 1e-4 * half);
    assert_true(isnan(curve.spread[s]) == (networks[s] == 1));
  }
  for (int s = 0; s + 1 < SIZES; s++) {
    const double gap = log((double)n[s + 1] / (double)n[s]);
    const double half = t_99 * sigma * sqrt(1.0 / (double)networks[s] + 1.0 / (double)networks[s + 1]) / gap;
    assert_near(curve.local[s].value, -1, 1e-13);
    assert_near(curve.local[s].high + 1, half, 1e-4 * half);
    assert_near(curve.excess[s].value, 0, 1e-13);
  }
  /* log n / log 2 = 0, 1, 2, 4 up to a constant, mean 1.75, squares 8.75: the weights of the slope. */
  const double weight[SIZES] = {-1.75, -0.75, 0.25, 2.25};
  double variance = 0, excess = 0;
  for (int s = 0; s < SIZES; s++) {
    const double last = s == 2 ? -0.5 : s == 3 ? 0.5 : 0; /* the local slope between the last two sizes */
    variance += pow(weight[s] / 8.75, 2) / (double)networks[s];
    excess += pow(last - weight[s] / 8.75, 2) / (double)networks[s];
  }
  assert_near(curve.slope.value, -1, 1e-13);
  assert_near(curve.slope.high + 1, t_99 * sigma * sqrt(variance) / log(2), 1e-5);
  assert_near(curve.excess[2].high, t_joint * sigma * sqrt(excess) / log(2), 1e-5);
  plateau_release(&curve);
}

/* In 4000 studies of networks with Gaussian m, the 99 % intervals of the slope miss the true slope in 1 % of them, and
 * those of excess miss 0 for any gap in at most 1 %: 40 each, sd 6.3. The limits are 4.5 sd apart from it (7 in a
 * million each). The joint intervals are correlated, so their lower limit is loose. */
static void intervals_have_their_confidence(void **state) {
  (void)state;
  enum { STUDIES = 4000 };
  int missed = 0, rejected = 0;
  for (uint64_t study = 0; study < STUDIES; study++) {
    const struct rng rng = {.seed = 17, .stream = RNG_NOISE, .step = study};
    struct plateau_curve curve = {.column = "loss"};
    double m[NETWORKS], drift[NETWORKS];
    bool any = false;
    rng_normal(&rng, 0, NETWORKS, drift);
    for (int s = 0, i = 0; s < SIZES; s++)
      for (int64_t r = 0; r < networks[s]; r++, i++) m[i] = sigma * drift[i] - 0.8 * log((double)n[s]);
    plateau_estimate(SIZES, n, networks, m, drift, 0.99, &curve);
    missed += curve.slope.low > -0.8 || curve.slope.high < -0.8;
    for (int s = 0; s + 1 < SIZES; s++) any |= curve.excess[s].low > 0 || curve.excess[s].high < 0;
    rejected += any;
    plateau_release(&curve);
  }
  assert_true(missed >= 12 && missed <= 68);
  assert_true(rejected >= 8 && rejected <= 68);
}

static void no_intervals_without_a_second_network(void **state) {
  (void)state;
  const int64_t single[2] = {1, 1};
  const double m[2] = {log(0.2), log(0.1)}, drift[2] = {0, 0};
  struct plateau_curve curve = {.column = "loss"};
  plateau_estimate(2, n, single, m, drift, 0.99, &curve);
  assert_near(curve.slope.value, -1, 1e-13);
  assert_true(isnan(curve.slope.low) && isnan(curve.level[0].low) && isnan(curve.drift[0].low) && curve.degrees == 0);
  assert_near(curve.level[1].value, 0.1, 1e-14);
  plateau_release(&curve);
}

static const struct condition_kind *kind_of(const char *name) {
  for (int i = 0; i < plateau_analysis.kinds; i++)
    if (strcmp(plateau_analysis.kind[i].name, name) == 0) return &plateau_analysis.kind[i];
  return NULL;
}

/* Returns how many findings of a condition are not met; *count = number of findings. */
static int unmet(const struct plateau *plateau, const char *text, int *count) {
  struct condition condition;
  const struct condition_kind *kinds[4];
  struct findings findings = {0};
  int found = 0;
  for (int i = 0; i < 4; i++) kinds[i] = &plateau_analysis.kind[i];
  assert_true(condition_parse(text, 4, kinds, &condition) == OK);
  condition.kind->judge(plateau, &condition, &findings);
  *count = findings.count;
  for (int i = 0; i < findings.count; i++) found += findings.finding[i].verdict == VERDICT_NOT_MET;
  findings_free(&findings);
  return found;
}

static void conditions_follow_the_estimates(void **state) {
  (void)state;
  struct study study = {.sizes = SIZES, .streams = 1, .n = n, .replicas = networks};
  struct fluctuations fluctuations = {.study = &study, .options = {.level = 0.99, .tolerance = 0.05}};
  struct plateau plateau = {.fluctuations = &fluctuations, .curves = 1, .curve = {{.column = "test_loss"}}};
  double m[NETWORKS], drift[NETWORKS];
  int count;
  make(m, drift);
  plateau_estimate(SIZES, n, networks, m, drift, 0.99, &plateau.curve[0]);
  const double half = plateau.curve[0].slope.high + 1; /* 0.035 */
  assert_true(kind_of(".decay") && kind_of(".width") && kind_of(".local") && kind_of(".plateau"));
  assert_true(unmet(&plateau, "test_loss.decay=-1+-0.05", &count) == 0 && count == 1 && half < 0.05);
  assert_true(unmet(&plateau, "test_loss.decay=-1+-0.01", &count) == 1);
  assert_true(unmet(&plateau, "test_loss.decay=-1~0.01", &count) == 0);
  assert_true(unmet(&plateau, "test_loss.decay=-0.8~0.1", &count) == 1);
  assert_true(unmet(&plateau, "test_loss.width=0.05", &count) == 0);
  assert_true(unmet(&plateau, "test_loss.width=0.01", &count) == 1);
  assert_true(unmet(&plateau, "test_loss.local", &count) == 0 && count == SIZES - 1);
  assert_true(unmet(&plateau, "test_loss.plateau=0.35", &count) == 0 && count == SIZES);
  assert_true(unmet(&plateau, "test_loss.plateau=0.15", &count) == 2); /* drifts 0.2 and 0.3 */
  m[NETWORKS - 1] += 0.3; /* the slope to the last n is -0.78, the slope from the first n to it -1 */
  plateau_release(&plateau.curve[0]);
  plateau_estimate(SIZES, n, networks, m, drift, 0.99, &plateau.curve[0]);
  assert_true(unmet(&plateau, "test_loss.local", &count) >= 1);
  plateau_release(&plateau.curve[0]);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(estimates_of_a_power_law_are_exact),
      cmocka_unit_test(intervals_have_their_confidence),
      cmocka_unit_test(no_intervals_without_a_second_network),
      cmocka_unit_test(conditions_follow_the_estimates),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
