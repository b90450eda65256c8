// ranks: 1 2 3 4
/* potential_hessian: products equal derivatives of the velocity in long double, for spin targets and teachers and all
 * sets of trained parameters; they and the limit have the same bits on any number of ranks and threads; a network with
 * non-finite values has no limit. */
#include "tangent/potential_hessian.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/target_spin.h"
#include "data/target_teacher.h"
#include "dynamics/team.h"
#include "fixture.h"
#include "tangent/limit_estimate.h"
#include "tangent/stability.h"

enum { D = 3, ROW = D + 1, UNITS = 600, SIZE = UNITS * ROW };
static const double ALPHA = 1.3;

static const char *const spin = "target: {type: spin, d: 3}",
                         *const teacher = "target: {type: teacher, d: 3, teacher: {units: 5, type: rbf, alpha: 1.3}}";

static struct fixture *fixture_of(const char *target, const char *sizes, const char *train, int threads) {
  return fixture_create("run: {precision: double, threads: %d}\nensemble: {n: %s, replicas: 2}\n"
                        "unit: {type: rbf, alpha: 1.3, train: %s, init: {c: {std: 3}}}\n%s\n"
                        "data: {mode: rkhs, test: 5}\ndynamics: {stages: [{steps: 100, dt: 0.05}]}\n",
                        threads, sizes, train, target);
}

/* ---- products against differences of the velocity ---- */

/* grad [D] += factor grad_z phi(z, other), phi = exp(-alpha |z - other|^2 / 2). Returns phi. */
static long double add_slope(const long double *z, const long double *other, long double factor, long double *grad) {
  long double square = 0;
  for (int r = 0; r < D; r++) square += (z[r] - other[r]) * (z[r] - other[r]);
  const long double phi = expl(-(long double)ALPHA * square / 2);
  for (int r = 0; r < D; r++) grad[r] -= factor * (long double)ALPHA * phi * (z[r] - other[r]);
  return phi;
}

/* Returns f(z) and sets grad [D] to its gradient. */
static long double target_value(const struct target *target, const long double *z, long double *grad) {
  long double f = 0;
  memset(grad, 0, sizeof *grad * D);
  if (target->spec.type == TARGET_TEACHER) {
    const int64_t m = target_teacher_units(target);
    for (int64_t j = 0; j < m; j++) {
      double unit[ROW];
      target_teacher_unit(target, j, unit);
      const long double other[D] = {unit[1], unit[2], unit[3]}, weight = (long double)unit[0] / (long double)m;
      f += weight * add_slope(z, other, weight, grad);
    }
    return f;
  }
  const double *entry = target_spin_entries(target);
  for (int p = 0; p < D; p++)
    for (int q = p; q < D; q++)
      for (int r = q; r < D; r++, entry++) {
        f += *entry * z[p] * z[q] * z[r];
        grad[p] += *entry * z[q] * z[r];
        grad[q] += *entry * z[p] * z[r];
        grad[r] += *entry * z[p] * z[q];
      }
  return f;
}

/* grad [n][ROW] = grad V of the units theta [n][ROW], not projected. */
static void gradients(const struct target *target, int n, const long double (*theta)[ROW], long double (*grad)[ROW]) {
  for (int i = 0; i < n; i++) {
    long double slope[D] = {0}, field[D], value = 0;
    for (int j = 0; j < n; j++)
      value += theta[j][0] / n * add_slope(&theta[i][1], &theta[j][1], theta[j][0] / n, slope);
    grad[i][0] = value - target_value(target, &theta[i][1], field);
    for (int r = 0; r < D; r++) grad[i][1 + r] = theta[i][0] * (slope[r] - field[r]);
  }
}

static void project(const double *z, long double *u) {
  long double along = 0, square = 0;
  for (int r = 0; r < D; r++) {
    along += u[r] * z[r];
    square += (long double)z[r] * z[r];
  }
  for (int r = 0; r < D; r++) u[r] -= along / square * z[r];
}

/* moved = theta after a time eps with velocity u: z moves along a great circle. */
static void move(int n, const double (*theta)[ROW], const long double (*u)[ROW], long double eps,
                 long double (*moved)[ROW]) {
  for (int i = 0; i < n; i++) {
    long double speed = 0, radius = 0;
    for (int r = 1; r <= D; r++) {
      speed += u[i][r] * u[i][r];
      radius += (long double)theta[i][r] * theta[i][r];
    }
    speed = sqrtl(speed);
    radius = sqrtl(radius);
    const long double angle = eps * speed / radius;
    moved[i][0] = theta[i][0] + eps * u[i][0];
    for (int r = 1; r <= D; r++)
      moved[i][r] = cosl(angle) * theta[i][r] + (speed > 0 ? sinl(angle) * radius / speed * u[i][r] : 0);
  }
}

