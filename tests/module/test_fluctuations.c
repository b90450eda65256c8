// ranks: 1
/* fluctuations: the estimators equal plain loops; they and their bootstrap means are unbiased; different n are
 * resampled independently. The coverage of intervals: tests/physics/physics_coverage.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "fluctuations/fluctuations.h"
#include "harness.h"

enum { B = 1000 };

/* f [R][K]: R samples of a field at K correlated points; point k has mean k and variance sigma^2. */
static void draw(uint64_t id, int R, int K, double sigma, double *f) {
  const struct rng rng = {.seed = 77, .stream = RNG_NOISE, .step = id};
  double *normal = malloc(sizeof *normal * (size_t)(K + 1));
  for (int r = 0; r < R; r++) {
    rng_normal(&rng, (uint64_t)r, K + 1, normal);
    for (int k = 0; k < K; k++) f[r * K + k] = k + sigma * (normal[k] + normal[K]) / sqrt(2);
  }
  free(normal);
}

static double variance(int R, int K, const double *f, const double *weight) {
  double sum = 0;
  for (int k = 0; k < K; k++) {
    double mean = 0, square = 0;
    for (int r = 0; r < R; r++) mean += weight[r] * f[r * K + k] / R;
    for (int r = 0; r < R; r++) square += weight[r] * pow(f[r * K + k] - mean, 2);
    sum += square / (R - 1) / K;
  }
  return sum;
}

static void variance_equals_plain_loops(void **state) {
  (void)state;
  enum { R = 9, K = 13 };
  double f[R * K], centered[R * K], weight[B * R], resampled[B], ones[R];
  for (int r = 0; r < R; r++) ones[r] = 1;
  draw(1, R, K, 2, f);
  memcpy(centered, f, sizeof f);
  fluctuations_weights(5, 0, B, R, weight);
  double value;
  assert_ok(fluctuations_variance(R, K, centered, B, weight, &value, resampled));
  assert_near(value, variance(R, K, f, ones), 1e-12);
  for (int b = 0; b < B; b++)
    assert_near(resampled[b], variance(R, K, f, weight + b * R) * R / (R - 1),
                1e-12); /* R / (R - 1) corrects for 1 - 1/R */
}

/* f = a_i + e_iq with variances 4 and 0.25: V_sgd equals plain loops, and V, V_init and V_sgd and their bootstrap means
 * are unbiased. */
static void parts_separate_data_from_initial_conditions(void **state) {
  (void)state;
  enum { I = 40, Q = 3, K = 7, TRIALS = 60 };
  static double a[I * K], e[I * Q * K], f[I * Q * K], weight[B * I], resampled[3][B];
  double sum[3] = {0}, boots[3] = {0};
  fluctuations_weights(5, 0, B, I, weight);
  for (int trial = 0; trial < TRIALS; trial++) {
    draw((uint64_t)(100 + trial), I, K, 2, a);
    draw((uint64_t)(1000 + trial), I * Q, K, 0.5, e);
    for (int i = 0; i < I * Q; i++)
      for (int k = 0; k < K; k++) f[i * K + k] = a[i / Q * K + k] + e[i * K + k];
    struct fluctuations_terms parts = {
        .total_resampled = resampled[0], .init_resampled = resampled[1], .sgd_resampled = resampled[2]};
    assert_ok(fluctuations_split(I, Q, K, f, B, weight, &parts));
    const double values[3] = {parts.total, parts.init, parts.sgd};
    double within = 0;
    for (int i = 0; i < I; i++)
      for (int k = 0; k < K; k++)
        for (int q = 0; q < Q; q++)
          for (int p = 0; p < q; p++)
            within += pow(f[(i * Q + q) * K + k] - f[(i * Q + p) * K + k], 2) / (Q * (Q - 1)) / (I * K);
    assert_near(parts.sgd, within, 1e-10);
    assert_near(parts.total, parts.init + parts.sgd, 1e-12);
    for (int j = 0; j < 3; j++) {
      sum[j] += values[j] / TRIALS;
      for (int b = 0; b < B; b++) boots[j] += resampled[j][b] / B / TRIALS;
    }
  }
  /* The mean square correlation of two points is 0.36, so V_init of a trial has sd 4 sqrt(2/39 0.36) = 0.54 and V_sgd
   * 0.25 sqrt(2/80 0.36) = 0.024. The bounds are five sd of the mean of 60 trials, 0.35 and 0.015; probability of a
   * false alarm: 2e-6. */
  const double expected[3] = {4.25, 4, 0.25}, bound[3] = {0.37, 0.35, 0.015};
  for (int j = 0; j < 3; j++) {
    assert_near(sum[j], expected[j], bound[j]);
    assert_near(boots[j], sum[j], 0.03 * sum[j]);
  }
}

