// ranks: 1 2 3 4
/* population: results have the same bits on any number of ranks and threads, for networks that ranks share and others;
 * a network with non-finite values is not moved. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { STEPS = 6, D = 3, NUMBERS_MAX = 8192, NETWORKS_MAX = 8 };

struct result {
  int64_t units;
  double theta[NUMBERS_MAX][D + 2]; /* c, b, z of each unit of this rank */
  int networks;
  int64_t network[NETWORKS_MAX], first[NETWORKS_MAX],
      count[NETWORKS_MAX]; /* of each local network: first local unit, number of local units */
  struct observation observation[NETWORKS_MAX];
};

/* Units, target and data of each theory, for d = D. */
#define RBF "unit: {type: rbf, alpha: 1.5, init: {c: {std: 3}}}\ntarget: {type: spin, d: 3}\n"
static const struct {
  const char *name, *text;
} theories[] = {
    {"population", RBF "data: {mode: population, test: 5}\n"},
    {"rkhs", RBF "data: {mode: rkhs, test: 5}\n"},
    {"erf", "unit: {type: erf, train: [c, a], init: {c: {std: 3}, b: {std: 0}}}\n"
            "target: {type: teacher, d: 3, teacher: {type: erf, units: 70, init: {c: {std: 20}, b: {std: 0}}}}\n"
            "data: {mode: population, inputs: gaussian, test: 5}\n"},
};
enum { THEORIES = sizeof theories / sizeof *theories };

static struct fixture *fixture_of(int theory, const char *sizes, const char *precision, int threads) {
  return fixture_create("run: {precision: %s, threads: %d}\nensemble: {n: %s, replicas: 2}\n%s"
                        "dynamics: {stages: [{steps: 100, dt: 0.2}]}\n",
                        precision, threads, sizes, theories[theory].text);
}

static void read_result(const struct fixture *fixture, struct result *result) {
  const struct particles *particles = fixture->particles;
  memset(result, 0, sizeof *result);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    result->network[s] = local->network;
    result->first[s] = local_network_first_unit(local);
    result->count[s] = local_network_units(local);
    result->observation[s] = fixture->observation[s];
    for (int64_t i = 0; i < local_network_units(local); i++, result->units++)
      fixture_get(fixture, s, local_network_first_unit(local) + i, result->theta[result->units]);
  }
  result->networks = particles->locals;
}

static void run(int theory, const char *sizes, const char *precision, int threads, struct result *result) {
  struct fixture *fixture = fixture_of(theory, sizes, precision, threads);
  fixture_steps(fixture, 0, STEPS);
  fixture_observe(fixture, STEPS);
  read_result(fixture, result);
  fixture_free(fixture);
}

/* Local. Runs all networks on this rank alone. */
static void run_alone(int theory, const char *sizes, const char *precision, struct result *result) {
  const struct comm all = world;
  world = (struct comm){MPI_COMM_SELF, 0, 1};
  run(theory, sizes, precision, 1, result);
  world = all;
}

/* Compares the units of this rank with the same units of the run on one rank, which stores whole networks in order.
 * Collective. */
static void compare(const struct result *own, const struct result *alone, const char *name) {
  expect(own->networks > 0 || own->units == 0, "%s", name);
  int64_t at = 0;
  for (int s = 0; s < own->networks; s++) {
    const int64_t g = own->network[s];
    int64_t start = own->first[s];
    for (int64_t before = 0; before < g; before++) start += alone->count[before];
    expect(memcmp(own->theta[at], alone->theta[start], sizeof *own->theta * (size_t)own->count[s]) == 0,
           "%s, network %lld", name, (long long)g);
    expect(memcmp(&own->observation[s], &alone->observation[g], sizeof own->observation[s]) == 0, "%s, network %lld",
           name, (long long)g);
    at += own->count[s];
  }
  expect(at == own->units, "%s", name);
  assert_expected();
}

static void ranks_and_threads_change_no_bit(void **state) {
  (void)state;
  const char *sizes[] = {"[5, 64, 300, 1000]", "[700]", "[3]"}; /* networks that ranks share and others; empty ranks */
  struct result *alone = malloc(sizeof *alone), *own = malloc(sizeof *own);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (int precision = 0; precision < PRECISIONS; precision++) {
      const int theory = (int)(i + (size_t)precision) % THEORIES;
      run_alone(theory, sizes[i], precision_names[precision], alone);
      for (int threads = 1; threads <= 3; threads += 2) {
        run(theory, sizes[i], precision_names[precision], threads, own);
        char name[96];
        snprintf(name, sizeof name, "%s, n = %s, %s, threads %d", theories[theory].name, sizes[i],
                 precision_names[precision], threads);
        compare(own, alone, name);
        assert_all_for(comm_sum(&world, own->units) == alone->units, "%s", name);
        expect(own->networks == 0 || (isfinite(own->observation[0].loss) && own->observation[0].loss > 0), "%s", name);
        assert_expected();
      }
    }
  free(alone);
  free(own);
}

static void a_non_finite_network_is_not_moved_and_is_named(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of(0, "[20, 600]", "double", 2);
  struct particles *particles = fixture->particles;
  const double huge[] = {1e13, NAN};
  for (int i = 0; i < 2; i++) {
    struct result *before = malloc(sizeof *before), *after = malloc(sizeof *after);
    const struct local_network *bad = NULL; /* the part of replica 1 of n = 600 with the last unit, if own */
    for (int s = 0; s < particles->locals; s++) {
      const struct local_network *local = &particles->local[s];
      if (local->network == 3 && local_network_first_unit(local) + local_network_units(local) == local->n) bad = local;
    }
    if (bad) local_network_set(particles, bad, 599, 1, &huge[i], NULL, NULL);
    fixture_observe(fixture, 0);
    read_result(fixture, before);
    dynamics_step(fixture->dynamics, 7, fixture_dt(fixture, 7), fixture->observation);
    read_result(fixture, after);
    int64_t at = 0;
    for (int s = 0; s < after->networks; at += after->count[s++]) {
      const bool kept =
          memcmp(before->theta[at], after->theta[at], sizeof *after->theta * (size_t)after->count[s]) == 0;
      expect(kept == (after->network[s] == 3), "c = %g, network %lld", huge[i], (long long)after->network[s]);
    }
    assert_expected();
    assert_status(FAILED, dynamics_check(fixture->dynamics, 8, false));
    assert_all_for(strstr(error_text(), "step 0: the network of n = 600, replica 1 ") != NULL,
                   "c = %g, received \"%s\"", huge[i], error_text());
    assert_all_for(strstr(error_text(), "In block 2 of this network (units 512 to 599, ") != NULL,
                   "c = %g, received \"%s\"", huge[i], error_text());
    free(before);
    free(after);
  }
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ranks_and_threads_change_no_bit),
      cmocka_unit_test(a_non_finite_network_is_not_moved_and_is_named),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
