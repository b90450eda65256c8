// ranks: 1 3
/* Noise and ridge. The steps of all rules equal a plain-C version of the formulas in dynamics/update.h, with noise made
 * from the blocks of the generator. The other tests compare with exact results for any dt, within 4.5 standard errors
 * (fixed seeds; CONTRIBUTING.md lists the probability of false alarms):
 *
 *   free units, potential lambda |theta|^2 / 2: stationary variance of each parameter
 *     euler tau / (lambda (1 - dt lambda / 2)), leimkuhler_matthews and baoab tau / lambda; baoab: variance of v after
 *     the last half kick tau (1 - lambda dt^2 / 4); with friction 0, v^2/2 + (lambda/2) (1 - lambda dt^2 / 4) theta^2
 *     is constant
 *   euler, units not on the sphere: E theta.g - (dt/2) E |g|^2 = tau m in the stationary state, m trained parameters
 *   only c trained, G = (1/(nP)) sum_i phi_i phi_i': f_k is Gaussian with
 *     mean <- mean - dt (G (mean - y) + lambda mean),  n Cov <- A n Cov A + 2 tau dt P G,  A = 1 - dt (G + lambda);
 *     sums of squares of the whitened outputs have a chi^2 law; E loss = sum_k [(mean_k - y_k)^2 + Cov_kk] / (2 P)
 *   free units on the sphere: E z_k.z_0 / d = (E (1 + 2 tau dt chi^2_{d-1} / d)^(-1/2))^k */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/fresh_points.h"
#include "dynamics/update.h"
#include "fixture.h"

static const double SIGMAS = 4.5;

/* ---- twins ---- */

enum { D = 3, WIDTH = D + 2, P = 6, N = 70, STEPS = 12, CHANGE = 5 };

static const double LAMBDA[WIDTH] = {0.3, 0.2, 0.5, 0.5, 0.5}; /* of c, b, a_0, .. */

/* xi of a step and a unit, in double precision (data/fresh_points.h). */
static double xi(uint64_t seed, int64_t step, int64_t unit, int k) {
  const struct rng rng = {seed, RNG_THERMAL, network_key(N, 0), (uint64_t)step};
  const struct fresh_stream stream = fresh_stream_of(&rng);
  const uint64_t mantissa = (UINT64_C(1) << 52) - 1;
  uint32_t word[4];
  fresh_bits(&stream, unit, k / 2, word);
  const double u = 1 - (double)((((uint64_t)word[0] << 20) ^ word[1] >> 12) & mantissa) * 0x1p-52,
               t = (double)((((uint64_t)word[2] << 20) ^ word[3] >> 12) & mantissa) * 0x1p-52;
  return sqrt(-2 * log(u)) * (k % 2 == 0 ? cos(2 * M_PI * t) : sin(2 * M_PI * t));
}

struct twin {
  const struct fixture *fixture;
  unsigned train;
  double theta[N][WIDTH], v[N][WIDTH], g[N][WIDTH];
};

/* g = grad V + lambda theta, if only c is trained, or if c = 0 and c is not trained. */
static void set_gradient(struct twin *twin) {
  const struct fixture *fixture = twin->fixture;
  double r[P], phi[N][P];
  for (int p = 0; p < P; p++) {
    r[p] = -fixture->data->y[p];
    for (int i = 0; i < N; i++) {
      phi[i][p] = naive_phi(&fixture->config->unit, D, twin->theta[i], fixture->data->x + p * D);
      r[p] += twin->theta[i][0] * phi[i][p] / N;
    }
  }
  for (int i = 0; i < N; i++)
    for (int k = 0; k < WIDTH; k++) {
      twin->g[i][k] = LAMBDA[k] * twin->theta[i][k];
      for (int p = 0; p < P && k == 0; p++) twin->g[i][k] += r[p] * phi[i][p] / P;
    }
}

