// ranks: 1
/* limit_plan: steps and cost of the estimates of the stability limit. history_rises: rows in which a loss rose. */
#include "tangent/limit_plan.h"

#include <math.h>

#include "base/rng.h"
#include "harness.h"
#include "store/history.h"

static const struct ensemble_spec ensemble = {.members = 2, .n = {64, 1024}, .replicas = 16};
static const int64_t field[] = {0, 300, 5000};

static struct limit_plan plan_of(const struct schedule *schedule, const struct dataset *data) {
  return (struct limit_plan){.schedule = schedule, .ensemble = &ensemble, .data = data, .fields = 3, .field = field};
}

/* Returns the cost of all estimates / work of the steps, with `products` products in each. */
static double share_of(const struct limit_plan *plan, bool near_limit) {
  const int64_t end = schedule_steps(plan->schedule);
  double pairs = 0;
  for (int64_t step = 0; step < end; step = limit_plan_next(plan, step)) {
    const struct limit_size size = limit_plan_size(plan, step);
    const struct limit_points points[] = {size.first, size.second};
    if (step == 0 || step == schedule_first(plan->schedule, schedule_stage(plan->schedule, step))) continue;
    for (int i = 0; i < 1 + near_limit; i++) {
      const bool whole = points[i].points == plan->data->samples;
      const double each = whole ? 1.5 * points[i].points * points[i].products : 13. * points[i].points;
      pairs += each * (64 + 1024) * (double)size.replicas;
    }
  }
  return pairs / schedule_work(plan->schedule, plan->ensemble, plan->data, 0, end);
}

static void steps_are_within_a_tenth(void **state) {
  (void)state;
  const struct schedule schedule = {
      .scheme = SCHEME_GD, .stages = 2, .stage = {{.steps = 9000, .dt = 1}, {.steps = 4000, .dt = 2}}};
  const struct dataset data = {.spec = {.mode = DATA_FIXED}, .samples = 2000};
  const struct limit_plan plan = plan_of(&schedule, &data);
  bool at_field = false, at_stage = false;
  int64_t count = 0, last = -1;
  assert_true(limit_plan_next(&plan, -1) == 0);
  for (int64_t step = 0; step != INT64_MAX; step = limit_plan_next(&plan, step)) {
    assert_true(step > last && limit_plan_count(&plan, step) == count);
    if (last >= 100) assert_true((double)step <= 1.1 * (double)last + 1);
    at_field = at_field || step == 300;
    at_stage = at_stage || step == 9000;
    last = step;
    count++;
  }
  assert_true(last == 13000 && at_field && at_stage && count < 120);
  assert_true(limit_plan_size(&plan, 0).first.points == 2000);
  assert_true(limit_plan_size(&plan, 12000).replicas >= 1 && limit_plan_size(&plan, 12000).replicas <= 16);
  const double share = share_of(&plan, false), most = share_of(&plan, true);
  assert_true(share > 0.001 && share <= 0.015);
  assert_true(most > share && most <= 0.08);
}

/* A run too short for an estimate in between is estimated at its start and end. */
static void short_runs_have_two_estimates(void **state) {
  (void)state;
  const struct schedule schedule = {.scheme = SCHEME_SGD, .stages = 1, .stage = {{.steps = 10, .dt = 1, .batch = 2}}};
  const struct dataset data = {.spec = {.mode = DATA_ONLINE}, .samples = 0};
  struct limit_plan plan = plan_of(&schedule, &data);
  plan.fields = 0;
  assert_true(limit_plan_next(&plan, 0) == 10 && limit_plan_next(&plan, 10) == INT64_MAX);
  assert_true(limit_plan_size(&plan, 0).first.points == LIMIT_PLAN_SAMPLE);
}

/* With data.mode: rkhs a step has n^2 pairs per network, and the budget is spent on products with the Hessian. */
static void products_with_the_hessian_are_paid_for(void **state) {
  (void)state;
  const struct schedule schedule = {.scheme = SCHEME_GD, .stages = 1, .stage = {{.steps = 20000, .dt = 1}}};
  const struct dataset data = {.spec = {.mode = DATA_RKHS}};
  const struct limit_plan plan = plan_of(&schedule, &data);
  const double product = 64. * 64 + 1024. * 1024;
  double pairs = 0;
  int64_t last = 0;
  for (int64_t step = limit_plan_next(&plan, 0); step < 20000; step = limit_plan_next(&plan, step)) {
    const struct limit_size size = limit_plan_size(&plan, step);
    assert_true(size.first.points == 0 && size.first.products >= 6 && size.first.products <= 30);
    assert_true(size.second.products == 0 && size.replicas >= 1 && size.replicas <= 16);
    if (last >= 500) assert_true((double)step <= 1.1 * (double)last + 1);
    pairs += (size.first.products + 1) * product * (double)size.replicas;
    last = step;
  }
  const double share = pairs / schedule_work(&schedule, &ensemble, &data, 0, 20000);
  assert_true(share > 0.002 && share <= 0.012);
  const struct limit_size start = limit_plan_size(&plan, 0);
  assert_true(start.first.products == 30 && start.replicas == 3);
}

static void rises_are_counted(void **state) {
  (void)state;
  enum { ROWS = 2000 };
  double loss[ROWS], noise[ROWS];
  for (int i = 0; i < ROWS; i++) loss[i] = exp(-0.01 * i) + 1e-18 * (i % 2);
  assert_true(history_rises(ROWS, loss, 1, 0x1p-53, false) == 0);
  loss[500] = loss[499] * (1 + 1e-9);
  assert_true(history_rises(ROWS, loss, 1, 0x1p-53, false) == 1);
  assert_true(history_rises(ROWS, loss, 1, 0x1p-24, false) == 0); /* within the rounding of single precision */
  /* Noise of 10 %: a jump by a factor 3 is a rise, the noise is not. False alarms: 6 sigma, 2000 rows: 2 of 10^6. */
  const struct rng rng = {7, RNG_NOISE, 0, 0};
  rng_normal(&rng, 0, ROWS, noise);
  for (int i = 0; i < ROWS; i++) loss[i] = exp(-0.001 * i + 0.1 * noise[i]);
  assert_true(history_rises(ROWS, loss, 1, 0x1p-53, true) == 0);
  for (int i = 0; i < ROWS; i++) loss[i] = exp(-0.001 * i + 0.1 * noise[i]) * (i == 900 ? 3 : 1);
  assert_true(history_rises(ROWS, loss, 1, 0x1p-53, true) == 1);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_within_a_tenth),
      cmocka_unit_test(short_runs_have_two_estimates),
      cmocka_unit_test(products_with_the_hessian_are_paid_for),
      cmocka_unit_test(rises_are_counted),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
