// ranks: 1 3
/* Draws of the limit of sqrt n (f_n - f_t) (tangent/draws.h) of a network of N = 600 reference units:
 *
 *   every smooth unit type, trained subsets, output scale, mirrored units: g equals sqrt N times the central difference
 *     in delta of plain-C networks whose units have the weights 1 + delta eps_i, with an error of order delta^2
 *   only c trained: g <- (1 - dt G) g - dt dG r, with G = (1/(NP)) sum_i phi_i phi_i' and
 *     dG = N^-1/2 (1/P) sum_i eps_i phi_i phi_i'
 *   single precision agrees with double
 *   draws do not depend on how many are carried at a time
 *   square units: the mean over matched draws of g^2 is its expectation, also for mirrored units */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "tangent/draws.h"

enum { D = 3, WIDTH = D + 2, P = 300, K = 7, N = 600, M = 5, MANY = 200, STEPS = 8, SEED = 11 };
static const double DT = 0.4;

/* A network with weights, on all ranks. theta: c, b, a. */
struct weighted {
  const struct fixture *fixture;
  double weight[N], theta[N][WIDTH], f[P + K], r[P];
};

/* Collective. The units of the fixture, on all ranks. */
static void gather(const struct fixture *fixture, double theta[N][WIDTH]) {
  const struct particles *particles = fixture->particles;
  memset(theta, 0, sizeof(double) * N * WIDTH);
  for (int l = 0; l < particles->locals; l++) {
    const int64_t first = local_network_first_unit(&particles->local[l]);
    for (int64_t i = 0; i < local_network_units(&particles->local[l]); i++)
      fixture_get(fixture, l, first + i, theta[first + i]);
  }
  comm_sum_reals(&world, theta, N * WIDTH, sizeof(double));
}

/* eps of a draw: independent normal numbers, equal for the units of a mirrored pair, minus their mean. */
static void set_eps(const struct fixture *fixture, int draw, double eps[N]) {
  const struct rng rng = {SEED, RNG_DRAWS, network_key(N, 0), 0};
  double mean = 0;
  for (int i = 0; i < N; i++) {
    double all[M];
    rng_normal(&rng, (uint64_t)(fixture->config->unit.mirror ? i / 2 : i), M, all);
    eps[i] = all[draw];
    mean += eps[i] / N;
  }
  for (int i = 0; i < N; i++) eps[i] -= mean;
}

static const double *point(const struct fixture *fixture, int p) {
  return p < P ? fixture->data->x + p * D : fixture->data->test_x + (p - P) * D;
}

static void set_outputs(struct weighted *network) {
  const struct config *config = network->fixture->config;
  const double scale = ensemble_scale(&config->ensemble, 0);
  for (int p = 0; p < P + K; p++) {
    double sum = 0;
    for (int i = 0; i < N; i++)
      sum += network->weight[i] * network->theta[i][0] *
             naive_phi(&config->unit, D, network->theta[i], point(network->fixture, p));
    network->f[p] = scale * sum / N;
    if (p < P) network->r[p] = network->f[p] - network->fixture->data->y[p];
  }
}

/* The gradient of V of a unit, projected on the sphere. */
static void set_gradient(const struct weighted *network, int i, double gradient[WIDTH]) {
  const struct unit_spec *unit = &network->fixture->config->unit;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  const double *theta = network->theta[i];
  double along = 0;
  memset(gradient, 0, sizeof(double) * WIDTH);
  for (int p = 0; p < P; p++) {
    const double *x = point(network->fixture, p), s = naive_argument(unit, D, theta, x), r = network->r[p] / P,
                 w = r * theta[0] * unit_table[unit->type].dh(s);
    gradient[0] += r * unit_table[unit->type].h(s);
    if (!sphere) gradient[1] += w;
    for (int k = 0; k < D; k++) gradient[2 + k] += w * x[k] * (sphere ? unit->alpha : 1);
  }
  for (int k = 0; k < D && sphere; k++) along += gradient[2 + k] * theta[2 + k] / D;
  for (int k = 0; k < D && sphere; k++) gradient[2 + k] -= along * theta[2 + k];
}

