// ranks: 1
/* verdict, findings, condition: what an interval implies about an expected value, the line that states a finding, and
 * which results meet a condition. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/analyses.h"
#include "fluctuations/healing.h"
#include "harness.h"

static bool verdict_contains(struct estimate slope, enum verdict verdict, const char *words) {
  return verdict_of(&slope, -1, 0.05) == verdict && strstr(verdict_text(&slope, -1, 0.05, 16), words);
}

static void verdicts_follow_the_interval(void **state) {
  (void)state;
  assert_true(
      verdict_contains((struct estimate){-1.01, -1.03, -0.99}, VERDICT_WITHIN, "consistent with -1 within 0.05"));
  assert_true(verdict_contains((struct estimate){-1.027, -1.04, -1.014}, VERDICT_WITHIN, "different from it: steeper"));
  assert_true(verdict_contains((struct estimate){-0.97, -0.98, -0.96}, VERDICT_WITHIN, "different from it: shallower"));
  assert_true(verdict_contains((struct estimate){-1.1, -1.14, -1.06}, VERDICT_OUTSIDE,
                               "NOT consistent with -1 within 0.05: steeper"));
  assert_true(verdict_contains((struct estimate){-0.5, -0.9, -0.1}, VERDICT_OUTSIDE, "shallower"));
  assert_true(verdict_contains((struct estimate){-1, NAN, NAN}, VERDICT_NONE, "no verdict"));
}

/* The width of an interval falls as R^-1/2: from 16 replicas and +-0.15 to +-0.05 it takes 9 times as many. */
static void verdicts_state_the_replicas_they_need(void **state) {
  (void)state;
  assert_true(verdict_contains((struct estimate){-1, -1.15, -0.85}, VERDICT_COMPATIBLE,
                               "compatible with -1 (interval +-0.15; about 150 replicas needed to resolve 0.05)"));
  /* +-0.05 around -1.02 must shrink to +-0.03 */
  assert_true(verdict_contains((struct estimate){-1.02, -1.07, -0.97}, VERDICT_COMPATIBLE,
                               "compatible with -1 (interval +-0.05; about 45 replicas needed to resolve 0.05)"));
  /* +-0.03 around -1.04 must shrink to +-0.01 */
  assert_true(verdict_contains((struct estimate){-1.04, -1.07, -1.01}, VERDICT_DIFFERENT,
                               "different from -1: steeper, by 0.01 to 0.07 (about 150 replicas needed to resolve "
                               "whether by more than 0.05)"));
  assert_true(
      verdict_contains((struct estimate){-1, -4, 2}, VERDICT_COMPATIBLE, "more than 1000 times as many replicas"));
  struct estimate slope = {-1, -1.15, -0.85};
  assert_non_null(strstr(verdict_text(&slope, -1, 0.05, 0), "about 9 times as many replicas needed to resolve 0.05"));
  assert_near(verdict_replicas_factor(&slope, -1, 0.05), 9, 1e-12);
  slope = (struct estimate){-1.01, -1.03, -0.99};
  assert_true(verdict_replicas_factor(&slope, -1, 0.05) == 1);
  slope.low = NAN;
  assert_true(isnan(verdict_replicas_factor(&slope, -1, 0.05)));
}

static void conditions_are_parsed(void **state) {
  (void)state;
  struct condition e;
  assert_ok(analyses_condition("V_sgd=-0.5+-0.1@30", &e));
  assert_true(strcmp(e.name, "V_sgd") == 0 && strcmp(e.kind->name, "") == 0 && e.whole_interval);
  assert_true(e.value == -0.5 && e.tolerance == 0.1 && e.time == 30);
  assert_ok(analyses_condition("loss.p=1~.15", &e));
  assert_true(strcmp(e.name, "loss.p") == 0 && strcmp(e.quantity, "loss") == 0 && strcmp(e.kind->name, ".p") == 0);
  assert_true(e.value == 1 && e.tolerance == 0.15 && isnan(e.time) && !e.whole_interval);
  assert_ok(analyses_condition("V_train.heal=10", &e));
  assert_true(strcmp(e.quantity, "V_train") == 0 && strcmp(e.kind->name, ".heal") == 0 && e.value == 10);
  assert_ok(analyses_condition("V=-1", &e));
  assert_true(e.whole_interval && isnan(e.tolerance));
  assert_ok(analyses_condition("clt@2.5", &e));
  assert_true(strcmp(e.kind->name, "clt") == 0 && strcmp(e.name, "clt") == 0 && e.time == 2.5);
  assert_ok(analyses_condition("clt", &e));
  assert_true(isnan(e.time));
  static const char *const bad[] = {"",      "V",          "V=",       "V=x",  "V=-1+-", "V=-1+-0",
                                    "V=-1@", "V=-1@1x",    "V=nan",    "=-1",  "clt=1",  "clt@",
                                    "clt@x", "V.heal=3@2", "V.heal@1", "cltx", "aclt@1"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_status(USAGE, analyses_condition(bad[i], &e));
}

static void lines_are_made_of_the_numbers(void **state) {
  (void)state;
  static const struct {
    enum finding_kind kind;
    int64_t n;
    double t;
    enum verdict verdict;
    const char *line;
  } row[] = {
      {FINDING_VERDICT, 0, 10, VERDICT_WITHIN, "t = 10       slope: -1.02 [-1.04, -1]: because 7"},
      {FINDING_VERDICT, 80, NAN, VERDICT_WITHIN, "slope, n = 80: -1.02 [-1.04, -1]: because 7"},
      {FINDING_CONDITION, 80, 10, VERDICT_MET, "met     slope: t = 10, n = 80, because 7, received -1.02 [-1.04, -1]"},
      {FINDING_CONDITION, 0, NAN, VERDICT_NOT_MET, "NOT MET slope: because 7, received -1.02 [-1.04, -1]"},
      {FINDING_WARNING, 80, 10, VERDICT_NONE, "WARNING t = 10, slope, n = 80: because 7"},
  };
  struct findings findings = {0};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct finding finding = FINDING(row[i].kind, "V", "slope");
    finding.n = row[i].n;
    finding.t = row[i].t;
    finding.estimate = (struct estimate){-1.02, -1.04, -1};
    finding.verdict = row[i].verdict;
    findings_add(&findings, finding, "because %d", 7);
    char *line = finding_line(&findings.finding[i]);
    assert_string_equal(line, row[i].line);
    free(line);
  }
  findings_limit(&findings, "V", "no V_n: %s", "no fields");
  char *line = finding_line(&findings.finding[findings.count - 1]);
  assert_string_equal(line, "no V_n: no fields");
  free(line);
  findings_free(&findings);
}

