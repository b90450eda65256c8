// ranks: 1
/* healing: exponents and ratios of known functions V_n(t) are exact; the intervals are those of the bootstrap. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fluctuations/healing.h"
#include "harness.h"

enum { SIZES = 2, TIMES = 5, B = 400, R = 40 };
static double at[TIMES] = {0, 1, 2, 4, 8};
static int64_t n[SIZES] = {16, 32}, replicas[SIZES] = {R, R};

/* n V = 1, 8, 8 / 2^q, 8 / 4^q, 8 / 8^q at the five times, with q = 3 for the first size and 0.5 for the second. The
 * logs of the bootstrap values have independent errors of standard deviation sigma. */
static struct fluctuations *make(struct study *study, double sigma) {
  *study = (struct study){.sizes = SIZES, .times = TIMES, .streams = 1, .n = n, .replicas = replicas, .time = at};
  struct fluctuations *fluct = calloc(1, sizeof *fluct);
  struct fluctuations_quantity *V = &fluct->quantity[1];
  fluct->study = study;
  fluct->options = (struct analysis_options){.bootstrap = B, .level = 0.99};
  *V = (struct fluctuations_quantity){.name = "V_train", .variance = true, .known = true};
  V->value = malloc(sizeof *V->value * TIMES * SIZES);
  V->resampled = malloc(sizeof *V->resampled * TIMES * SIZES * B);
  for (int i = 0; i < TIMES * SIZES; i++) {
    const struct rng rng = {.seed = 3, .stream = RNG_NOISE, .step = (uint64_t)i};
    const int time = i / SIZES, s = i % SIZES;
    const double nV = time == 0 ? 1 : 8 * pow(at[time], s == 0 ? -3 : -0.5);
    V->value[i].value = nV / (double)n[s];
    rng_normal(&rng, 0, B, V->resampled + i * B);
    for (int b = 0; b < B; b++) V->resampled[i * B + b] = V->value[i].value * exp(sigma * V->resampled[i * B + b]);
  }
  return fluct;
}

static void exponents_of_known_laws_are_exact(void **state) {
  (void)state;
  struct study study;
  struct fluctuations *fluct = make(&study, 0.1);
  struct healing *heal = healing_create(fluct);
  const struct healing_curve *curve = healing_find(heal, "V_train");
  assert_true(heal->curves == 1 && curve && !healing_find(heal, "V"));
  /* The log of a ratio has sd sigma sqrt 2. Its sd over B samples is within 5 / sqrt(2 B) = 18 % of this; each of the 8
   * intervals has probability 6e-7 of a false alarm. t of 39 degrees of freedom at 99 % is 2.708. */
  const double half = 2.708 * 0.1 * sqrt(2) * sqrt(R / (R - 1.0));
  for (int s = 0; s < SIZES; s++) {
    const struct estimate *ratio = &curve->ratio[s];
    const double q = s == 0 ? 3 : 0.5;
    assert_true(curve->maximum_time[s] == 1);
    assert_near(ratio->value, pow(8, q), 1e-12);
    assert_near(log(ratio->value / ratio->low), half, 0.18 * half);
    assert_near(log(ratio->high / ratio->value), half, 0.18 * half);
    assert_true(isnan(curve->exponent[s].value)); /* between t = 0 and t = 1 */
    for (int time = 1; time + 1 < TIMES; time++) {
      const struct estimate *e = &curve->exponent[time * SIZES + s];
      assert_near(e->value, -q, 1e-12);
      assert_near(e->high - e->value, half / log(2), 0.18 * half / log(2));
    }
  }
  healing_free(heal);
  fluctuations_free(fluct);
}

static void verdicts_contain_the_sizes(void **state) {
  (void)state;
  struct study study;
  struct fluctuations *fluct = make(&study, 0.5);
  struct healing *heal = healing_create(fluct);
  struct findings findings = {0};
  healing_analysis.findings(heal, &findings); /* max/end: 512, lower end about 80; and 2.8, lower end about 0.4 */
  assert_true(findings.count == 3 && findings.finding[2].kind == FINDING_NOTE);
  for (int i = 0; i < 2; i++) {
    const struct finding *finding = &findings.finding[i];
    assert_string_equal(finding->name, "V_train.heal");
    assert_true(finding->n == n[i] && isnan(finding->t) && finding->expected == HEALING_FACTOR);
    assert_true(finding->estimate.low == heal->curve[0].ratio[i].low && finding->confidence == 0.99);
    assert_true(finding->verdict == (i == 0 ? VERDICT_WITHIN : VERDICT_OUTSIDE));
    assert_non_null(strstr(finding->reason, i == 0 ? "heals" : "does NOT heal by the end"));
  }
  findings_free(&findings);
  healing_free(heal);
  study.times = 1; /* one time gives no curve */
  heal = healing_create(fluct);
  assert_true(heal->curves == 0);
  healing_free(heal);
  fluctuations_free(fluct);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exponents_of_known_laws_are_exact),
      cmocka_unit_test(verdicts_contain_the_sizes),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