static void weighted_step(struct weighted *network) {
  const struct config *config = network->fixture->config;
  const double rate = DT / ensemble_scale(&config->ensemble, 0);
  set_outputs(network);
  for (int i = 0; i < N; i++) {
    double gradient[WIDTH], *theta = network->theta[i], norm2 = 0;
    set_gradient(network, i, gradient);
    for (int k = 0; k < WIDTH; k++)
      if (config->unit.train & tile_row_bit(k)) theta[k] -= rate * gradient[k];
    if (unit_table[config->unit.type].manifold != MANIFOLD_SPHERE) continue;
    for (int k = 0; k < D; k++) norm2 += theta[2 + k] * theta[2 + k];
    for (int k = 0; k < D; k++) theta[2 + k] *= sqrt(D / norm2);
  }
}

/* Sets g [P + K] = sqrt N (f(delta) - f(-delta)) / (2 delta) after STEPS steps. */
static void difference(const struct fixture *fixture, const double eps[N], double theta[N][WIDTH], double delta,
                       double g[P + K]) {
  static struct weighted network[2];
  for (int side = 0; side < 2; side++) {
    network[side].fixture = fixture;
    memcpy(network[side].theta, theta, sizeof network[side].theta);
    for (int i = 0; i < N; i++) network[side].weight[i] = 1 + (side ? -delta : delta) * eps[i];
    for (int step = 0; step < STEPS; step++) weighted_step(&network[side]);
    set_outputs(&network[side]);
  }
  for (int p = 0; p < P + K; p++) g[p] = sqrt(N) * (network[0].f[p] - network[1].f[p]) / (2 * delta);
}

static struct fixture *create(const char *unit, const char *precision) {
  return fixture_create("run: {precision: %s, seed: 5}\n"
                        "ensemble: {n: %d%s}\nunit: {%s}\n"
                        "target: {type: spin, d: %d}\ndata: {samples: %d, test: %d}\n"
                        "dynamics: {stages: [{steps: %d, dt: %g}]}\n",
                        precision, N, strstr(unit, "b]") ? ", scale: 2" : "", unit, D, P, K, STEPS, DT);
}

/* NULL on a rank that owns no units. */
static struct draws *start(const struct fixture *fixture, int count, int threads, struct probe **training) {
  struct draws *draws = NULL;
  const struct config *config = fixture->config;
  const struct kernel *kernel = kernel_find(config->unit.type, (enum precision)config->precision, fixture->problem.isa);
  assert_ok(probe_create(fixture->data, &config->unit, (enum precision)config->precision, P, PROBE_EVEN, training));
  if (fixture->particles->locals > 0)
    assert_int_equal(draws_create(fixture->particles, 0, kernel, *training, count, threads, &draws), OK);
  if (draws) draws_start(draws, SEED);
  return draws;
}

static void steps(struct fixture *fixture, struct draws *draws) {
  for (int step = 0; step < STEPS; step++) {
    assert_all(!draws || draws_step(draws, DT));
    fixture_steps(fixture, step, step + 1);
  }
}

/* g [P + K][M] at the training and the test points, and f. */
static void outputs(const struct fixture *fixture, struct draws *draws, double f[P + K], double g[P + K][M]) {
  const struct config *config = fixture->config;
  double x[(P + K) * D];
  struct points points;
  for (int p = 0; p < P + K; p++) memcpy(x + p * D, point(fixture, p), sizeof(double) * D);
  assert_ok(points_create(&points, (enum precision)config->precision, &config->unit, P + K, D, x));
  double transposed[M][P + K] = {{0}};
  assert_all(!draws || draws_outputs(draws, &points, f, transposed[0]));
  for (int p = 0; p < P + K; p++)
    for (int m = 0; m < M; m++) g[p][m] = transposed[m][p];
  points_free(&points);
}

static double distance(const double g[P + K], const double found[P + K][M], int draw) {
  double square = 0, norm2 = 0;
  for (int p = 0; p < P + K; p++) {
    square += pow(found[p][draw] - g[p], 2);
    norm2 += g[p] * g[p];
  }
  return sqrt(square / norm2);
}