static void mask(bool train_c, bool train_z, long double *row) {
  if (!train_c) row[0] = 0;
  for (int r = 1; r <= D && !train_z; r++) row[r] = 0;
}

/* w = H u by a central difference. */
static void naive_product(const struct target *target, bool train_c, bool train_z, int n, const double (*theta)[ROW],
                          const double *u, long double (*w)[ROW]) {
  static long double moved[UNITS][ROW], velocity[UNITS][ROW], grad[2][UNITS][ROW];
  const long double eps = 2e-6L;
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < ROW; k++) velocity[i][k] = u[i * ROW + k];
    project(&theta[i][1], &velocity[i][1]);
    mask(train_c, train_z, velocity[i]);
  }
  for (int side = 0; side < 2; side++) {
    move(n, theta, (const long double(*)[ROW])velocity, side ? eps : -eps, moved);
    gradients(target, n, (const long double(*)[ROW])moved, grad[side]);
    for (int i = 0; i < n; i++) { /* projected at the moved point */
      const double z[D] = {(double)moved[i][1], (double)moved[i][2], (double)moved[i][3]};
      project(z, &grad[side][i][1]);
    }
  }
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < ROW; k++) w[i][k] = (grad[1][i][k] - grad[0][i][k]) / (2 * eps);
    project(&theta[i][1], &w[i][1]);
    mask(train_c, train_z, w[i]);
  }
}

static void draw(uint64_t stream, int64_t size, double *u) {
  const struct rng rng = {stream, RNG_LANCZOS, 0, 0};
  rng_normal(&rng, 0, size, u);
}

static void compare_products(const char *target, const char *train, const char *sizes) {
  struct fixture *fixture = fixture_of(target, sizes, train, 1);
  struct potential_hessian *hessian;
  const struct local_network *local = &fixture->particles->local[0];
  const int n = (int)local->n;
  static double theta[UNITS][ROW], u[SIZE], w[SIZE];
  static long double expected[UNITS][ROW];
  fixture_steps(fixture, 0, 20);
  for (int i = 0; i < n; i++) {
    double unit[D + 2]; /* c, b, z */
    fixture_get(fixture, 0, i, unit);
    theta[i][0] = unit[0];
    memcpy(&theta[i][1], unit + 2, sizeof(double) * D);
  }
  assert_ok(potential_hessian_create(fixture->particles, fixture->data, 1, &hessian));
  assert_true(potential_hessian_size(fixture->particles, n) == (int64_t)n * ROW);
  const int products = n * ROW <= 64 ? n * ROW : 2; /* all columns of the smallest network */
  for (int k = 0; k < products; k++) {
    memset(u, 0, sizeof u);
    if (products > 2)
      u[k] = 1;
    else
      draw((uint64_t)k, (int64_t)n * ROW, u);
    naive_product(fixture->target, strchr(train, 'c') != NULL, strchr(train, 'a') != NULL, n,
                  (const double(*)[ROW])theta, u, expected);
    if (k % 2) assert_true(potential_hessian_apply(hessian, local, TEAM_LARGE, u, w));
    assert_true(potential_hessian_start(hessian, local, TEAM_LARGE, u));
    if (k % 2 == 0) assert_true(potential_hessian_apply(hessian, local, TEAM_LARGE, u, w));
    long double square = 0, difference = 0;
    for (int i = 0; i < n * ROW; i++) {
      const long double value = expected[i / ROW][i % ROW];
      square += value * value;
      difference += (value - w[i]) * (value - w[i]);
    }
    expect(difference <= 1e-20L * square + 1e-24L, "%s, train %s, n = %d, column %d: %Lg of %Lg", target, train, n, k,
           sqrtl(difference), sqrtl(square));
  }
  potential_hessian_free(hessian);
  fixture_free(fixture);
}

static void products_equal_derivatives_of_the_velocity(void **state) {
  (void)state;
  const struct comm all = world;
  const char *const trained[] = {"[c, a]", "[c]", "[a]"};
  world = (struct comm){MPI_COMM_SELF, 0, 1};
  for (int i = 0; i < 3; i++) {
    compare_products(spin, trained[i], "7");
    compare_products(teacher, trained[i], "7");
  }
  compare_products(spin, "[c, a]", "300");
  compare_products(teacher, "[c, a]", "300");
  world = all;
  assert_expected();
}