static void twin_step(struct twin *twin, int64_t step, double dt, double last_dt, double tau) {
  const struct update_spec *spec = &twin->fixture->config->schedule.update;
  const uint64_t seed = twin->fixture->config->seed;
  set_gradient(twin);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < WIDTH; k++) {
      if (!(twin->train & tile_row_bit(k))) continue;
      double *theta = &twin->theta[i][k], *v = &twin->v[i][k];
      const double g = twin->g[i][k], now = xi(seed, step, i, k), next = xi(seed, step + 1, i, k);
      switch (spec->rule) {
      case UPDATE_EULER:
        *theta += -dt * g + sqrt(2 * tau * dt) * now;
        break;
      case UPDATE_LEIMKUHLER_MATTHEWS:
        *theta += -dt * g + sqrt(2 * tau * dt) * (now + next) / 2;
        break;
      case UPDATE_MOMENTUM:
        *v = spec->mu * *v * (last_dt > 0 ? dt / last_dt : 1) - dt * g;
        *theta += *v;
        break;
      default:                 /* baoab */
        *v -= last_dt / 2 * g; /* ends the step before */
        *v -= dt / 2 * g;
        *theta += dt / 2 * *v;
        *v = exp(-spec->gamma * dt) * *v + sqrt(tau * (1 - exp(-2 * spec->gamma * dt))) * now;
        *theta += dt / 2 * *v;
      }
    }
}

static void steps_equal_the_twin(void **state) {
  (void)state;
  static struct twin twin;
  static const char *const train[] = {"[c]", "[a, b], init: {c: {std: 0}}"}, *const ridge[] = {"c: 0.3",
                                                                                               "b: 0.2, a: 0.5"};
  for (int rule = 0; rule < UPDATES; rule++)
    for (int free_units = 0; free_units < 2; free_units++) {
      const char *hot = rule == UPDATE_MOMENTUM ? "" : ", temperature: 0.4, temperature_power: 0.5",
                 *own = rule == UPDATE_BAOAB      ? "friction: 0.7,"
                        : rule == UPDATE_MOMENTUM ? "momentum: 0.8,"
                                                  : "";
      struct fixture *fixture = fixture_create(
          "run: {precision: double, seed: 5}\nensemble: {n: %d}\nunit: {type: tanh, train: %s}\n"
          "target: {type: spin, d: %d}\ndata: {samples: %d, test: 0}\n"
          "dynamics: {update: %s, %s ridge: {%s}, stages: [{steps: %d, dt: 0.3%s}, {steps: %d, dt: 0.2%s}]}\n",
          N, train[free_units], D, P, update_table[rule].name, own, ridge[free_units], CHANGE, hot, STEPS - CHANGE,
          hot);
      const struct particles *particles = fixture->particles;
      memset(&twin, 0, sizeof twin);
      twin.fixture = fixture;
      twin.train = free_units ? FIELD_BIT_A | FIELD_BIT_B : FIELD_BIT_C;
      for (int i = 0; i < N && particles->comm->size == 1; i++) fixture_get(fixture, 0, i, twin.theta[i]);
      for (int step = 0; step < STEPS; step++) {
        const double factor = 0.2 / 0.3;
        if (step == CHANGE) update_change_dt(&fixture->config->schedule.update, fixture->particles, &factor);
        fixture_steps(fixture, step, step + 1);
        if (particles->comm->size == 1)
          twin_step(&twin, step, step < CHANGE ? 0.3 : 0.2,
                    step == 0        ? 0
                    : step <= CHANGE ? 0.3
                                     : 0.2,
                    0.4 * sqrt((double)N));
      }
      double largest = 0;
      for (int i = 0; i < N && particles->comm->size == 1; i++) {
        double theta[WIDTH];
        fixture_get(fixture, 0, i, theta);
        for (int k = 0; k < WIDTH; k++) largest = fmax(largest, fabs(theta[k] - twin.theta[i][k]));
      }
      expect(largest < 1e-12, "%s, %s: difference %g", update_table[rule].name, train[free_units], largest);
      fixture_free(fixture);
    }
  assert_expected();
}

/* ---- free units ---- */

enum { FREE_N = 20000, FREE_STEPS = 120 };

static struct fixture *free_units(const char *update, const char *precision, double dt, int n, int steps) {
  return fixture_create("run: {precision: %s, seed: 3}\nensemble: {n: %d}\n"
                        "unit: {type: tanh, train: [a], init: {c: {std: 0}}}\n"
                        "target: {type: spin, d: %d}\ndata: {samples: 1, test: 0}\n"
                        "dynamics: {ridge: 0.5, %s, stages: [{steps: %d, dt: %g, temperature: 0.3}]}\n",
                        precision, n, D, update, steps, dt);
}

