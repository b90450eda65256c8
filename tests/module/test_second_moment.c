// ranks: 1 2 3 4
/* second_moment: q_n = (1/n) sum_i c_i^2 E phi_i^2 equals plain loops over all units, also for networks that ranks
 * share, and has the same bits on one and on two threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 4, P = 30, K = 61, NETWORKS = 3 };

/* The parameters of unit i of a network, counted inside the network, in double for any precision. */
static void get_unit(const struct particles *particles, const struct local_network *local, int64_t i, double *c,
                     double *a, double *b) {
  if (precision_stored(particles->precision) == sizeof(double)) {
    local_network_get(particles, local, i, 1, c, a, b);
    return;
  }
  float single[D + 2] = {0};
  local_network_get(particles, local, i, 1, single, single + 2, single + 1);
  *c = single[0];
  *b = single[1];
  for (int k = 0; k < D; k++) a[k] = single[2 + k];
}

/* c^2 times the sum of phi^2 over the points x [count][D], for own unit i of a network. */
static double unit_square(const struct fixture *fixture, const struct local_network *local, int64_t i, const double *x,
                          int count) {
  const struct unit_spec *unit = &fixture->particles->unit;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  double c, b = 0, a[D], sum = 0;
  get_unit(fixture->particles, local, local_network_first_unit(local) + i, &c, a, &b);
  for (int p = 0; p < count; p++) {
    double dot = 0, norm2 = 0;
    for (int k = 0; k < D; k++) {
      dot += a[k] * x[p * D + k];
      norm2 += x[p * D + k] * x[p * D + k];
    }
    sum += pow(unit_table[unit->type].h(sphere ? unit->alpha * (dot - (norm2 + D) / 2) : dot + b), 2);
  }
  return c * c * sum;
}

static void plain(const struct fixture *fixture, const double *x, int count, double *mean) {
  memset(mean, 0, sizeof *mean * NETWORKS);
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    for (int64_t i = 0; i < local_network_units(local); i++)
      mean[local->network] += unit_square(fixture, local, i, x, count) / (double)local->n / count;
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
