// ranks: 1 2 3 4
/* lanczos, jacobian, stability: the largest eigenvalue equals known values and that of the dense tangent kernel from
 * plain loops, for all units, precisions and several sets of trained fields; gradients of batches equal those of the
 * dense kernel; the limit of dt has the same bits for any ownership and number of threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fixture.h"
#include "tangent/lanczos.h"
#include "tangent/limit_estimate.h"
#include "tangent/stability.h"

/* ---- the Lanczos method ---- */

enum { SIZE = 200 };

/* diag(values) conjugated by a reflection, so that no basis vector is an eigenvector. */
static bool reflected(void *context, const double *v, double *w) {
  const double *values = context;
  double along = 0;
  for (int i = 0; i < SIZE; i++) along += v[i] / SIZE;
  for (int i = 0; i < SIZE; i++) w[i] = values[i] * (v[i] - 2 * along);
  along = 0;
  for (int i = 0; i < SIZE; i++) along += w[i] / SIZE;
  for (int i = 0; i < SIZE; i++) w[i] -= 2 * along;
  return true;
}

static bool fails_after_some_products(void *context, const double *v, double *w) {
  (void)v;
  w[0] = 1;
  return --*(int *)context > 0;
}

static void start(double *basis, int size) {
  const struct rng rng = {7, RNG_LANCZOS, 0, 0};
  rng_normal(&rng, 0, size, basis);
}

static void eigenvalues_of_known_operators(void **state) {
  (void)state;
  static double basis[(LANCZOS_MAX + 1) * SIZE];
  double values[SIZE] = {0};
  const struct lanczos_operator operator= {reflected, values};
  start(basis, SIZE);
  struct lanczos result = lanczos_largest(&operator, SIZE, 1e-10, basis);
  assert_all(result.value == 0 && result.bound == 0); /* the zero operator */

  for (int i = 0; i < SIZE; i++) values[i] = 1 / (1.0 + i); /* 1, 1/2, 1/3, ... */
  start(basis, SIZE);
  result = lanczos_largest(&operator, SIZE, 1e-6, basis);
  assert_all(fabs(result.value - 1) < 1e-10 && result.bound <= 1e-6 && result.products < LANCZOS_MAX);

  for (int i = 0; i < SIZE; i++)
    values[i] = 3 - i * 1e-2; /* close eigenvalues: no convergence, the value is slightly too small */
  start(basis, SIZE);
  result = lanczos_largest(&operator, SIZE, 1e-6, basis);
  assert_all(result.products == LANCZOS_MAX && result.value <= 3 && result.value > 2.97);
  assert_all(result.bound > 0 && result.bound < 0.1);

  int left = 3;
  start(basis, 2);
  result = lanczos_largest(&(struct lanczos_operator){fails_after_some_products, &left}, 2, 0, basis);
  assert_all(isfinite(result.value)); /* the third product fails; two give a basis of two vectors */
  left = 1;
  start(basis, 2);
  result = lanczos_largest(&(struct lanczos_operator){fails_after_some_products, &left}, 2, 0, basis);
  assert_all(isnan(result.value));
}

/* The second-difference matrix: eigenvalues 2 - 2 cos(pi j/(k+1)), eigenvectors sqrt(2/(k+1)) sin(pi i j/(k+1)). */
static void largest_eigenvalues_of_tridiagonal_matrices(void **state) {
  (void)state;
  double alpha[LANCZOS_MAX], beta[LANCZOS_MAX], last;
  for (int j = 0; j < LANCZOS_MAX; j++) {
    alpha[j] = 2;
    beta[j] = -1;
  }
  for (int k = 1; k <= LANCZOS_MAX; k++) {
    const double angle = acos(-1) * k / (k + 1), value = tridiagonal_largest(k, alpha, beta, &last);
    assert_all_for(fabs(value - (2 - 2 * cos(angle))) < 1e-12, "k = %d", k);
    assert_all_for(fabs(last - fabs(sin(angle * k)) * sqrt(2.0 / (k + 1))) < 1e-6, "k = %d", k);
  }
}

/* ---- the tangent kernel ---- */

/* J [d + 2] = derivatives of c phi(x, z) of one unit with respect to c, b, a_0 .. a_{d-1}, projected on the tangent
 * space on the sphere; 0 for fields that are not trained. */
