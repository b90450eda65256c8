// ranks: 1
/* schedule: stages, times, batch sizes, agreement of two schedules. */
#include "dynamics/schedule.h"
#include "harness.h"

static const struct schedule quench = {
    .scheme = SCHEME_SGD,
    .stages = 3,
    .stage = {{.steps = 10, .dt = 0.5, .batch_scale = 0.2, .batch_power = 1},
              {.steps = 5, .dt = 0.25, .batch_scale = 0.2, .batch_power = 1},
              {.steps = 1, .dt = 1, .batch_scale = 0.04, .batch_power = 2}},
};

static void stages_follow_one_another(void **state) {
  (void)state;
  assert_int_equal(schedule_steps(&quench), 16);
  const int stage[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2};
  for (int step = 0; step < 18; step++) assert_int_equal(schedule_stage(&quench, step), stage[step]);
  assert_near(schedule_time(&quench, 1, 0), 0, 0);
  assert_near(schedule_time(&quench, 1, 10), 5, 0);
  assert_near(schedule_time(&quench, 1, 12), 5.5, 0);
  assert_near(schedule_time(&quench, 1, 16), 7.25, 0);
}

static void batch_follows_its_power_law(void **state) {
  (void)state;
  assert_int_equal(schedule_batch(&quench, 0, 64, 0), 12);  /* floor(64 / 5) */
  assert_int_equal(schedule_batch(&quench, 2, 64, 0), 163); /* floor((64 / 5)^2) */
  assert_int_equal(schedule_batch(&quench, 0, 3, 0), 1);    /* at least one */
  assert_int_equal(schedule_check(&quench, 0, 1000, 200), OK);
  assert_int_equal(schedule_check(&quench, 0, 1000, 199), USAGE); /* the batch exceeds the set of points */
  const struct schedule gd = {.scheme = SCHEME_GD, .stages = 1, .stage = {{.steps = 1, .dt = 1}}};
  assert_int_equal(schedule_batch(&gd, 0, 1000, 77), 77);
  assert_true(schedule_same_batch(&quench, 0, 1));
  assert_false(schedule_same_batch(&quench, 1, 2));
}

static void schedules_must_agree_on_past_steps_only(void **state) {
  (void)state;
  struct schedule other = quench;
  other.stage[2].dt = 3;
  assert_true(schedule_agree(&quench, &other, 15));
  assert_false(schedule_agree(&quench, &other, 16));
  other = quench;
  other.stage[1].steps = 50;
  assert_true(schedule_agree(&quench, &other, 15));
  assert_false(schedule_agree(&quench, &other, 16));
  other = quench; /* one stage divided into two with the same parameters */
  other.stages = 4;
  other.stage[3] = quench.stage[2];
  other.stage[2] = quench.stage[1];
  other.stage[1] = quench.stage[0];
  other.stage[0].steps = 4;
  other.stage[1].steps = 6;
  assert_true(schedule_agree(&quench, &other, 16));
  other.stage[0].batch_scale = 0.3;
  assert_true(schedule_agree(&quench, &other, 0));
  assert_false(schedule_agree(&quench, &other, 1));
  other = quench;
  other.stage[1].dt_power = 0.5;
  assert_true(schedule_agree(&quench, &other, 10)); /* the second stage has not begun */
  assert_false(schedule_agree(&quench, &other, 11));
  assert_false(schedule_dt_varies(&other, 10));
  assert_true(schedule_dt_varies(&other, 11));
}

/* With dt: auto, dt is estimated at the first step of a stage, so dividing a stage into two changes the trajectory. */
static void automatic_stages_agree_only_undivided(void **state) {
  (void)state;
  const struct stage automatic = {.steps = 10, .dt_safety = 0.5, .dt_every = 7, .batch = 3};
  const struct schedule whole = {.scheme = SCHEME_SGD, .stages = 1, .stage = {automatic}};
  struct schedule cut = {.scheme = SCHEME_SGD, .stages = 2, .stage = {automatic, automatic}}, other = whole;
  assert_true(schedule_agree(&whole, &cut, 10)); /* the second stage has not begun */
  cut.stage[0].steps = 4;
  assert_true(schedule_agree(&whole, &cut, 4));
  assert_false(schedule_agree(&whole, &cut, 5));
  other.stage[0].steps = 30;
  assert_true(schedule_agree(&whole, &other, 10));
  other.stage[0].dt_every = 8;
  assert_false(schedule_agree(&whole, &other, 1));
  other = whole;
  other.stage[0].dt_safety = 0.4;
  assert_false(schedule_agree(&whole, &other, 1));
  other.stage[0].dt = 1;
  assert_false(schedule_agree(&whole, &other, 1));
  assert_false(schedule_auto(&whole, 0));
  assert_true(schedule_auto(&whole, 1));
  assert_false(schedule_auto(&quench, 16));
}

static void segments_give_the_time(void **state) {
  (void)state;
  static const struct ensemble_spec ensemble = {.members = 2, .n = {16, 64}, .replicas = 1};
  struct schedule powers = quench;
  powers.stage[1].dt_power = 0.5; /* 16^0.5 = 4 and 64^0.5 = 8 are exact */
  for (int step = 0; step <= 16; step++) {
    const struct dt_segment segment = schedule_segment(&powers, &ensemble, step);
    for (int e = 0; e < ensemble.members; e++) {
      struct schedule own = quench;
      own.stage[1].dt = (e == 0 ? 4 : 8) * quench.stage[1].dt;
      assert_true(dt_segment_time(&segment, &ensemble, e, step) == schedule_time(&own, 1, step));
      assert_true(schedule_time(&powers, ensemble.n[e], step) == schedule_time(&own, 1, step));
      assert_true(dt_segment_dt(&segment, &ensemble, e) == own.stage[schedule_stage(&own, step)].dt);
    }
    assert_true(segment.dt == quench.stage[schedule_stage(&quench, step)].dt && segment.step <= step);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stages_follow_one_another),
      cmocka_unit_test(batch_follows_its_power_law),
      cmocka_unit_test(schedules_must_agree_on_past_steps_only),
      cmocka_unit_test(automatic_stages_agree_only_undivided),
      cmocka_unit_test(segments_give_the_time),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