/* V_init is the variance of the means over streams minus V_sgd / Q, and V = V_init + V_sgd, also in each bootstrap
 * sample. */
static void parts_equal_plain_loops(void **state) {
  (void)state;
  enum { I = 7, Q = 3, K = 5 };
  double f[I * Q * K], mean[I * K] = {0}, within[I] = {0}, weight[B * I], resampled[3][B], ones[I];
  draw(3, I * Q, K, 2, f);
  fluctuations_weights(5, 0, B, I, weight);
  for (int i = 0; i < I; i++) {
    ones[i] = 1;
    for (int k = 0; k < K; k++) {
      for (int q = 0; q < Q; q++) mean[i * K + k] += f[(i * Q + q) * K + k] / Q;
      for (int q = 0; q < Q; q++) within[i] += pow(f[(i * Q + q) * K + k] - mean[i * K + k], 2) / (Q - 1) / K;
    }
  }
  struct fluctuations_terms parts = {
      .total_resampled = resampled[0], .init_resampled = resampled[1], .sgd_resampled = resampled[2]};
  assert_ok(fluctuations_split(I, Q, K, f, B, weight, &parts));
  for (int b = -1; b < B; b++) { /* -1: the values themselves */
    const double *w = b < 0 ? ones : weight + b * I;
    double sgd = 0;
    for (int i = 0; i < I; i++) sgd += w[i] * within[i] / I;
    const double init = variance(I, K, mean, w) * (b < 0 ? 1 : I / (I - 1.0)) - sgd / Q;
    assert_near(b < 0 ? parts.sgd : resampled[2][b], sgd, 1e-12);
    assert_near(b < 0 ? parts.init : resampled[1][b], init, 1e-12);
    assert_near(b < 0 ? parts.total : resampled[0][b], init + sgd, 1e-12);
  }
}

/* The means differ by 0.3 at every point: the estimate of the squared difference is 0.09 on average, and so are its
 * bootstrap values. */
static void bias_is_unbiased(void **state) {
  (void)state;
  enum { R = 24, N = 30, K = 9, TRIALS = 100 };
  static double f[R * K], reference[N * K], weight[B * R], reference_weight[B * N], resampled[B];
  double mean = 0, square = 0, boots = 0;
  fluctuations_weights(5, 0, B, R, weight);
  fluctuations_weights(5, 0, B, N, reference_weight);
  for (int trial = 0; trial < TRIALS; trial++) {
    double value;
    draw((uint64_t)(100 + trial), R, K, 1, f);
    draw((uint64_t)(5000 + trial), N, K, 0.5, reference);
    for (int i = 0; i < R * K; i++) f[i] += 0.3;
    const struct fluctuations_sample sample = {R, f, weight}, largest = {N, reference, reference_weight};
    assert_ok(fluctuations_bias(K, &sample, &largest, B, &value, resampled));
    mean += value / TRIALS;
    square += value * value / TRIALS;
    for (int b = 0; b < B; b++) boots += resampled[b] / B / TRIALS;
  }
  assert_near(mean, 0.09, 5 * sqrt((square - mean * mean) / TRIALS));
  assert_near(boots, mean, 0.005);
}

/* Each of the 20 replicas is drawn once per resampling on average, within 5 standard errors. Probability of a false
 * alarm for all of them: 1e-5. */
static void weights_are_of_resamplings(void **state) {
  (void)state;
  enum { R = 20 };
  double weight[B * R], mean[R] = {0};
  fluctuations_weights(5, 0, B, R, weight);
  for (int b = 0; b < B; b++) {
    double sum = 0;
    for (int r = 0; r < R; r++) {
      sum += weight[b * R + r];
      mean[r] += weight[b * R + r] / B;
    }
    assert_true(sum == R);
  }
  for (int r = 0; r < R; r++) assert_true(fabs(mean[r] - 1) < 5 * sqrt(0.95 / B));
}

