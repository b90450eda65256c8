// ranks: 1
/* How often the intervals of 99 % contain the true value, and how often a true p = 1 is rejected at 5 %, over simulated
 * studies. Each study is one call of the estimators that `analyze` calls, on fields of known law.
 *
 * `make coverage` simulates 10,000 studies of each case (MCKEAN_STUDIES) and requires that the 95 % interval of the
 * coverage lies above 97.5 %, and that of the rejections between 3 and 7 %. `make check` simulates fewer studies, and a
 * case fails if its number of misses has a probability below 1e-5 at these bounds.
 *
 * A field has K = 16 points; its values at each point have variance 1, and those at two points have the correlation
 * 1/2. `gaussian`: z = (z_0 + z_k)/sqrt 2. `skewed`: (u^2 + v^2)/2 - 1 with two Gaussian fields u and v whose
 * correlation is sqrt(1/2): an exponential law, with skewness 2 and excess kurtosis 6. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/openblas.h"
#include "base/rng.h"
#include "fluctuations/fluctuations.h"
#include "harness.h"

enum { K = 16, B = 1000, SIZES_MAX = 5, REPLICAS_MAX = 48, STUDIES = 600, ASKED = 10000 };
enum law { GAUSSIAN, SKEWED };
static const char *const law_names[] = {"gaussian", "skewed"};
static const double LEVEL = 0.99, REJECT = 0.05;

static int64_t n[SIZES_MAX] = {64, 128, 256, 512, 1024};

/* One simulated study. weight [SIZES_MAX][B][replicas]; work is private to a thread. */
struct simulation {
  enum law law;
  int replicas;
  const double *weight;
  double *f, *other, *resampled; /* [2 R][K], [2 R][K], [SIZES_MAX][B] */
};

static const double *weight_of(const struct simulation *simulation, int size) {
  return simulation->weight + (size_t)size * B * (size_t)simulation->replicas;
}

/* f [rows][points]: independent fields. earlier: NULL, or the id of a draw whose normal numbers have the correlation
 * 0.7 with those of this one. */
static void draw(const struct simulation *simulation, uint64_t id, const uint64_t *earlier, int rows, int points,
                 double *f) {
  const struct rng rng = {.seed = 77, .stream = RNG_NOISE, .step = id};
  const int parts = simulation->law == GAUSSIAN ? 1 : 2, count = parts * (points + 1);
  const double common = simulation->law == GAUSSIAN ? 0.5 : sqrt(0.5);
  double normal[2 * (K + 1)], before[2 * (K + 1)];
  for (int r = 0; r < rows; r++) {
    rng_normal(&rng, (uint64_t)r, count, normal);
    if (earlier)
      rng_normal(&(struct rng){.seed = 77, .stream = RNG_NOISE, .step = *earlier}, (uint64_t)r, count, before);
    for (int i = 0; i < count && earlier; i++) normal[i] = 0.7 * before[i] + sqrt(1 - 0.49) * normal[i];
    for (int k = 0; k < points; k++) {
      double square = 0, z = 0;
      for (int part = 0; part < parts; part++) {
        z = sqrt(common) * normal[part * (points + 1) + points] + sqrt(1 - common) * normal[part * (points + 1) + k];
        square += z * z / 2;
      }
      f[r * points + k] = simulation->law == GAUSSIAN ? z : square - 1;
    }
  }
}

static bool contains(struct estimate estimate, double truth) {
  return estimate.low <= truth && truth <= estimate.high;
}

static double variance_of(const struct simulation *simulation, uint64_t id, int size) {
  double value;
  double *resampled = simulation->resampled + (size_t)size * B;
  draw(simulation, id, NULL, simulation->replicas, K, simulation->f);
  if (fluctuations_variance(simulation->replicas, K, simulation->f, B, weight_of(simulation, size), &value,
                            resampled) != OK)
    die("no memory");
  return value;
}

/* ---- the estimators; each returns whether the interval contains the truth ---- */

static bool single_variance(const struct simulation *simulation, uint64_t id) {
  const double value = variance_of(simulation, id, 0);
  return contains(
      fluctuations_interval(INTERVAL_POSITIVE, value, B, simulation->resampled, simulation->replicas, LEVEL), 1);
}