enum { SIZES = 2, TIMES = 3 };

/* Returns the number of unmet findings of a condition on these slopes and fits at t = 0, 1, 2. */
static int unmet(const char *text) {
  static double time[TIMES] = {0, 1, 2};
  static int64_t n[SIZES] = {10, 20};
  static struct estimate slope[TIMES] = {{-9, -9, -9}, {-1.02, -1.04, -1}, {-1.04, -1.09, -0.99}};
  static struct estimate power[TIMES] = {{9, 9, 9}, {1.1, 0.8, 1.4}, {1.1, 1.05, 1.15}};
  static struct error_fit fit[TIMES] = {{.probability = 0}, {.probability = 0.4}, {.probability = 0.001}};
  static struct estimate ratio[SIZES] = {{30, 12, 80}, {20, 8, 50}};
  struct study study = {.sizes = SIZES, .times = TIMES, .n = n, .time = time};
  struct fluctuations fluct = {.study = &study, .options = {.level = 0.99, .tolerance = 0.05}};
  fluct.quantity[0] = (struct fluctuations_quantity){.name = "V", .known = true, .slope = slope};
  fluct.quantity[1] =
      (struct fluctuations_quantity){.name = "loss", .known = true, .slope = slope, .fit = fit, .power = power};
  for (int q = 2; q < FLUCTUATIONS_QUANTITIES; q++) fluct.quantity[q].name = "none";
  struct healing heal = {
      .fluctuations = &fluct, .curves = 1, .curve = {{.quantity = &fluct.quantity[0], .ratio = ratio}}};
  struct condition condition;
  struct findings findings = {0};
  assert_ok(analyses_condition(text, &condition));
  const void *judge = strcmp(condition.kind->name, ".heal") == 0 ? (const void *)&heal : &fluct;
  assert_ok(condition_check(&condition, judge, &study));
  condition.kind->judge(judge, &condition, &findings);
  int count = 0;
  for (int i = 0; i < findings.count; i++) count += findings.finding[i].verdict == VERDICT_NOT_MET;
  findings_free(&findings);
  return count;
}

static void conditions_are_met_or_not(void **state) {
  (void)state;
  assert_true(unmet("V=-1") == 1); /* not met at t = 2; t = 0 does not count */
  assert_true(unmet("V=-1@1") == 0 && unmet("V=-1@2") == 1);
  assert_true(unmet("V=-1+-0.1") == 0 && unmet("V=-1+-0.03") == 2);
  assert_true(unmet("V=-1~0.03") == 1 && unmet("V=-1~0.03@1") == 0);
  assert_true(unmet("V=-9+-0.1@0") == 0 && unmet("V=-8") == 2);
  assert_true(unmet("loss.p=1~0.15@1") == 0 && unmet("loss.p=1+-0.15@1") == 1);
  assert_true(unmet("loss.p=1~0.15@2") == 1); /* p = 1 is rejected */
  assert_true(unmet("loss.p=1.1~0.15@2") == 0);
  assert_true(unmet("V.heal=7") == 0 && unmet("V.heal=10") == 1 && unmet("V.heal=12") == 2);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verdicts_follow_the_interval), cmocka_unit_test(verdicts_state_the_replicas_they_need),
      cmocka_unit_test(conditions_are_parsed),        cmocka_unit_test(lines_are_made_of_the_numbers),
      cmocka_unit_test(conditions_are_met_or_not),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
