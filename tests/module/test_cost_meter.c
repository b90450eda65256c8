// ranks: 1 2 3
/* cost_meter: measured costs are medians of means over ranks; if they differ from the assumed costs, units move to
 * other ranks; no bit of a run changes. */
#include "dynamics/cost_meter.h"

#include <string.h>

#include "dynamics/dynamics.h"
#include "fixture.h"

static void costs_are_medians_of_means_over_ranks(void **state) {
  (void)state;
  static struct cost_meter meter;
  double cost[2];
  int timed = 0;
  cost_meter_start(&meter);
  for (int step = 1000; step <= 1000 + 17 * COST_METER_STEPS; step++) {
    if (step == 1000 + 17 * COST_METER_STEPS) assert_all(!cost_meter_costs(&meter, &world, 2, cost));
    if (!cost_meter_times(&meter, step)) continue;
    expect((step - 1000) % 17 == 0 && step > 1000, "step %d", step);
    timed++;
    const double stall = timed == 3 && world.rank == 0 ? 1 : 0; /* in one of the groups */
    cost_meter_add(&meter, 0, 1, 2e-6 + stall);
    cost_meter_add(&meter, 1, 10, 3e-6 * (world.rank + 1));
    cost_meter_add(&meter, 1, 10, 5e-6);
  }
  assert_all(timed == COST_METER_STEPS && cost_meter_costs(&meter, &world, 2, cost));
  assert_near(cost[0], 2000, 1e-12);
  assert_near(cost[1], (3000. * (world.size + 1) / 2 + 5000) / 20, 1e-12);
  assert_all(!cost_meter_costs(&meter, &world, 3, cost)); /* size 2 has not been timed */
  assert_expected();
}

/* Networks of three sizes, some of them split. */
static struct fixture *create(int threads, const char *more) {
  return fixture_create(
      "run: {precision: single, threads: %d}\nensemble: {n: [70, 300, 1000], replicas: 2}\nunit: {type: tanh}\n"
      "target: {type: spin, d: 3}\n%s",
      threads, more);
}

/* Whether two runs have the same bits in all fields. If the owners of their units differ, moves the units of both. */
static bool same_bits(struct fixture *a, struct fixture *b) {
  const double cost[] = {1, 1, 1};
  assert_ok(dynamics_set_costs(a->dynamics, cost));
  assert_ok(dynamics_set_costs(b->dynamics, cost));
  const size_t bytes = (size_t)a->particles->tile_count * a->particles->tile_bytes;
  bool same = a->particles->tile_count == b->particles->tile_count &&
              memcmp(a->particles->tiles, b->particles->tiles, bytes) == 0;
  for (int k = 0; k < a->particles->fields.rule_fields; k++)
    same = same && memcmp(a->particles->rule_tiles[k], b->particles->rule_tiles[k], bytes) == 0;
  return same;
}

static void new_owners_change_no_bit(void **state) {
  (void)state;
  const char *inputs[] = {
      "data: {mode: online, test: 0}\n"
      "dynamics: {scheme: sgd, stages: [{steps: 40, dt: 0.1, batch_scale: 0.5, batch_power: 1}]}",
      "data: {mode: fixed, samples: 90, shared: true, test: 0}\n"
      "dynamics: {scheme: sgd, stages: [{steps: 40, dt: 0.1, batch: 20}], update: momentum, momentum: 0.8}",
      "data: {mode: fixed, samples: 200, test: 0}\n"
      "dynamics: {scheme: gd, stages: [{steps: 40, dt: 0.1}], birth_death: 1}",
  };
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    struct fixture *moved = create(2, inputs[i]), *twin = create(1, inputs[i]);
    fixture_steps(twin, 0, 40);
    fixture_steps(moved, 0, 17);
    const int64_t tiles = moved->particles->tile_count;
    assert_ok(dynamics_set_costs(moved->dynamics, (double[]){200, 1, 1}));
    expect(world.size == 1 || world.rank > 0 || moved->particles->tile_count != tiles, "input %zu", i);
    fixture_steps(moved, 17, 23);
    assert_ok(dynamics_set_costs(moved->dynamics, (double[]){1, 1, 200}));
    fixture_steps(moved, 23, 40);
    expect(same_bits(moved, twin), "input %zu", i);
    fixture_free(moved);
    fixture_free(twin);
  }
  assert_expected();
}

/* Tiles of the networks of this rank by size, times the number of timed steps in a group. */
static void expect_timed_tiles(const struct fixture *fixture, int steps) {
  const struct cost_meter *meter = dynamics_cost_meter(fixture->dynamics);
  int64_t tiles[3] = {0};
  for (int l = 0; l < fixture->particles->locals; l++)
    tiles[fixture->particles->local[l].member] += network_tiles(local_network_units(&fixture->particles->local[l]));
  for (int g = 0; g < COST_METER_GROUPS; g++)
    for (int e = 0; e < 3; e++)
      expect(meter->tiles[g][e] == steps * tiles[e] && (meter->ns[g][e] > 0) == (meter->tiles[g][e] > 0),
             "group %d, size %d", g, e);
}

/* The times that are added here exceed the measured ones by far, so the result does not depend on these. */
static void measured_costs_move_units(void **state) {
  (void)state;
  const char *input = "data: {mode: online, test: 0}\n"
                      "dynamics: {scheme: sgd, stages: [{steps: 500, dt: 0.1, batch: 5}]}";
  struct fixture *moved = create(2, input), *twin = create(1, input);
  struct cost_meter *meter = dynamics_cost_meter(moved->dynamics);
  const bool alone = world.size == 1;
  double excess = -1;
  fixture_steps(twin, 0, 500);
  fixture_steps(moved, 0, 300);
  assert_all(meter->steps == (alone ? 0 : 17));
  assert_ok(dynamics_correct_balance(moved->dynamics, &excess));
  assert_all(excess == 0); /* 17 steps are too few */
  fixture_steps(moved, 300, 310);
  assert_all(meter->steps == (alone ? 0 : 18));
  expect_timed_tiles(moved, alone ? 0 : 2);
  assert_expected();
  for (int g = 0; g < COST_METER_GROUPS; g++) meter->ns[g][0] += (int64_t)1e15; /* of the two small networks */
  assert_ok(dynamics_correct_balance(moved->dynamics, &excess));
  assert_all(alone ? excess == 0 : excess > 0.1);
  assert_all(meter->steps == 0);
  if (world.size == 2) assert_all(moved->particles->first[1] == 1); /* blocks: 1 + 1 + 2 + 2 + 4 + 4 */
  fixture_steps(moved, 310, 500);
  assert_all(same_bits(moved, twin));
  fixture_free(moved);
  fixture_free(twin);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_are_medians_of_means_over_ranks),
      cmocka_unit_test(new_owners_change_no_bit),
      cmocka_unit_test(measured_costs_move_units),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