/* Samples with different keys are uncorrelated, those with equal keys are equal. A mean over B R products of deviations
 * has the standard deviation (1 - 1/R) / sqrt(B (R - 1)) at most; at 4.5 of them the probability of a false alarm is
 * 7e-6. */
static void different_sizes_are_resampled_independently(void **state) {
  (void)state;
  enum { R = 20 };
  double one[B * R], other[B * R], same[B * R], covariance = 0;
  const struct study fixed = {.n = (int64_t[]){64, 128}}, paired = {.paired = true, .n = fixed.n};
  fluctuations_weights(5, study_resampling(&fixed, 0), B, R, one);
  fluctuations_weights(5, study_resampling(&fixed, 1), B, R, other);
  for (int i = 0; i < B * R; i++) covariance += (one[i] - 1) * (other[i] - 1) / (B * R);
  assert_true(fabs(covariance) < 4.5 * (1 - 1.0 / R) / sqrt(B * (R - 1.0)));
  fluctuations_weights(5, study_resampling(&paired, 0), B, R, one);
  fluctuations_weights(5, study_resampling(&paired, 1), B, R, same);
  assert_memory_equal(one, same, sizeof one);
}

/* All 6^6 resamplings of 6 replicas instead of random ones: the variance of the resampled mean is exactly s^2
 * (R-1)/R^2, which is (R-1)/R times the variance s^2/R of the mean. The interval corrects for this factor, so it is
 * Student's interval, mean +- t s/sqrt(R). (The variance over B resamplings divides by B - 1, so it is B/(B-1) times as
 * large.) */
static void the_interval_of_a_mean_is_that_of_student(void **state) {
  (void)state;
  enum { R = FLUCTUATIONS_REPLICAS_MIN, ALL = R * R * R * R * R * R };
  assert_int_equal(R, 6);
  const double f[R] = {1, 4, 9, 16, 25, 36}, t = 2.570581835636; /* 97.5 %, 5 degrees of freedom */
  double *weight = calloc((size_t)ALL * R, sizeof *weight), *resampled = malloc(sizeof *resampled * ALL), square = 0;
  for (int b = 0; b < ALL; b++)
    for (int r = 0, rest = b; r < R; r++, rest /= R) weight[b * R + rest % R] += 1;
  const double mean = fluctuations_mean(R, f, ALL, weight, resampled);
  const struct estimate e = fluctuations_interval(INTERVAL_SIGNED, mean, ALL, resampled, R, 0.95);
  for (int r = 0; r < R; r++) square += pow(f[r] - 91.0 / 6, 2);
  const double half = t * sqrt(square / (R - 1) / R) * sqrt(ALL / (ALL - 1.0));
  assert_near(mean, 91.0 / 6, 1e-14);
  assert_near(e.high - mean, half, 1e-10);
  assert_near(mean - e.low, half, 1e-10);
  free(weight);
  free(resampled);
}

static void one_replica_gives_nan(void **state) {
  (void)state;
  double f[3] = {1, 2, 3}, weight[B], resampled[B], value;
  fluctuations_weights(5, 0, B, 1, weight);
  assert_ok(fluctuations_variance(1, 3, f, B, weight, &value, resampled));
  assert_true(isnan(value));
  assert_true(isnan(fluctuations_interval(INTERVAL_POSITIVE, value, B, resampled, 1, 0.95).low));
  const double mean = fluctuations_mean(1, f, B, weight, resampled);
  assert_true(mean == 1 && isnan(fluctuations_interval(INTERVAL_POSITIVE, mean, B, resampled, 1, 0.95).low));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(variance_equals_plain_loops),
      cmocka_unit_test(parts_separate_data_from_initial_conditions),
      cmocka_unit_test(parts_equal_plain_loops),
      cmocka_unit_test(bias_is_unbiased),
      cmocka_unit_test(weights_are_of_resamplings),
      cmocka_unit_test(different_sizes_are_resampled_independently),
      cmocka_unit_test(the_interval_of_a_mean_is_that_of_student),
      cmocka_unit_test(one_replica_gives_nan),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