static void draws_are_derivatives_in_the_weights(void **state) {
  (void)state;
  static const char *const units[] = {"type: sigmoid",
                                      "type: tanh, train: [a, b]",
                                      "type: softplus, train: [c, a]",
                                      "type: erf, init: {mirror: true}",
                                      "type: cosine, train: [a]",
                                      "type: square, init: {a: {std: 0.05}, b: {std: 0.05}, c: {std: 0.05}}",
                                      "type: rbf, alpha: 0.4",
                                      "type: rbf, alpha: 0.3, train: [a]",
                                      "type: rbf, alpha: 0.3, train: [c]"};
  for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
    struct fixture *fixture = create(units[u], "double");
    static double theta[N][WIDTH], eps[N], found[P + K][M], f[P + K], g[2][P + K];
    gather(fixture, theta);
    struct probe *training;
    struct draws *draws = start(fixture, M, 1, &training);
    steps(fixture, draws);
    outputs(fixture, draws, f, found);
    for (int draw = 0; draw < M; draw += M - 1) {
      set_eps(fixture, draw, eps);
      for (int half = 0; half < 2; half++) difference(fixture, eps, theta, half ? 0.01 : 0.02, g[half]);
      const double coarse = distance(g[0], found, draw), fine = distance(g[1], found, draw);
      expect(fine < 1e-3 && (fine < 1e-11 || fabs(coarse / fine - 4) < 0.2), "%s, draw %d: errors %g and %g", units[u],
             draw, coarse, fine);
    }
    draws_free(draws);
    probe_free(training);
    fixture_free(fixture);
  }
  assert_expected();
}

static void frozen_features_obey_the_linear_recursion(void **state) {
  (void)state;
  struct fixture *fixture = create("type: tanh, train: [c]", "double");
  static double theta[N][WIDTH], eps[N], phi[N][P], before[P + K][M], after[P + K][M], f[P + K];
  struct probe *training;
  struct draws *draws = start(fixture, M, 1, &training);
  gather(fixture, theta);
  for (int i = 0; i < N; i++)
    for (int p = 0; p < P; p++) phi[i][p] = naive_phi(&fixture->config->unit, D, theta[i], point(fixture, p));
  for (int step = 0; step < STEPS; step++) {
    outputs(fixture, draws, f, before);
    assert_all(!draws || draws_step(draws, DT));
    fixture_steps(fixture, step, step + 1);
    outputs(fixture, draws, (double[P + K]){0}, after);
    for (int draw = 0; draw < M; draw++) {
      double expected[P];
      set_eps(fixture, draw, eps);
      for (int p = 0; p < P; p++) expected[p] = before[p][draw];
      for (int i = 0; i < N; i++) {
        double own = 0, weight = 0;
        for (int p = 0; p < P; p++) {
          own += phi[i][p] * before[p][draw];
          weight += phi[i][p] * (f[p] - fixture->data->y[p]);
        }
        for (int p = 0; p < P; p++) expected[p] -= DT / P * phi[i][p] * (own / N + eps[i] * weight / sqrt(N));
      }
      for (int p = 0; p < P; p++)
        expect(fabs(after[p][draw] - expected[p]) < 1e-10, "step %d, draw %d, point %d: %.15g, expected %.15g", step,
               draw, p, after[p][draw], expected[p]);
    }
  }
  assert_expected();
  draws_free(draws);
  probe_free(training);
  fixture_free(fixture);
}

static void single_precision_agrees_with_double(void **state) {
  (void)state;
  static double found[PRECISIONS][P + K][M], f[PRECISIONS][P + K];
  for (int precision = 0; precision < PRECISIONS; precision++) {
    struct fixture *fixture = create("type: sigmoid", precision_names[precision]);
    struct probe *training;
    struct draws *draws = start(fixture, M, 1, &training);
    steps(fixture, draws);
    outputs(fixture, draws, f[precision], found[precision]);
    draws_free(draws);
    probe_free(training);
    fixture_free(fixture);
  }
  for (int precision = 0; precision < PRECISION_DOUBLE; precision++)
    for (int draw = 0; draw < M; draw++) {
      double g[P + K];
      for (int p = 0; p < P + K; p++) g[p] = found[PRECISION_DOUBLE][p][draw];
      const double error = distance(g, found[precision], draw);
      expect(error < 1e-5, "%s, draw %d: relative error %g", precision_names[precision], draw, error);
    }
  assert_expected();
}