static void plain_jacobian(const struct unit_spec *unit, int d, const double *theta, const double *x, double *J) {
  const struct unit *row = &unit_table[unit->type];
  const double s = naive_argument(unit, d, theta, x);
  const double w = theta[0] * row->dh(s) * (row->manifold == MANIFOLD_SPHERE ? unit->alpha : 1);
  double along = 0;
  for (int k = 0; k < d; k++) along += w * x[k] * theta[2 + k] / d;
  J[0] = unit->train & FIELD_BIT_C ? row->h(s) : 0;
  J[1] = unit->train & FIELD_BIT_B && row->manifold != MANIFOLD_SPHERE ? w : 0;
  for (int k = 0; k < d; k++)
    J[2 + k] = unit->train & FIELD_BIT_A ? w * x[k] - (row->manifold == MANIFOLD_SPHERE ? along * theta[2 + k] : 0) : 0;
}

/* Returns M [count][count] of a network at all pairs of points of the probe, in double. Collective; the caller frees
 * M. */
static double *dense(const struct fixture *fixture, const struct probe *probe, int64_t network) {
  const struct particles *particles = fixture->particles;
  const int d = particles->d, count = probe->count;
  double *M = calloc((size_t)(count * count), sizeof *M), *J = malloc(sizeof *J * (size_t)(count * (d + 2)));
  double *theta = malloc(sizeof *theta * (size_t)(d + 2));
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->network != network) continue;
    for (int64_t i = 0; i < local_network_units(local); i++) {
      fixture_get(fixture, s, local_network_first_unit(local) + i, theta);
      for (int p = 0; p < count; p++) plain_jacobian(&particles->unit, d, theta, probe->x + p * d, J + p * (d + 2));
      for (int p = 0; p < count; p++)
        for (int q = 0; q < count; q++)
          for (int k = 0; k < d + 2; k++)
            M[p * count + q] += J[p * (d + 2) + k] * J[q * (d + 2) + k] / (double)local->n;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, M, count * count, MPI_DOUBLE, MPI_SUM, world.mpi);
  free(J);
  free(theta);
  return M;
}

/* Returns the largest eigenvalue of M / count by the power method, to about 1e-10. */
static double power(const double *M, int count) {
  double *v = malloc(sizeof *v * (size_t)count), *w = malloc(sizeof *w * (size_t)count), value = 0;
  for (int p = 0; p < count; p++) v[p] = 1 + 0.5 * sin(p);
  for (int iteration = 0; iteration < 3000; iteration++) {
    double norm = 0, before = value;
    for (int p = 0; p < count; p++) {
      w[p] = 0;
      for (int q = 0; q < count; q++) w[p] += M[p * count + q] * v[q] / count;
      norm += w[p] * w[p];
    }
    value = sqrt(norm);
    for (int p = 0; p < count; p++) v[p] = value > 0 ? w[p] / value : 0;
    if (fabs(value - before) <= 1e-12 * value) break;
  }
  free(v);
  free(w);
  return value;
}

static struct stability *stability_of(const struct fixture *fixture, int probe) {
  struct stability *stability;
  const struct config *config = fixture->config;
  const enum isa isa = config->isa < 0 ? isa_best() : (enum isa)config->isa;
  assert_ok(stability_create(fixture->particles, fixture->data, isa, config->threads, probe, PROBE_EVEN, &stability));
  return stability;
}

/* Compares lambda, sup M(x,x) and M v of all networks with the dense kernel. Collective. */
static void compare_with_dense_kernel(const struct fixture *fixture, double tolerance, const char *name) {
  struct stability *stability = stability_of(fixture, 70);
  const struct particles *particles = fixture->particles;
  const int count = stability->probe->count;
  struct kernel_bounds *edge = malloc(sizeof *edge * (size_t)(particles->locals + 1));
  double *v = malloc(sizeof *v * (size_t)count), *w = malloc(sizeof *w * (size_t)count);
  const struct rng rng = {3, RNG_LANCZOS, 0, 0};
  rng_normal(&rng, 0, count, v);
  stability_bounds(stability, &fixture->config->schedule, 0, INT64_MAX, edge);
  for (int64_t network = 0; network < ensemble_networks(&particles->ensemble); network++) {
    double *M = dense(fixture, stability->probe, network), sup = 0;
    const double lambda = power(M, count);
    for (int p = 0; p < STABILITY_POINTS; p++) sup = fmax(sup, M[p * count + p]);
    for (int s = 0; s < particles->locals; s++) {
      const int64_t n = particles->local[s].n;
      if (particles->local[s].network != network) continue;
      expect(fabs(edge[s].lambda - lambda) <= 0.01 * lambda, "%s, n = %lld", name, (long long)n);
      expect(fabs(edge[s].diagonal - sup) <= tolerance * sup, "%s, n = %lld", name, (long long)n);
      expect(jacobian_apply(stability->jacobian, &particles->local[s], TEAM_LARGE, v, w), "%s, n = %lld", name,
             (long long)n);
      for (int p = 0; p < count; p++) {
        double expected = 0;
        for (int q = 0; q < count; q++) expected += M[p * count + q] * v[q];
        expect(fabs(w[p] - expected) <= tolerance * lambda * count, "%s, n = %lld, point %d", name, (long long)n, p);
      }
    }
    expect(lambda > 0, "%s, network %lld", name, (long long)network);
    assert_expected();
    free(M);
  }
  free(v);
  free(w);
  free(edge);
  stability_free(stability);
}

