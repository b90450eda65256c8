// ranks: 1
/* verdict, condition: the verdict from an interval and an expected value, and which conditions are met. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "study/condition.h"
#include "study/verdict.h"

static bool verdict_contains(struct estimate slope, enum verdict verdict, const char *words) {
  return verdict_of(&slope, -1, 0.05) == verdict && strstr(verdict_text(&slope, -1, 0.05), words);
}

static void verdicts_follow_the_interval(void **state) {
  (void)state;
  assert_true(
      verdict_contains((struct estimate){-1.01, -1.03, -0.99}, VERDICT_WITHIN, "consistent with -1 within 0.05"));
  assert_true(
      verdict_contains((struct estimate){-1.027, -1.04, -1.014}, VERDICT_WITHIN, "it differs from it: steeper"));
  assert_true(
      verdict_contains((struct estimate){-0.97, -0.98, -0.96}, VERDICT_WITHIN, "it differs from it: shallower"));
  assert_true(verdict_contains((struct estimate){-1.02, -1.07, -0.97}, VERDICT_UNDECIDED, "too few replicas"));
  assert_true(verdict_contains((struct estimate){-1, -2, 0}, VERDICT_UNDECIDED, "too few replicas"));
  assert_true(verdict_contains((struct estimate){-1.04, -1.07, -1.01}, VERDICT_UNDECIDED, "differs from -1 (steeper)"));
  assert_true(verdict_contains((struct estimate){-1.1, -1.14, -1.06}, VERDICT_OUTSIDE,
                               "NOT consistent with -1 within 0.05: steeper"));
  assert_true(verdict_contains((struct estimate){-0.5, -0.9, -0.1}, VERDICT_OUTSIDE, "shallower"));
  assert_true(verdict_contains((struct estimate){-1, NAN, NAN}, VERDICT_NONE, "no verdict"));
}

static void conditions_are_parsed(void **state) {
  (void)state;
  struct condition e;
  assert_ok(condition_parse("V_sgd=-0.5+-0.1@30", &e));
  assert_true(strcmp(e.name, "V_sgd") == 0 && e.kind == CONDITION_SLOPE && e.whole);
  assert_true(e.value == -0.5 && e.tolerance == 0.1 && e.time == 30);
  assert_ok(condition_parse("loss.p=1~.15", &e));
  assert_true(strcmp(e.name, "loss") == 0 && e.kind == CONDITION_POWER && !e.whole);
  assert_true(e.value == 1 && e.tolerance == 0.15 && isnan(e.time));
  assert_ok(condition_parse("V_train.heal=10", &e));
  assert_true(strcmp(e.name, "V_train") == 0 && e.kind == CONDITION_HEAL && e.value == 10);
  assert_ok(condition_parse("V=-1", &e));
  assert_true(e.whole && isnan(e.tolerance));
}

enum { SIZES = 2, TIMES = 3 };

/* Number of unmet conditions for these slopes and fits at t = 0, 1, 2. */
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
  struct healing heal = {.fluct = &fluct, .curves = 1, .curve = {{.quantity = &fluct.quantity[0], .ratio = ratio}}};
  struct condition condition;
  FILE *out = fopen("/dev/null", "w");
  assert_ok(condition_parse(text, &condition));
  assert_ok(condition_check_names(1, &condition, &heal));
  const int count = condition_print(1, &condition, &heal, out);
  fclose(out);
  return count;
}

static void unmet_conditions_are_counted(void **state) {
  (void)state;
  assert_true(unmet("V=-1") == 1); /* at t = 2; a condition without @ does not apply at t = 0 */
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
      cmocka_unit_test(verdicts_follow_the_interval),
      cmocka_unit_test(conditions_are_parsed),
      cmocka_unit_test(unmet_conditions_are_counted),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
