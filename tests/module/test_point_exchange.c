// ranks: 1 2 3 4 7
/* point_exchange: neighbors divide all points; the units have the same bits whether ranks share points or not. */
#include <stdlib.h>
#include <string.h>

#include "dynamics/outputs.h"
#include "dynamics/point_exchange.h"
#include "fixture.h"

static struct point_exchange plan(enum point_sharing sharing, int rank, int ranks, int64_t count, int d,
                                  enum precision precision, bool *shares) {
  const struct comm group = {.rank = rank, .size = ranks};
  struct point_exchange exchange;
  *shares = point_exchange_plan(sharing, &group, count, d, precision, &exchange);
  return exchange;
}

static void neighbors_divide_all_points(void **state) {
  (void)state;
  bool shares;
  for (int ranks = 1; ranks <= 9; ranks++)
    for (int64_t count = 1; count <= 300; count++)
      for (int rank = 0; rank < ranks; rank++) {
        const struct point_exchange exchange = plan(SHARE_ALWAYS, rank, ranks, count, 5, PRECISION_SINGLE, &shares);
        const int k = rank - exchange.neighbors.first;
        expect(exchange.cut[0] == 0 && exchange.cut[exchange.neighbors.count] == count &&
                   exchange.begin == exchange.cut[k] && exchange.end == exchange.cut[k + 1] &&
                   exchange.begin <= exchange.end && (exchange.begin % 32 == 0 || exchange.begin == count),
               "rank %d of %d, %lld points", rank, ranks, (long long)count);
        expect(shares == (ranks > 1), "%d ranks", ranks);
      }
  assert_expected();
}

static void points_are_shared_if_this_is_cheaper(void **state) {
  (void)state;
  static const struct {
    int count, d;
    enum precision precision;
    bool shares;
  } some[] = {{100, 5, PRECISION_SINGLE, false},   {100, 25, PRECISION_SINGLE, false},
              {1000, 5, PRECISION_SINGLE, false},  {1000, 10, PRECISION_SINGLE, true},
              {1000, 25, PRECISION_SINGLE, true},  {1000, 25, PRECISION_MIXED, true},
              {1000, 10, PRECISION_DOUBLE, false}, {1000, 25, PRECISION_DOUBLE, true}};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++)
    for (int rank = 0; rank < 1024; rank++) {
      bool shares;
      plan(SHARE_IF_CHEAPER, rank, 1024, some[i].count, some[i].d, some[i].precision, &shares);
      expect(shares == some[i].shares, "P = %d, d = %d", some[i].count, some[i].d);
      plan(SHARE_NEVER, rank, 1024, some[i].count, some[i].d, some[i].precision, &shares);
      expect(!shares, "never, P = %d, d = %d", some[i].count, some[i].d);
    }
  assert_expected();
}

/* Steps with observations and outputs in between, stages of several batch sizes (less than a vector of points, one
 * chunk, several chunks), and a jump to a later step, as after a restart. The caller frees the result: local tiles. */
static char *units_after_steps(const char *problem, enum point_sharing sharing, size_t *bytes) {
  struct fixture *fixture = fixture_create(
      "%s\n"
      "dynamics: {scheme: sgd, stages: [{steps: 4, dt: 0.1, batch: 200}, {steps: 3, dt: 0.1, batch: 3}, "
      "{steps: 3, dt: 0.1, batch: 97}, {steps: 1, dt: 0.1, batch: 4100}, {steps: 10, dt: 0.1, batch: 500}]}",
      problem);
  outputs_share_points(dynamics_outputs(fixture->dynamics), sharing);
  fixture_steps(fixture, 0, 2);
  fixture_observe(fixture, 2);
  fixture_steps(fixture, 2, 5);
  double *f = malloc(sizeof *f * (size_t)(fixture->data->tests * fixture->particles->locals + 1));
  dynamics_evaluate(fixture->dynamics, 5, POINTS_TEST, f);
  fixture_steps(fixture, 5, 14);
  fixture_observe(fixture, 14);
  fixture_steps(fixture, 17, 21);
  *bytes = (size_t)fixture->particles->tile_count * fixture->particles->tile_bytes;
  char *tiles = malloc(*bytes + 1);
  memcpy(tiles, fixture->particles->tiles, *bytes);
  free(f);
  fixture_free(fixture);
  return tiles;
}

static void sharing_changes_no_bit(void **state) {
  (void)state;
  static const char *const problem[] = {
      "run: {precision: single}\nensemble: {n: 1500}\nunit: {type: sigmoid}\ntarget: {type: spin, d: 6}\n"
      "data: {mode: online, test: 10}",
      "run: {precision: double, threads: 2}\nensemble: {n: [100, 300, 1500], replicas: 2}\nunit: {type: rbf, alpha: "
      "0.6}\n"
      "target: {type: spin, d: 5}\ndata: {mode: online, test: 10}",
      "run: {precision: mixed}\nensemble: {n: [40, 1100], replicas: 2}\nunit: {type: rbf, alpha: 0.6}\n"
      "target: {type: spin, d: 7, noise: 0.1}\ndata: {mode: online, test: 10, shared: true}",
      "run: {precision: single, threads: 2}\nensemble: {n: 1500}\nunit: {type: relu}\ntarget: {type: spin, d: 25}\n"
      "data: {mode: online, test: 10}", /* ranks divide the labels of a group of lanes */
      "run: {precision: single}\nensemble: {n: 200}\nunit: {type: relu}\ntarget: {type: spin, d: 6}\n" /* empty ranks */
      "data: {mode: online, test: 10}",
  };
  for (size_t i = 0; i < sizeof problem / sizeof *problem; i++) {
    size_t bytes, same_bytes;
    char *never = units_after_steps(problem[i], SHARE_NEVER, &bytes);
    char *always = units_after_steps(problem[i], SHARE_ALWAYS, &same_bytes);
    assert_all_for(bytes == same_bytes && memcmp(never, always, bytes) == 0, "problem %zu", i);
    free(never);
    free(always);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(neighbors_divide_all_points),
      cmocka_unit_test(points_are_shared_if_this_is_cheaper),
      cmocka_unit_test(sharing_changes_no_bit),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
