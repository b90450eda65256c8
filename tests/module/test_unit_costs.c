// ranks: 1
/* unit_costs: pairs cost more if the activations of a network are not kept; points cost more in small networks; ranks
 * get equal work. */
#include "dynamics/unit_costs.h"

#include <math.h>

#include "harness.h"

static void costs_follow_batches_and_activations(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 3, .n = {64, 1024, 4096}, .replicas = 1};
  const struct schedule schedule = {
      .scheme = SCHEME_SGD, .stages = 1, .stage = {{.steps = 1, .dt = 1, .batch_scale = 1, .batch_power = 1}}};
  struct dataset data = {.spec = {.mode = DATA_ONLINE}, .d = 10, .draw_ns = 32, .label_ns = 40};
  const struct kernel *kernel = kernel_find(UNIT_SIGMOID, PRECISION_SINGLE, ISA_portable);
  const double point = 10 + (32 + 40) / 0.8; /* a pair takes 0.8 ns */
  double cost[ENSEMBLE_MAX];
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 1, cost);
  /* P = n: activations of 16 KB and 4 MB are kept, 64 MB are not. */
  assert_near(cost[0], 64 * (64 + point + 12), 1e-12);
  assert_near(cost[1], 64 * (1024 + point + 12), 1e-12);
  assert_near(cost[2], 64 * (1.5 * 4096 + point + 12), 1e-12);
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 4, cost); /* 4 threads keep 64 MB */
  assert_near(cost[2], 64 * (4096 + point + 12), 1e-12);
  data.spec.mode = DATA_FIXED;
  data.samples = 500;
  const struct schedule gd = {.scheme = SCHEME_GD, .stages = 1, .stage = {{.steps = 1, .dt = 1}}};
  unit_costs(&gd, 0, &ensemble, &data, kernel, 1, cost);
  assert_near(cost[0], 64 * (500 + 12) + 500 * 10, 1e-12);
  assert_near(cost[2], 64 * (500 + 12) + 500 * 10. / 64, 1e-12);
  data.spec.mode = DATA_POPULATION;
  unit_costs(&schedule, 0, &ensemble, &data, kernel, 1, cost);
  assert_near(cost[2], 64 * 4096, 0);
}

/* Returns the ns of a step of one network: all lanes of its tiles, and the points in whole groups of lanes. */
static double network_ns(int64_t n, int P, const struct dataset *data) {
  const double pair = 0.25 + 0.055 * data->d, tiles = (double)((n + 63) / 64);
  return tiles * 64 * (P + 12) * pair + P * 10 * pair + (P + 31) / 32 * 32 * data->draw_ns +
         (P + 7) / 8 * 8 * data->label_ns;
}

/* Networks with few units, with n that is no multiple of a tile: two ranks get equal work, although most of the work of
 * a small network is that of its points. */
static void two_ranks_get_equal_work(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 3, .n = {10, 100, 1000}, .replicas = 100};
  const struct kernel *kernel = kernel_find(UNIT_SIGMOID, PRECISION_SINGLE, ISA_portable);
  const struct dataset some[] = {{.spec = {.mode = DATA_ONLINE}, .d = 10, .draw_ns = 27, .label_ns = 13},
                                 {.spec = {.mode = DATA_ONLINE}, .d = 100, .draw_ns = 278, .label_ns = 7957}};
  for (int k = 0; k < 2; k++)
    for (int P = 1; P <= 100; P += 33) {
      const struct schedule schedule = {
          .scheme = SCHEME_SGD, .stages = 1, .stage = {{.steps = 1, .dt = 1, .batch = P}}};
      struct ownership owned[2];
      double cost[ENSEMBLE_MAX], total = 0, first = 0;
      unit_costs(&schedule, 0, &ensemble, &some[k], kernel, 1, cost);
      ensemble_ownership(&ensemble, cost, 2, owned);
      for (int64_t network = 0; network < 300; network++) {
        const double ns = network_ns(ensemble.n[network / 100], P, &some[k]);
        total += ns;
        if (ensemble_first_block(&ensemble, network + 1) <= owned[0].blocks) first += ns;
      }
      expect(fabs(first / total - 0.5) < 0.01, "P = %d, d = %d: rank 0 has %.3f of the work", P, some[k].d,
             first / total);
    }
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_follow_batches_and_activations),
      cmocka_unit_test(two_ranks_get_equal_work),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