static void free_units_have_the_stationary_variance(void **state) {
  (void)state;
  static const struct {
    const char *update;
    double dt, variance, kinetic;
  } cases[] = {{"update: euler", 0.4, 0.3 / (0.5 * (1 - 0.4 * 0.5 / 2)), 0},
               {"update: leimkuhler_matthews", 0.4, 0.3 / 0.5, 0},
               {"update: baoab, friction: 0.6", 1.2, 0.3 / 0.5, D * 0.3 * (1 - 0.5 * 1.2 * 1.2 / 4) / 2}};
  for (int i = 0; i < 3; i++)
    for (int precision = 0; precision < PRECISIONS; precision++) {
      struct fixture *fixture =
          free_units(cases[i].update, precision_names[precision], cases[i].dt, FREE_N, FREE_STEPS);
      fixture_steps(fixture, 0, FREE_STEPS);
      fixture_observe(fixture, FREE_STEPS);
      const double error = sqrt(2.0 / (D * FREE_N)), *mean = fixture->observation[0].mean;
      if (fixture->particles->locals > 0) {
        expect(fabs(mean[MEAN_A2] / D / cases[i].variance - 1) < SIGMAS * error, "%s: variance %g, exact %g",
               cases[i].update, mean[MEAN_A2] / D, cases[i].variance);
        if (cases[i].kinetic > 0)
          expect(fabs(mean[MEAN_KINETIC] / cases[i].kinetic - 1) < SIGMAS * error, "kinetic energy %g, exact %g",
                 mean[MEAN_KINETIC], cases[i].kinetic);
        expect(fabs(mean[MEAN_RIDGE] - 0.25 * mean[MEAN_A2]) < 1e-6, "ridge energy %g", mean[MEAN_RIDGE]);
      }
      fixture_free(fixture);
    }
  assert_expected();
}

static void without_friction_the_energy_is_conserved(void **state) {
  (void)state;
  const double dt = 0.4, lambda = 0.5;
  struct fixture *fixture = free_units("update: baoab, friction: 0", "double", dt, N, 200);
  double first = 0;
  for (int step = 0; step < 200; step++) {
    fixture_observe(fixture, step);
    const double *mean = fixture->observation[0].mean,
                 energy = mean[MEAN_KINETIC] + (1 - lambda * dt * dt / 4) * mean[MEAN_RIDGE];
    if (step == 0) first = energy;
    expect(fixture->particles->locals == 0 || fabs(energy / first - 1) < 1e-12, "step %d: energy %.15g, at first %.15g",
           step, energy, first);
    fixture_steps(fixture, step, step + 1);
  }
  assert_expected();
  fixture_free(fixture);
}

/* ---- equipartition ---- */

static void the_virial_is_that_of_equipartition(void **state) {
  (void)state;
  enum { R = 3000 };
  const double dt = 0.2, tau = 0.25, lambda = 0.4;
  struct fixture *fixture =
      fixture_create("run: {precision: double, seed: 4}\nensemble: {n: 3, replicas: %d}\nunit: {type: sigmoid}\n"
                     "target: {type: spin, d: 2}\ndata: {samples: 5, test: 0}\n"
                     "dynamics: {ridge: %g, stages: [{steps: 400, dt: %g, temperature: %g}]}\n",
                     R, lambda, dt, tau);
  double sum[2] = {0};
  fixture_steps(fixture, 0, 400);
  fixture_observe(fixture, 400);
  for (int s = 0; s < fixture->particles->locals; s++) {
    if (!fixture->particles->local[s].lead) continue;
    const double *mean = fixture->observation[s].mean, value = mean[MEAN_VIRIAL] - dt / 2 * mean[MEAN_GRAD2];
    sum[0] += value;
    sum[1] += value * value;
  }
  MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, world.mpi);
  const double mean = sum[0] / R, error = sqrt((sum[1] / R - mean * mean) / R), exact = tau * (2 + 2);
  expect(fabs(mean - exact) < SIGMAS * error, "%g +- %g, exact %g", mean, error, exact);
  expect(error < 0.03, "the error %g is large", error);
  assert_expected();
  fixture_free(fixture);
}

/* ---- frozen features ---- */

struct law {
  int n, streams, step;
  const double *y;
  double mean[P], covariance[P][P]; /* n Cov */
};