static void bounds_equal_those_of_the_dense_kernel(void **state) {
  (void)state;
  const char *const train[2][3] = {{"[c, a, b]", "[c]", "[a, b]"}, {"[c, a]", "[c]", "[a]"}};
  for (int unit = 0; unit < UNIT_TYPES; unit++)
    for (int precision = 0; precision < PRECISIONS; precision++)
      for (int t = 0; t < 3; t++) {
        const char *fields = train[unit_table[unit].manifold == MANIFOLD_SPHERE][t];
        struct fixture *fixture = fixture_create(
            "{run: {precision: %s}, ensemble: {n: [70, 520], replicas: 2}, target: {type: spin, d: 3}, unit: {type: "
            "%s, "
            "alpha: 0.7, train: %s}, data: {mode: online, test: 0}, dynamics: {scheme: sgd, stages: [{steps: 1, dt: 1, "
            "batch: 20}]}}",
            precision_names[precision], unit_table[unit].name, fields);
        char name[64];
        snprintf(name, sizeof name, "unit %s, %s, trained fields %s", unit_table[unit].name, precision_names[precision],
                 fields);
        compare_with_dense_kernel(fixture, precision == PRECISION_DOUBLE ? 1e-12 : 3e-6, name);
        fixture_free(fixture);
      }
}

/* ---- gradients of batches ---- */

static void gradients_of_batches_equal_the_dense_kernel(void **state) {
  (void)state;
  struct fixture *fixture = fixture_create("{run: {precision: double}, ensemble: {n: 700}, target: {type: spin, d: 3}, "
                                           "data: {mode: fixed, samples: 60, test: "
                                           "0}, dynamics: {stages: [{steps: 1, dt: 1}]}}");
  struct stability *stability = stability_of(fixture, 100);
  const int count = stability->probe->count;
  assert_all(count == 60);
  double *M = dense(fixture, stability->probe, 0);
  double r[60], f[60];
  const struct rng rng = {4, RNG_LANCZOS, 0, 0};
  rng_normal(&rng, 0, count, r);
  struct jacobian_batch batch[3] = {{.first = 0, .count = 60}, {.first = 7, .count = 20}, {.first = 59, .count = 1}};
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    expect(jacobian_squares(stability->jacobian, local, TEAM_LARGE, r, 3, batch), "local network %d", s);
    for (int b = 0; b < 3; b++) {
      double expected = 0;
      const int first = batch[b].first, end = first + batch[b].count;
      for (int p = first; p < end; p++)
        for (int q = first; q < end; q++) expected += r[p] * M[p * count + q] * r[q];
      expected /= (double)batch[b].count * batch[b].count;
      expect(fabs(batch[b].gradient - expected) <= 1e-12 * expected && batch[b].output > 0, "batch %d", b);
    }
    expect(jacobian_outputs(stability->jacobian, local, TEAM_LARGE, f), "local network %d", s);
  }
  double *evaluated = malloc(sizeof *evaluated * (size_t)(fixture->particles->locals * count + 1));
  dynamics_evaluate(fixture->dynamics, 0, POINTS_TRAIN, evaluated);
  for (int p = 0; p < count && fixture->particles->locals > 0; p++) expect(f[p] == evaluated[p], "point %d", p);
  assert_expected();
  free(evaluated);
  free(M);
  stability_free(stability);
  fixture_free(fixture);
}

/* ---- ownership and threads ---- */

static double limit_of(int threads) {
  struct fixture *fixture = fixture_create(
      "{run: {threads: %d}, ensemble: {n: [17, 3000, 600], replicas: 2}, target: {type: spin, d: 4}, data: {mode: "
      "online, "
      "test: 0}, dynamics: {scheme: sgd, stages: [{steps: 1, dt: 1, batch_scale: 0.5, batch_power: 0.5}]}}",
      threads);
  struct stability *stability = stability_of(fixture, 200);
  double limit;
  int64_t n;
  assert_ok(stability_limit(stability, &fixture->config->schedule, 0, &limit, &n));
  assert_all(n == 17); /* n = 17 has the smallest batch, P = 2 */
  stability_free(stability);
  fixture_free(fixture);
  return limit;
}

