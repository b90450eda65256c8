// ranks: 1 2 3
/* epoch_orders: networks with data.shared keep one order per batch size; the memory estimate; the same bits with more
 * threads. */
#include "dynamics/epoch_orders.h"

#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* Sizes with P = 1, 2, 2, 17 and all 40 points, in this order. */
static struct fixture *create(bool shared, int threads) {
  return fixture_create(
      "run: {precision: single, threads: %d}\nensemble: {n: [10, 20, 25, 170, 400], replicas: 3}\nunit: {type: tanh}\n"
      "target: {type: spin, d: 3}\ndata: {mode: fixed, samples: 40, test: 0, shared: %s}\n"
      "dynamics: {scheme: sgd, stages: [{steps: 100, dt: 0.1, batch_scale: 0.1, batch_power: 1}]}",
      threads, shared ? "true" : "false");
}

static int64_t batch_of(const struct fixture *fixture, int s) {
  return schedule_batch(&fixture->config->schedule, 0, fixture->particles->local[s].n, fixture->data->samples);
}

static void networks_share_orders_of_one_batch_size(void **state) {
  (void)state;
  for (int shared = 0; shared < 2; shared++) {
    struct fixture *fixture = create(shared, 1);
    struct epoch_orders orders = {0};
    const int locals = fixture->particles->locals;
    int networks = 0;
    assert_ok(epoch_orders_reserve(&orders, fixture->particles, fixture->data, &fixture->config->schedule, 0));
    for (int s = 0; s < locals; s++) {
      const int64_t own = batch_of(fixture, s);
      networks += own < 40;
      expect(!orders.network[s] == (own == 40), "network %d", s);
      for (int t = 0; t < s && orders.network[s]; t++)
        expect((orders.network[s] == orders.network[t]) == (shared && own == batch_of(fixture, t)), "networks %d, %d",
               s, t);
    }
    const double bytes =
        epoch_orders_bytes(fixture->data, &fixture->config->schedule, 0, &fixture->particles->ensemble, networks);
    expect(shared ? orders.count <= 3 : orders.count == networks, "%d orders", orders.count);
    expect(bytes == 160 * (shared && networks > 3 ? 3 : networks), "%g bytes", bytes);
    expect(orders.count * 160 <= bytes, "%d orders, %g bytes", orders.count, bytes);
    epoch_orders_free(&orders);
    fixture_free(fixture);
  }
  assert_expected();
}

/* 12 small networks on one rank, at most four per thread; several epochs. */
static void threads_change_no_bit(void **state) {
  (void)state;
  struct fixture *one = create(true, 1), *three = create(true, 3);
  fixture_steps(one, 0, 100);
  fixture_steps(three, 0, 100);
  assert_all(memcmp(one->particles->tiles, three->particles->tiles,
                    (size_t)one->particles->tile_count * one->particles->tile_bytes) == 0);
  fixture_free(one);
  fixture_free(three);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(networks_share_orders_of_one_batch_size),
      cmocka_unit_test(threads_change_no_bit),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