/* f [streams][P]: outputs of networks that differ in noise only. */
static void check_outputs(const struct law *law, const double *f) {
  const int n = law->n, streams = law->streams;
  for (int w = 0; w < 2; w++) { /* f_0, f_2 - f_3 */
    const int p = 2 * w, q = p + 1;
    const double sign = -w, exact = law->mean[p] + sign * law->mean[q];
    const double(*S)[P] = law->covariance, variance = (S[p][p] + 2 * sign * S[p][q] + sign * sign * S[q][q]) / n;
    double sum = 0, square = 0;
    for (int s = 0; s < streams; s++) {
      const double value = f[s * P + p] + sign * f[s * P + q] - exact;
      sum += value / streams;
      square += value * value / streams;
    }
    expect(fabs(sum) < SIGMAS * sqrt(variance / streams), "n = %d, step %d, form %d: mean - exact = %g, error %g", n,
           law->step, w, sum, sqrt(variance / streams));
    expect(fabs(square / variance - 1) < SIGMAS * sqrt(2.0 / streams),
           "n = %d, step %d, form %d: variance %g, exact %g", n, law->step, w, square, variance);
  }
}

/* The sum of squares of the whitened outputs L^-1 (f - mean), Cov = L L', has a chi^2 law. */
static void check_whitened(const struct law *law, const double *f) {
  const int numbers = law->streams * P;
  double L[P][P] = {{0}}, square = 0;
  for (int p = 0; p < P; p++)
    for (int q = 0; q <= p; q++) {
      double rest = law->covariance[p][q] / law->n;
      for (int k = 0; k < q; k++) rest -= L[p][k] * L[q][k];
      L[p][q] = p == q ? sqrt(rest) : rest / L[q][q];
    }
  for (int s = 0; s < law->streams; s++) {
    double z[P];
    for (int p = 0; p < P; p++) {
      z[p] = f[s * P + p] - law->mean[p];
      for (int k = 0; k < p; k++) z[p] -= L[p][k] * z[k];
      z[p] /= L[p][p];
      square += z[p] * z[p] / numbers;
    }
  }
  expect(fabs(square - 1) < SIGMAS * sqrt(2.0 / numbers), "n = %d, step %d: mean square of whitened outputs %g", law->n,
         law->step, square);
}

/* Collective. The mean loss of the networks at the step of the law. */
static void check_loss(const struct law *law, struct fixture *fixture) {
  double sum = 0, exact = 0, variance = 0;
  for (int p = 0; p < P; p++) {
    const double r = law->mean[p] - law->y[p];
    exact += (r * r + law->covariance[p][p] / law->n) / (2 * P);
    for (int q = 0; q < P; q++) {
      const double S = law->covariance[p][q] / law->n;
      variance += (2 * S * S + 4 * r * S * (law->mean[q] - law->y[q])) / (4 * P * P);
    }
  }
  fixture_observe(fixture, law->step);
  for (int s = 0; s < fixture->particles->locals; s++)
    if (fixture->particles->local[s].lead) sum += fixture->observation[s].loss;
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, world.mpi);
  const double mean = sum / law->streams, error = sqrt(variance / law->streams);
  expect(fabs(mean - exact) < SIGMAS * error, "n = %d, step %d: mean loss %g +- %g, exact %g", law->n, law->step, mean,
         error, exact);
}

static void frozen_features_have_the_gaussian_law(void **state) {
  (void)state;
  enum { STREAMS = 1002, EARLY = 2, LATE = 40 }; /* at 3 ranks, no rank has a part of a network only */
  const double dt = 1.5, tau = 0.2, lambda = 0.3;
  for (int n = 8; n <= 512; n *= 64) {
    struct fixture *fixture = fixture_create(
        "run: {precision: double, seed: 9}\nensemble: {n: %d, replicas: 1}\nunit: {type: tanh, train: [c]}\n"
        "target: {type: spin, d: %d}\ndata: {samples: %d, test: 0, streams: %d}\n"
        "dynamics: {ridge: %g, stages: [{steps: %d, dt: %g, temperature: %g}]}\n",
        n, D, P, STREAMS, lambda, LATE, dt, tau);
    struct law law = {n, STREAMS, 0, fixture->data->y, {0}, {{0}}};
    double G[P][P] = {{0}}, *mean = law.mean, (*S)[P] = law.covariance, *f = fixture_outputs(fixture, POINTS_TRAIN);
    memcpy(mean, f, sizeof law.mean);
    free(f);
    for (int i = 0; i < n && fixture->particles->locals > 0; i++) {
      double theta[WIDTH], phi[P];
      fixture_get(fixture, fixture->particles->locals - 1, i, theta);
      for (int p = 0; p < P; p++) phi[p] = naive_phi(&fixture->config->unit, D, theta, fixture->data->x + p * D);
      for (int p = 0; p < P; p++)
        for (int q = 0; q < P; q++) G[p][q] += phi[p] * phi[q] / (n * P);
    }
    for (int step = 0; step < LATE; step++) {
      double A[P][P], AS[P][P] = {{0}}, next[P];
      for (int p = 0; p < P; p++) {
        next[p] = mean[p] - dt * lambda * mean[p];
        for (int q = 0; q < P; q++) next[p] -= dt * G[p][q] * (mean[q] - fixture->data->y[q]);
        for (int q = 0; q < P; q++) A[p][q] = (p == q) * (1 - dt * lambda) - dt * G[p][q];
      }
      memcpy(mean, next, sizeof next);
      for (int p = 0; p < P; p++)
        for (int q = 0; q < P; q++)
          for (int k = 0; k < P; k++) AS[p][q] += A[p][k] * S[k][q];
      for (int p = 0; p < P; p++)
        for (int q = 0; q < P; q++) {
          S[p][q] = 2 * tau * dt * P * G[p][q];
          for (int k = 0; k < P; k++) S[p][q] += AS[p][k] * A[k][q];
        }
      fixture_steps(fixture, step, step + 1);
      if (step + 1 != EARLY && step + 1 != LATE) continue;
      law.step = step + 1;
      f = fixture_outputs(fixture, POINTS_TRAIN);
      check_outputs(&law, f);
      check_whitened(&law, f);
      check_loss(&law, fixture);
      free(f);
    }
    fixture_free(fixture);
  }
  assert_expected();
}

