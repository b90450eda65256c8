// ranks: 1 2 3
/* cost_meter: measured costs are means over ranks; if they differ from the assumed costs, units move to other ranks; no
 * bit of a run changes. */
#include "dynamics/cost_meter.h"

#include <string.h>

#include "dynamics/dynamics.h"
#include "fixture.h"

static void costs_are_means_over_ranks(void **state) {
  (void)state;
  static struct cost_meter meter;
  double cost[2];
  int timed = 0;
  cost_meter_start(&meter, 1000);
  for (int step = 1000; step < 1000 + 15 * 16 + 1; step++) timed += cost_meter_times(&meter, step);
  assert_all(timed == 15);
  cost_meter_add(&meter, 0, 1, 2e-6);
  cost_meter_add(&meter, 1, 10, 3e-6 * (world.rank + 1));
  cost_meter_add(&meter, 1, 10, 5e-6);
  assert_all(!cost_meter_costs(&meter, &world, 2, cost)); /* 15 steps are too few */
  assert_all(cost_meter_times(&meter, 2000));
  assert_all(cost_meter_costs(&meter, &world, 2, cost));
  assert_near(cost[0], 2000, 1e-12);
  assert_near(cost[1], (3000. * (world.size + 1) / 2 + 5000) / 20, 1e-12);
  assert_all(!cost_meter_costs(&meter, &world, 3, cost)); /* size 2 has not been timed */
}

/* Networks of three sizes, some of them split. */
static struct fixture *create(const char *more) {
  return fixture_create("run: {precision: single}\nensemble: {n: [70, 300, 1000], replicas: 2}\nunit: {type: tanh}\n"
                        "target: {type: spin, d: 3}\n%s",
                        more);
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
    struct fixture *moved = create(inputs[i]), *twin = create(inputs[i]);
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

/* The times that are added here exceed the measured ones by far, so the result does not depend on these. */
static void measured_costs_move_units(void **state) {
  (void)state;
  const char *input = "data: {mode: online, test: 0}\n"
                      "dynamics: {scheme: sgd, stages: [{steps: 400, dt: 0.1, batch: 5}]}";
  struct fixture *moved = create(input), *twin = create(input);
  double excess = -1;
  fixture_steps(twin, 0, 400);
  fixture_steps(moved, 0, 200);
  assert_ok(dynamics_correct_balance(moved->dynamics, &excess));
  assert_all(excess == 0); /* 12 steps are too few */
  fixture_steps(moved, 200, 300);
  struct cost_meter *meter = dynamics_cost_meter(moved->dynamics);
  const struct particles *particles = moved->particles;
  int64_t tiles[3] = {0};
  for (int l = 0; l < particles->locals; l++)
    tiles[particles->local[l].member] += network_tiles(local_network_units(&particles->local[l]));
  const int timed = world.size == 1 ? 0 : 18;
  expect(meter->steps == timed, "%lld timed steps", (long long)meter->steps);
  for (int e = 0; e < 3; e++)
    expect(meter->tiles[e] == timed * tiles[e] && (meter->ns[e] > 0) == (meter->tiles[e] > 0), "size %d", e);
  assert_expected();
  cost_meter_add(meter, 0, 1, 1e6); /* nearly all work is that of the two small networks */
  assert_ok(dynamics_correct_balance(moved->dynamics, &excess));
  assert_all(world.size == 1 ? excess == 0 : excess > 0.1);
  assert_all(meter->steps == 0);
  if (world.size == 2) assert_all(particles->first[1] == 1); /* blocks: 1 + 1 + 2 + 2 + 4 + 4 */
  fixture_steps(moved, 300, 400);
  assert_all(same_bits(moved, twin));
  fixture_free(moved);
  fixture_free(twin);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_are_means_over_ranks),
      cmocka_unit_test(new_owners_change_no_bit),
      cmocka_unit_test(measured_costs_move_units),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
