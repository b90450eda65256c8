// ranks: 1 2 3 4
/* second_moment: q_n = (1/n) sum_i c_i^2 E phi_i^2 equals plain loops over all units, also for networks that ranks
 * share, and has the same bits on one and on two threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 4, P = 30, K = 61, NETWORKS = 3 };

/* c^2 times the sum of phi^2 over the points x [count][D], for a unit of local network s. */
static double unit_square(const struct fixture *fixture, int s, int64_t unit, const double *x, int count) {
  double theta[D + 2], sum = 0;
  fixture_get(fixture, s, unit, theta);
  for (int p = 0; p < count; p++) sum += pow(naive_phi(&fixture->particles->unit, D, theta, x + p * D), 2);
  return theta[0] * theta[0] * sum;
}

static void plain(const struct fixture *fixture, const double *x, int count, double *mean) {
  memset(mean, 0, sizeof *mean * NETWORKS);
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    for (int64_t i = 0; i < local_network_units(local); i++)
      mean[local->network] +=
          unit_square(fixture, s, local_network_first_unit(local) + i, x, count) / (double)local->n / count;
  }
  MPI_Allreduce(MPI_IN_PLACE, mean, NETWORKS, MPI_DOUBLE, MPI_SUM, world.mpi);
}

static void check(const char *unit, const char *precision, double tolerance) {
  double want[2][NETWORKS], first[2][NETWORKS];
  for (int threads = 1; threads <= 2; threads++) {
    struct fixture *fixture = fixture_create("run: {precision: %s, seed: 3, threads: %d}\n"
                                             "ensemble: {n: [3, 700, 5000]}\n"
                                             "unit: {type: %s}\n"
                                             "target: {type: spin, d: %d}\n"
                                             "data: {mode: fixed, samples: %d, test: %d}\n"
                                             "dynamics: {scheme: gd, stages: [{steps: 5, dt: 0.1}]}\n",
                                             precision, threads, unit, D, P, K);
    assert_all_for(comm_any(&world, fixture->particles->split > 0) == (world.size > 1), "unit %s, %s", unit, precision);
    plain(fixture, fixture->data->test_x, K, want[POINTS_TEST]);
    plain(fixture, fixture->data->x, P, want[POINTS_TRAIN]);
    const int locals = fixture->particles->locals;
    double *mean = malloc(sizeof *mean * (size_t)(locals + 1));
    for (int set = POINTS_TEST; set <= POINTS_TRAIN; set++) {
      dynamics_moments(fixture->dynamics, (enum point_set)set, mean);
      for (int s = 0; s < locals; s++) {
        const int64_t g = fixture->particles->local[s].network;
        expect(fabs(mean[s] - want[set][g]) <= tolerance * want[set][g],
               "unit %s, %s, set %d, network %lld, threads %d", unit, precision, set, (long long)g, threads);
        expect(threads == 1 || mean[s] == first[set][g], "unit %s, %s, set %d, network %lld", unit, precision, set,
               (long long)g);
        first[set][g] = mean[s];
      }
    }
    assert_expected();
    free(mean);
    fixture_free(fixture);
  }
}

static void moments_equal_plain_loops(void **state) {
  (void)state;
  check("sigmoid", "double", 1e-13);
  check("rbf", "double", 1e-13);
  check("tanh", "mixed", 2e-6);
  check("relu", "single", 2e-6);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(moments_equal_plain_loops)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