/* ---- the sphere ---- */

/* E (1 + s chi^2_k)^(-1/2), by the midpoint rule for chi: density proportional to chi^(k-1) exp(-chi^2/2). */
static double mean_retraction(double s, int k) {
  double sum = 0, norm = 0;
  for (double chi = 0.0005; chi < 12; chi += 0.001) {
    const double weight = pow(chi, k - 1) * exp(-chi * chi / 2);
    norm += weight;
    sum += weight / sqrt(1 + s * chi * chi);
  }
  return sum / norm;
}

static void free_diffusion_on_the_sphere_decays_exactly(void **state) {
  (void)state;
  enum { UNITS = 20000, TIMES = 8 };
  const double dt = 0.3, tau = 0.2;
  struct fixture *fixture = fixture_create("run: {precision: single, seed: 6}\nensemble: {n: %d}\n"
                                           "unit: {type: rbf, alpha: 0.5, train: [a], init: {c: {std: 0}}}\n"
                                           "target: {type: spin, d: %d}\ndata: {samples: 1, test: 0}\n"
                                           "dynamics: {stages: [{steps: %d, dt: %g, temperature: %g}]}\n",
                                           UNITS, D, TIMES, dt, tau);
  const struct particles *particles = fixture->particles;
  const struct local_network *local = particles->local;
  const int64_t units = particles->locals > 0 ? local_network_units(local) : 0;
  const int64_t first = units > 0 ? local_network_first_unit(local) : 0;
  double(*start)[WIDTH] = calloc((size_t)units + 1, sizeof *start), sum[2] = {0};
  for (int64_t i = 0; i < units; i++) fixture_get(fixture, 0, first + i, start[i]);
  fixture_steps(fixture, 0, TIMES);
  for (int64_t i = 0; i < units; i++) {
    double theta[WIDTH], overlap = 0, norm2 = 0;
    fixture_get(fixture, 0, first + i, theta);
    for (int k = 2; k < WIDTH; k++) overlap += theta[k] * start[i][k] / D;
    for (int k = 2; k < WIDTH; k++) norm2 += theta[k] * theta[k];
    expect(fabs(norm2 - D) < 1e-5, "unit %lld: |z|^2 = %g", (long long)(first + i), norm2);
    sum[0] += overlap;
    sum[1] += overlap * overlap;
  }
  free(start);
  MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, world.mpi);
  const double mean = sum[0] / UNITS, error = sqrt((sum[1] / UNITS - mean * mean) / UNITS),
               exact = pow(mean_retraction(2 * tau * dt / D, D - 1), TIMES);
  expect(fabs(mean - exact) < SIGMAS * error, "overlap %g +- %g, exact %g", mean, error, exact);
  assert_expected();
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_equal_the_twin),
      cmocka_unit_test(free_units_have_the_stationary_variance),
      cmocka_unit_test(without_friction_the_energy_is_conserved),
      cmocka_unit_test(the_virial_is_that_of_equipartition),
      cmocka_unit_test(frozen_features_have_the_gaussian_law),
      cmocka_unit_test(free_diffusion_on_the_sphere_decays_exactly),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