static void the_same_bits_for_any_ownership(void **state) {
  (void)state;
  const double limit = limit_of(1);
  assert_all(limit > 0.1 && limit < 10 && limit == comm_min(&world, limit) && limit == comm_max(&world, limit));
  assert_all(limit_of(3) == limit);
  /* The same on one rank, where no network is shared and sums have another order. */
  const struct comm all = world;
  struct comm *alone = comm_split(&world, world.rank);
  world = *alone;
  const double single = limit_of(2);
  world = all;
  assert_all(single == limit);
  comm_free(alone);
}

static void non_finite_kernels_are_refused(void **state) {
  (void)state;
  struct fixture *fixture = fixture_create(
      "{run: {precision: double}, ensemble: {n: [10, 600]}, unit: {init: {c: {mean: 1e6}}, type: relu}, target: {type: "
      "spin, d: 2}, data: {mode: fixed, samples: 10, test: 0}, dynamics: {stages: [{steps: 1, dt: 1}]}}");
  struct stability *stability = stability_of(fixture, 100);
  double limit;
  int64_t n;
  assert_status(FAILED, stability_limit(stability, &fixture->config->schedule, 0, &limit, &n));
  assert_all(limit == 0 && (n == 10 || n == 600));
  stability_free(stability);
  fixture_free(fixture);
}

/* ---- estimates of dt/limit ---- */

/* Of all points: equal to the limit of stability_bounds, and above just beyond it. Of two samples: within its error of
 * the value of all points, on rank counts where networks are shared. */
static void estimates_bracket_the_limit(void **state) {
  (void)state;
  struct fixture *fixture = fixture_create(
      "{ensemble: {n: [17, 600], replicas: 2}, unit: {type: tanh}, target: {type: spin, d: 3}, data: {mode: fixed, "
      "samples: 300, test: 0}, dynamics: {scheme: gd, stages: [{steps: 1, dt: 1}]}}");
  const struct particles *particles = fixture->particles;
  struct stability *stability = stability_of(fixture, 300);
  struct limit_estimator *estimator;
  assert_ok(limit_estimator_create(particles, fixture->data, &fixture->config->schedule, ISA_portable, 1, &estimator));
  struct kernel_bounds *exact = malloc(sizeof *exact * (size_t)(particles->locals + 1));
  struct network_limit *all = malloc(sizeof *all * (size_t)(particles->locals + 1)),
                       *sample = malloc(sizeof *sample * (size_t)(particles->locals + 1));
  stability_bounds(stability, &fixture->config->schedule, 0, INT64_MAX, exact);
  const double dt[] = {1, 1};
  limit_estimate(estimator, 0, &(struct limit_size){.first = {300, 30}, .replicas = 2}, dt, all);
  limit_estimate(estimator, 0, &(struct limit_size){.first = {60, 30}, .replicas = 2}, dt, sample);
  for (int s = 0; s < particles->locals; s++) {
    const double error = sample[s].error / all[s].lambda;
    expect(fabs(all[s].lambda / exact[s].lambda - 1) < 0.005, "local network %d", s);
    expect(fabs(all[s].ratio * 2 / all[s].lambda - 1) < 1e-12 && !all[s].above, "local network %d", s);
    expect(error > 0.005 && error < 0.5 && fabs(sample[s].lambda / all[s].lambda - 1) < 2 * error, "local network %d",
           s);
  }
  /* dt slightly beyond the limit of a network is above it. */
  for (int s = 0; s < particles->locals; s++) {
    const double beyond[] = {1.01 * all[0].limit, 1.01 * all[0].limit};
    struct network_limit *again = malloc(sizeof *again * (size_t)particles->locals);
    if (s == 0 && !particles->split && particles->locals > 0)
      limit_estimate(estimator, 0, &(struct limit_size){.first = {300, 30}, .replicas = 2}, beyond, again);
    if (s == 0 && !particles->split) expect(again[0].above && fabs(again[0].ratio - 1.01) < 1e-6, "beyond the limit");
    free(again);
  }
  assert_expected();
  free(exact);
  free(all);
  free(sample);
  limit_estimator_free(estimator);
  stability_free(stability);
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(eigenvalues_of_known_operators),
      cmocka_unit_test(largest_eigenvalues_of_tridiagonal_matrices),
      cmocka_unit_test(bounds_equal_those_of_the_dense_kernel),
      cmocka_unit_test(gradients_of_batches_equal_the_dense_kernel),
      cmocka_unit_test(the_same_bits_for_any_ownership),
      cmocka_unit_test(non_finite_kernels_are_refused),
      cmocka_unit_test(estimates_bracket_the_limit),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