static bool slope(const struct simulation *simulation, uint64_t id, int sizes) {
  int64_t replicas[SIZES_MAX];
  double value[SIZES_MAX];
  for (int s = 0; s < sizes; s++) {
    replicas[s] = simulation->replicas;
    value[s] = variance_of(simulation, id * SIZES_MAX + (uint64_t)s, s);
  }
  const struct study study = {.sizes = sizes, .n = n, .replicas = replicas, .streams = 1};
  const struct analysis_options options = {.bootstrap = B, .level = LEVEL};
  return contains(fluctuations_slope(&study, &options, NULL, value, simulation->resampled), 0);
}

static bool slope_of_two(const struct simulation *simulation, uint64_t id) {
  return slope(simulation, id, 2);
}

static bool slope_of_four(const struct simulation *simulation, uint64_t id) {
  return slope(simulation, id, 4);
}

/* V at one time over V at another, of the same replicas, as in fluctuations/healing.h. */
static bool ratio(const struct simulation *simulation, uint64_t id) {
  double value, *resampled = simulation->resampled;
  const double start = variance_of(simulation, 2 * id, 0);
  draw(simulation, 2 * id + 1, &(uint64_t){2 * id}, simulation->replicas, K, simulation->f);
  if (fluctuations_variance(simulation->replicas, K, simulation->f, B, weight_of(simulation, 0), &value,
                            resampled + B) != OK)
    die("no memory");
  for (int b = 0; b < B; b++) resampled[b] = log(resampled[b] / resampled[B + b]);
  return contains(
      fluctuations_interval(INTERVAL_LOG_RATIO, log(start / value), B, resampled, simulation->replicas, LEVEL), 0);
}

/* f = a_i + e_iq / 2 with two streams q. */
static struct fluctuations_terms split(const struct simulation *simulation, uint64_t id) {
  const int R = simulation->replicas;
  struct fluctuations_terms terms = {.total_resampled = simulation->resampled,
                                     .init_resampled = simulation->resampled + B,
                                     .sgd_resampled = simulation->resampled + 2 * B};
  draw(simulation, 2 * id, NULL, R, K, simulation->other);
  draw(simulation, 2 * id + 1, NULL, 2 * R, K, simulation->f);
  for (int i = 0; i < 2 * R * K; i++)
    simulation->f[i] = simulation->other[i / (2 * K) * K + i % K] + simulation->f[i] / 2;
  if (fluctuations_split(R, 2, K, simulation->f, B, simulation->weight, &terms) != OK) die("no memory");
  return terms;
}

static bool init_variance(const struct simulation *simulation, uint64_t id) {
  const struct fluctuations_terms terms = split(simulation, id);
  return contains(fluctuations_interval(INTERVAL_POSITIVE, terms.init, B, terms.init_resampled, simulation->replicas,
                                        LEVEL), 1);
}

static bool sgd_variance(const struct simulation *simulation, uint64_t id) {
  const struct fluctuations_terms terms = split(simulation, id);
  return contains(
      fluctuations_interval(INTERVAL_POSITIVE, terms.sgd, B, terms.sgd_resampled, simulation->replicas, LEVEL), 0.25);
}

/* The loss of a replica is 3 plus the field at one point. */
static bool mean_loss(const struct simulation *simulation, uint64_t id) {
  draw(simulation, id, NULL, simulation->replicas, 1, simulation->f);
  for (int r = 0; r < simulation->replicas; r++) simulation->f[r] += 3;
  const double mean =
      fluctuations_mean(simulation->replicas, simulation->f, B, simulation->weight, simulation->resampled);
  return contains(
      fluctuations_interval(INTERVAL_POSITIVE, mean, B, simulation->resampled, simulation->replicas, LEVEL), 3);
}

/* Losses 2 + 30/n + a field of one point / sqrt n. Returns whether p = 1 is accepted at the level REJECT. */
static bool power_of_one(const struct simulation *simulation, uint64_t id) {
  double loss[SIZES_MAX];
  int64_t replicas[SIZES_MAX];
  for (int s = 0; s < SIZES_MAX; s++) {
    replicas[s] = simulation->replicas;
    draw(simulation, id * SIZES_MAX + (uint64_t)s, NULL, simulation->replicas, 1, simulation->f);
    for (int r = 0; r < simulation->replicas; r++)
      simulation->f[r] = 2 + 30 / (double)n[s] + simulation->f[r] / sqrt((double)n[s]);
    loss[s] = fluctuations_mean(simulation->replicas, simulation->f, B, weight_of(simulation, s),
                                simulation->resampled + (size_t)s * B);
  }
  return error_fit(SIZES_MAX, n, replicas, loss, B, simulation->resampled, NULL).probability >= REJECT;
}

