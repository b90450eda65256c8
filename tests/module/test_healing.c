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
  study->noise_free = true;
  study->train_points = 9;
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
   * intervals has probability 6e-7 of a false alarm. t of 39 degrees of freedom at 99 % is 2.708. Ratios are
   * wider by 1 + 1.2 / sqrt(R). */
  const double half = 2.708 * 0.1 * sqrt(2) * sqrt(R / (R - 1.0)) * (1 + 1.2 / sqrt(R));
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

/* Returns the findings on healing. */
static struct findings findings_of(const struct healing *heal) {
  struct findings findings = {0};
  healing_analysis.findings(heal, &findings);
  return findings;
}

static void verdicts_contain_the_sizes(void **state) {
  (void)state;
  struct study study;
  struct fluctuations *fluct = make(&study, 0.5);
  struct healing *heal = healing_create(fluct);
  /* max/end: 512, lower end about 80; and 2.8, lower end about 0.4 */
  struct findings findings = findings_of(heal);
  assert_true(findings.count == 3 && findings.finding[2].kind == FINDING_NOTE);
  const struct finding *finding = &findings.finding[0];
  assert_string_equal(finding->name, "V_train.heal");
  assert_true(finding->n == n[0] && isnan(finding->t) && finding->expected == HEALING_FACTOR);
  assert_true(finding->estimate.low == heal->curve[0].ratio[0].low && finding->confidence == 0.99);
  assert_true(finding->verdict == VERDICT_WITHIN && strstr(finding->reason, "the fluctuations heal"));
  assert_true(findings.finding[1].kind == FINDING_LIMIT);
  assert_non_null(strstr(findings.finding[1].reason, "n V_train at n = 32 is not judged: the fall after its maximum"));
  findings_free(&findings);
  healing_free(heal);
  study.times = 1; /* one time gives no curve */
  heal = healing_create(fluct);
  assert_true(heal->curves == 0);
  healing_free(heal);
  fluctuations_free(fluct);
}

static void only_inputs_that_can_heal_are_judged(void **state) {
  (void)state;
  struct study study;
  struct fluctuations *fluct = make(&study, 0.1);
  struct healing *heal = healing_create(fluct);
  const char *reason[] = {"noise of batches or of a temperature", "squared loss only", "training points only"};
  for (int i = 0; i < 3; i++) {
    study.noise_free = i != 0;
    study.loss.type = i == 1 ? LOSS_HUBER : LOSS_SQUARED;
    fluct->quantity[1].name = i == 2 ? "V" : "V_train";
    struct findings findings = findings_of(heal);
    assert_true(findings.count == 1 && findings.finding[0].kind == FINDING_LIMIT);
    assert_non_null(strstr(findings.finding[0].reason, reason[i]));
    findings_free(&findings);
  }
  study.train_points = 0; /* exact potential: V is judged */
  struct findings findings = findings_of(heal);
  assert_true(findings.finding[0].kind == FINDING_VERDICT && findings.finding[0].verdict == VERDICT_WITHIN);
  findings_free(&findings);
  healing_free(heal);
  fluctuations_free(fluct);
}

/* The first finding on n = 32 with its maximum at a time, max/end, and the last exponent. */
static void falls_are_judged_by_their_maximum_and_end(void **state) {
  (void)state;
  static const struct {
    int maximum_time;
    struct estimate ratio, exponent;
    enum finding_kind kind;
    enum verdict verdict;
    const char *words;
  } row[] = {
      {1, {20, 12, 40}, {0, -1, 1}, FINDING_VERDICT, VERDICT_WITHIN, "above 10: the fluctuations heal"},
      {0, {20, 12, 40}, {0, -1, 1}, FINDING_VERDICT, VERDICT_WITHIN, "above 10: the fluctuations heal"},
      {1,
       {5, 2.5, 8},
       {-2, -3, -1},
       FINDING_VERDICT,
       VERDICT_COMPATIBLE,
       "V still decreases at the end, as t^-2; at this rate the interval will be above 10 at t = 16"},
      {1, {5, 2.5, 12}, {-2, -5, 1}, FINDING_VERDICT, VERDICT_COMPATIBLE, "compatible with 10; more replicas"},
      {1, {5, 2.5, 8}, {0.1, -0.2, 0.4}, FINDING_VERDICT, VERDICT_OUTSIDE, "does NOT reach 10 (healing)"},
      {0, {5, 2.5, 8}, {-2, -3, -1}, FINDING_LIMIT, VERDICT_NONE, "n = 32 is not judged: it is largest at the first"},
      {4, {1, 1, 1}, {2, 1, 3}, FINDING_LIMIT, VERDICT_NONE, "n = 32 is not judged: it is largest at the last"},
      {2, {1.2, 0.8, 2}, {-1, -3, 1}, FINDING_LIMIT, VERDICT_NONE, "n = 32 is not judged: the fall after its maximum"},
  };
  struct study study;
  struct fluctuations *fluct = make(&study, 0.1);
  struct healing *heal = healing_create(fluct);
  struct healing_curve *curve = &heal->curve[0];
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    curve->maximum_time[1] = row[i].maximum_time;
    curve->ratio[1] = row[i].ratio;
    curve->exponent[(TIMES - 2) * SIZES + 1] = row[i].exponent;
    struct findings findings = findings_of(heal); /* the first one is on n = 16 */
    expect(findings.finding[1].kind == row[i].kind && findings.finding[1].verdict == row[i].verdict, "row %d", (int)i);
    expect(strstr(findings.finding[1].reason, row[i].words) != NULL, "row %d: %s", (int)i, findings.finding[1].reason);
    findings_free(&findings);
  }
  assert_expected();
  healing_free(heal);
  fluctuations_free(fluct);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exponents_of_known_laws_are_exact),
      cmocka_unit_test(verdicts_contain_the_sizes),
      cmocka_unit_test(only_inputs_that_can_heal_are_judged),
      cmocka_unit_test(falls_are_judged_by_their_maximum_and_end),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