static void draws_depend_neither_on_their_number_nor_on_threads(void **state) {
  (void)state;
  static double few[2][M][P + K], many[MANY][P + K], f[P + K], x[(P + K) * D];
  struct fixture *fixture = create("type: tanh", "double");
  struct probe *training[3];
  struct draws *draws[3] = {start(fixture, M, 1, &training[0]), start(fixture, M, 3, &training[1]),
                            start(fixture, MANY, 2, &training[2])};
  struct points points;
  for (int p = 0; p < P + K; p++) memcpy(x + p * D, point(fixture, p), sizeof(double) * D);
  assert_ok(points_create(&points, PRECISION_DOUBLE, &fixture->config->unit, P + K, D, x));
  for (int step = 0; step < STEPS; step++) {
    for (int i = 0; i < 3; i++) assert_all(!draws[i] || draws_step(draws[i], DT));
    fixture_steps(fixture, step, step + 1);
  }
  for (int i = 0; i < 3; i++)
    assert_all(!draws[i] || draws_outputs(draws[i], &points, f, i < 2 ? few[i][0] : many[0]));
  for (int draw = 0; draw < M; draw++)
    for (int p = 0; p < P + K; p++) {
      expect(few[0][draw][p] == few[1][draw][p], "draw %d, point %d: %.17g with one thread, %.17g with three", draw, p,
             few[0][draw][p], few[1][draw][p]);
      expect(fabs(few[0][draw][p] - many[draw][p]) < 1e-11, "draw %d, point %d: %.15g of %d draws, %.15g of %d", draw,
             p, few[0][draw][p], M, many[draw][p], MANY);
    }
  double square[2] = {0};
  for (int draw = 0; draw < MANY; draw++)
    for (int p = 0; p < P; p++) square[draw >= MANY / 2] += pow(many[draw][p], 2);
  expect(!draws[2] || fabs(square[1] / square[0] - 1) < 0.5, "mean squares %g and %g of the halves", square[0],
         square[1]);
  assert_expected();
  points_free(&points);
  for (int i = 0; i < 3; i++) {
    draws_free(draws[i]);
    probe_free(training[i]);
  }
  fixture_free(fixture);
}

/* Returns the expectation of g^2 at a point if U = 0. */
static double second_moment(const struct fixture *fixture, double theta[N][WIDTH], const double *x) {
  const struct unit_spec *unit = &fixture->config->unit;
  const double scale = ensemble_scale(&fixture->config->ensemble, 0);
  const int pair = unit->mirror ? 2 : 1; /* units with the same eps */
  double sum = 0, square = 0;
  for (int i = 0; i < N; i += pair) {
    double psi = 0;
    for (int k = i; k < i + pair; k++) psi += theta[k][0] * naive_phi(unit, D, theta[k], x);
    sum += psi;
    square += psi * psi;
  }
  return scale * scale * (square - sum * sum * pair / N) / N;
}

/* For square units, psi_i = c_i phi(x, z_i) at two times are in a space of 20 dimensions, fewer than there are
 * directions. */
static void matched_draws_have_the_second_moments_of_their_law(void **state) {
  (void)state;
  static const char *const units[] = {
      "type: square, init: {a: {std: 0.05}, b: {std: 0.05}, c: {std: 0.05}}",
      "type: square, init: {mirror: true, a: {std: 0.05}, b: {std: 0.05}, c: {std: 0.05}}"};
  static double theta[N][WIDTH], many[MANY][P + K], f[P + K], x[(P + K) * D];
  for (int precision = PRECISION_MIXED; precision <= PRECISION_DOUBLE; precision++)
    for (int mirror = 0; mirror < 2; mirror++) {
      struct fixture *fixture = create(units[mirror], precision_names[precision]);
      struct probe *training;
      struct points points;
      struct draws *draws = start(fixture, MANY, 1 + mirror, &training);
      for (int p = 0; p < P + K; p++) memcpy(x + p * D, point(fixture, p), sizeof(double) * D);
      assert_ok(points_create(&points, (enum precision)precision, &fixture->config->unit, P + K, D, x));
      if (draws) draws_sketch(draws, SEED, 0);
      fixture_steps(fixture, 0, STEPS);
      if (draws) draws_sketch(draws, SEED, 1);
      if (draws) draws_match(draws);
      assert_all(!draws || draws_outputs(draws, &points, f, many[0]));
      gather(fixture, theta);
      for (int p = 0; p < P + K && draws; p++) {
        const double expected = second_moment(fixture, theta, x + p * D);
        double found = 0;
        for (int m = 0; m < MANY; m++) found += many[m][p] * many[m][p] / MANY;
        expect(fabs(found / expected - 1) < (precision == PRECISION_DOUBLE ? 1e-9 : 1e-3),
               "%s, %s, point %d: %.15g, expected %.15g", precision_names[precision], units[mirror], p, found,
               expected);
      }
      points_free(&points);
      draws_free(draws);
      probe_free(training);
      fixture_free(fixture);
    }
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(draws_are_derivatives_in_the_weights),
      cmocka_unit_test(frozen_features_obey_the_linear_recursion),
      cmocka_unit_test(single_precision_agrees_with_double),
      cmocka_unit_test(draws_depend_neither_on_their_number_nor_on_threads),
      cmocka_unit_test(matched_draws_have_the_second_moments_of_their_law),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