/* ---- bits ---- */

enum { NETWORKS = 6 };

struct results {
  int networks;
  int64_t network[NETWORKS];
  double product[NETWORKS][SIZE];
  struct kernel_bounds bounds[NETWORKS];
  struct network_limit limit[NETWORKS];
  double least;
  int64_t n;
};

static void compute(const char *target, const char *sizes, int threads, struct results *results) {
  struct fixture *fixture = fixture_of(target, sizes, "[c, a]", threads);
  struct stability *stability;
  struct limit_estimator *estimator;
  static double u[SIZE];
  const double dt[] = {0.1, 0.1, 0.1};
  fixture_steps(fixture, 0, 20);
  const struct particles *particles = fixture->particles;
  const struct schedule *schedule = &fixture->config->schedule;
  memset(results, 0, sizeof *results);
  assert_ok(stability_create(particles, fixture->data, ISA_portable, threads, STABILITY_PROBE, PROBE_EVEN, &stability));
  assert_ok(limit_estimator_create(particles, fixture->data, schedule, ISA_portable, threads, &estimator));
  results->networks = particles->locals;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    results->network[s] = local->network;
    draw(3, local->n * ROW, u);
    expect(potential_hessian_start(stability->hessian, local, TEAM_LARGE, u), "%s", target);
    expect(potential_hessian_apply(stability->hessian, local, TEAM_LARGE, u, results->product[s]), "%s", target);
  }
  assert_expected();
  stability_bounds(stability, schedule, 0, 2, results->bounds);
  limit_estimate(estimator, 0, &(struct limit_size){.first = {0, 10}, .replicas = 2}, dt, results->limit);
  assert_ok(stability_limit(stability, schedule, 0, &results->least, &results->n));
  limit_estimator_free(estimator);
  stability_free(stability);
  fixture_free(fixture);
}

static void ranks_and_threads_change_no_bit(void **state) {
  (void)state;
  const char *const sizes[] = {"[5, 64, 600]", "[520]"}, *const targets[] = {spin, teacher};
  struct results *alone = malloc(sizeof *alone), *own = malloc(sizeof *own);
  for (int i = 0; i < 2; i++) {
    const struct comm all = world;
    world = (struct comm){MPI_COMM_SELF, 0, 1};
    compute(targets[i], sizes[i], 1, alone);
    world = all;
    for (int threads = 1; threads <= 3; threads++) {
      compute(targets[i], sizes[i], threads, own);
      for (int s = 0; s < own->networks; s++) {
        const int64_t g = own->network[s];
        expect(memcmp(own->product[s], alone->product[g], sizeof *own->product) == 0, "product of network %lld",
               (long long)g);
        const struct kernel_bounds *bounds = &own->bounds[s], *other = &alone->bounds[g];
        const struct network_limit *limit = &own->limit[s], *same = &alone->limit[g];
        expect(bounds->lambda == other->lambda && bounds->bound == other->bound &&
                   bounds->products == other->products && bounds->diagonal == 0,
               "lambda %a and %a", bounds->lambda, other->lambda);
        expect(limit->lambda == same->lambda && limit->error == same->error && limit->ratio == same->ratio &&
                   limit->above == same->above && limit->points == 0,
               "dt/limit %a and %a", limit->ratio, same->ratio);
        expect(bounds->lambda > 0 && fabs(limit->limit * bounds->lambda - 2) < 0.2, "limit %g, lambda %g", limit->limit,
               bounds->lambda);
      }
      expect(own->least == alone->least && own->n == alone->n, "limit %a and %a", own->least, alone->least);
      assert_expected();
    }
  }
  free(alone);
  free(own);
}

static void a_non_finite_network_has_no_limit(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of(spin, "[600]", "[c, a]", 2);
  struct particles *particles = fixture->particles;
  struct stability *stability;
  const double value = NAN;
  double limit;
  int64_t n;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local_network_first_unit(local) + local_network_units(local) == local->n)
      local_network_set(particles, local, 599, 1, &value, NULL, NULL);
  }
  assert_ok(stability_create(particles, fixture->data, ISA_portable, 2, STABILITY_PROBE, PROBE_EVEN, &stability));
  assert_status(FAILED, stability_limit(stability, &fixture->config->schedule, 0, &limit, &n));
  assert_all(limit == 0 && n == 600);
  stability_free(stability);
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_equal_derivatives_of_the_velocity),
      cmocka_unit_test(ranks_and_threads_change_no_bit),
      cmocka_unit_test(a_non_finite_network_has_no_limit),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
