// ranks: 1
/* unit_costs: pairs cost more if the activations of a network are not kept; points cost more in small networks. */
#include "dynamics/unit_costs.h"
#include "harness.h"

static void costs_follow_batches_and_activations(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 3, .n = {64, 1024, 4096}, .replicas = 1};
  const struct schedule schedule = {
      .scheme = SCHEME_SGD, .stages = 1, .stage = {{.steps = 1, .dt = 1, .batch_scale = 1, .batch_power = 1}}};
  struct dataset data = {.spec = {.mode = DATA_ONLINE}, .d = 5};
  const struct kernel *kernel = kernel_find(UNIT_SIGMOID, PRECISION_SINGLE, ISA_portable);
  double cost[ENSEMBLE_MAX];
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 1, cost);
  /* P = n: activations of 16 KB and 4 MB are kept, 64 MB are not. */
  assert_near(cost[0], 64 + 100 + 12, 0);
  assert_near(cost[1], 1024 + 100 + 12, 0);
  assert_near(cost[2], 1.5 * 4096 + 100 + 12, 0);
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 4, cost); /* 4 threads keep 64 MB */
  assert_near(cost[2], 4096 + 100 + 12, 0);
  data.spec.mode = DATA_FIXED;
  data.samples = 500;
  const struct schedule gd = {.scheme = SCHEME_GD, .stages = 1, .stage = {{.steps = 1, .dt = 1}}};
  unit_costs(&gd, 0, &ensemble, &data, kernel, 1, cost);
  assert_near(cost[0], 500 * (1 + 10. / 64) + 12, 1e-12);
  assert_near(cost[2], 500 * (1 + 10. / 4096) + 12, 1e-12);
  data.spec.mode = DATA_POPULATION;
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 1, cost);
  assert_near(cost[2], 4096, 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_follow_batches_and_activations),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