/* ---- the cases ---- */

static const struct {
  const char *name;
  bool (*hit)(const struct simulation *simulation, uint64_t id);
  double nominal, least, most; /* bounds of the coverage */
  int replicas[2];
} case_table[] = {
    {"V_n", single_variance, 0.99, 0.975, 1, {16, 48}},
    {"V_init", init_variance, 0.99, 0.975, 1, {16, 48}},
    {"V_sgd", sgd_variance, 0.99, 0.975, 1, {16, 48}},
    {"mean loss", mean_loss, 0.99, 0.975, 1, {16, 48}},
    {"slope of V_n, 2 sizes", slope_of_two, 0.99, 0.975, 1, {16, 48}},
    {"slope of V_n, 4 sizes", slope_of_four, 0.99, 0.975, 1, {16, 48}},
    {"ratio of V_n, max/end", ratio, 0.99, 0.975, 1, {16, 48}},
    {"p = 1 accepted", power_of_one, 0.95, 0.93, 0.97, {8, 16}},
};
enum { CASES = sizeof case_table / sizeof *case_table };

static int64_t count_hits(int c, enum law law, int replicas, int studies) {
  double *weight = malloc(sizeof *weight * SIZES_MAX * B * (size_t)replicas);
  int64_t hits = 0;
  if (!weight) die("no memory");
  for (int s = 0; s < SIZES_MAX; s++)
    fluctuations_weights(1, n[s], B, replicas, weight + (size_t)s * B * (size_t)replicas);
#pragma omp parallel reduction(+ : hits)
  {
    double *work = malloc(sizeof *work * (4 * REPLICAS_MAX * K + SIZES_MAX * B));
    if (!work) die("no memory");
    const struct simulation simulation = {law, replicas, weight, work, work + 2 * REPLICAS_MAX * K,
                                          work + 4 * REPLICAS_MAX * K};
#pragma omp for
    for (int study = 0; study < studies; study++) hits += case_table[c].hit(&simulation, 1000 + (uint64_t)study);
    free(work);
  }
  free(weight);
  return hits;
}

/* Ends of the 95 % interval of Wilson for a probability. */
static void find_interval(double hits, double studies, double *low, double *high) {
  const double z = 1.96, p = hits / studies, weight = 1 / (1 + z * z / studies);
  const double middle = weight * (p + z * z / (2 * studies)),
               half = weight * z * sqrt(p * (1 - p) / studies + z * z / (4 * studies * studies));
  *low = middle - half;
  *high = middle + half;
}

static void intervals_have_the_stated_coverage(void **state) {
  (void)state;
  const char *asked = getenv("MCKEAN_STUDIES");
  const int studies = asked ? atoi(asked) : STUDIES;
  openblas_threads(1);
  print_message("%-22s %4s  %-8s  %7s  %6s  95 %% interval\n", "estimator", "R", "field", "nominal", "found");
  for (int c = 0; c < CASES; c++)
    for (int i = 0; i < 4; i++) {
      const enum law law = i < 2 ? GAUSSIAN : SKEWED;
      const int replicas = case_table[c].replicas[i % 2];
      const int64_t hits = count_hits(c, law, replicas, studies);
      const double least = case_table[c].least, most = case_table[c].most;
      double low, high;
      find_interval((double)hits, studies, &low, &high);
      print_message("%-22s %4d  %-8s  %5.0f %%  %6.2f  [%.2f, %.2f]\n", case_table[c].name, replicas, law_names[law],
                    100 * case_table[c].nominal, 100.0 * (double)hits / studies, 100 * low, 100 * high);
      const unsigned N = (unsigned)studies, seen = (unsigned)hits;
      const bool above = studies >= ASKED ? low > least : gsl_cdf_binomial_P(seen, least, N) > 1e-5;
      const bool below = most == 1 || (studies >= ASKED ? high < most : gsl_cdf_binomial_Q(seen, most, N) > 1e-5);
      expect(above && below, "%s, R = %d, %s", case_table[c].name, replicas, law_names[law]);
    }
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(intervals_have_the_stated_coverage)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
