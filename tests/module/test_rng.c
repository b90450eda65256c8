// ranks: 1
/* rng: the known answers of Random123; the distributions of the numbers; shuffles are uniform random
 * permutations. */
#include <Random123/philox.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/rng.h"
#include "harness.h"

static void philox_gives_the_known_answers(void **state) {
  (void)state;
  /* From kat_vectors of Random123, philox4x64 with 10 rounds: counter [4], key [2], answer [4]. */
  static const uint64_t known[][10] = {
      {0, 0, 0, 0, 0, 0, 0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b},
      {~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), ~UINT64_C(0), 0x87b092c3013fe90b,
       0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0},
      {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89, 0x452821e638d01377,
       0xbe5466cf34e90c6c, 0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const uint64_t *k = known[i];
    const philox4x64_ctr_t counter = {{k[0], k[1], k[2], k[3]}};
    const philox4x64_key_t key = {{k[4], k[5]}};
    const philox4x64_ctr_t out = philox4x64(counter, key);
    for (int w = 0; w < 4; w++) assert_true(out.v[w] == k[6 + w]);
  }
}

static void words_are_philox_of_seed_stream_and_index(void **state) {
  (void)state;
  const struct rng rng = {.seed = 0xdeadbeef12345678, .stream = RNG_NOISE, .network = 77, .step = 1234567890123};
  uint64_t out[4];
  rng_bits(&rng, 42, 5, out);
  const philox4x64_ctr_t counter = {{42, 1234567890123, 77, 5}};
  const philox4x64_key_t key = {{0xdeadbeef12345678, (uint64_t)RNG_NOISE}};
  const philox4x64_ctr_t want = philox4x64(counter, key);
  for (int w = 0; w < 4; w++) assert_true(out[w] == want.v[w]);
}

static void normals_are_box_muller(void **state) {
  (void)state;
  const struct rng rng = {.seed = 3, .stream = RNG_INIT_A};
  for (uint64_t id = 0; id < 2000; id++) {
    double normal[8], uniform[8];
    rng_normal(&rng, id, 8, normal);
    rng_uniform(&rng, id, 8, uniform);
    for (int i = 0; i < 8; i += 2) {
      const double radius = sqrt(-2 * log1p(-uniform[i])), angle = 2 * M_PI * uniform[i + 1];
      assert_near(normal[i], radius * cos(angle), 1e-14);
      assert_near(normal[i + 1], radius * sin(angle), 1e-14);
    }
  }
}

/* A checksum of numbers of each kind, made on x86-64 with GCC. */
static void bits_are_the_same_on_all_machines(void **state) {
  (void)state;
  const struct rng rng = {.seed = 5, .stream = RNG_INIT_A};
  uint32_t crc = 0;
  for (uint64_t id = 0; id < 1000; id++) {
    double x[37];
    uint32_t order[37];
    rng_normal(&rng, id, 37, x);
    crc = crc32c(crc, x, sizeof x);
    rng_sphere(&rng, id, 37, x);
    crc = crc32c(crc, x, sizeof x);
    rng_shuffle(&rng, id, 37, order);
    crc = crc32c(crc, order, sizeof order);
  }
  assert_int_equal(crc, 0x30f7c90c);
}

/* Mean, variance and fourth moment of N = 400,000 numbers, and the mean product of neighbors, each within 5 standard
 * deviations. Probability of a false alarm with a new seed: 2e-6. */
static void normals_have_the_moments(void **state) {
  (void)state;
  enum { IDS = 50000, EACH = 8 };
  const struct rng rng = {.seed = 11, .stream = RNG_INIT_C};
  double sum = 0, square = 0, fourth = 0, neighbors = 0, normal[EACH];
  for (uint64_t id = 0; id < IDS; id++) {
    rng_normal(&rng, id, EACH, normal);
    for (int i = 0; i < EACH; i++) {
      sum += normal[i];
      square += normal[i] * normal[i];
      fourth += pow(normal[i], 4);
      if (i) neighbors += normal[i] * normal[i - 1];
    }
  }
  const double N = (double)IDS * EACH;
  assert_true(fabs(sum / N) < 5 / sqrt(N));
  assert_true(fabs(square / N - 1) < 5 * sqrt(2 / N));
  assert_true(fabs(fourth / N - 3) < 5 * sqrt(96 / N));
  assert_true(fabs(neighbors / N) < 5 / sqrt(N));
}

static void sphere_points_have_radius_sqrt_d(void **state) {
  (void)state;
  const struct rng rng = {.seed = 5, .stream = RNG_DATA_TEST};
  for (int d = 1; d < 40; d++) {
    double x[40], square = 0;
    rng_sphere(&rng, (uint64_t)d, d, x);
    for (int k = 0; k < d; k++) square += x[k] * x[k];
    assert_near(square, d, 1e-14);
  }
}

static void shuffles_are_permutations(void **state) {
  (void)state;
  const struct rng rng = {.seed = 8, .stream = RNG_DATA_ORDER, .network = 3};
  const int64_t counts[] = {1, 2, 3, 4, 5, 16, 17, 100, 255, 257, 1000, 4096, 65537};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    char *is_image = calloc((size_t)counts[i], 1);
    uint32_t *order = malloc(sizeof *order * (size_t)counts[i]);
    int64_t fixed = 0;
    rng_shuffle(&rng, 9, counts[i], order);
    for (int64_t p = 0; p < counts[i]; p++) {
      assert_true(order[p] < counts[i] && !is_image[order[p]]);
      is_image[order[p]] = 1;
      fixed += order[p] == p;
    }
    if (counts[i] >= 100) assert_true(fixed < 10); /* one fixed point on average */
    free(is_image);
    free(order);
  }
}

enum { EPOCHS = 20000, ORDER_MAX = 256 };

static void order_of_epoch(int64_t count, int epoch, uint32_t order[ORDER_MAX]) {
  const struct rng rng = {.seed = 21, .stream = RNG_DATA_ORDER, .network = 5, .step = (uint64_t)epoch};
  rng_shuffle(&rng, 2, count, order);
}

/* Checks the hypothesis that all cells are equally probable: chi^2 has a probability above `least`. */
static void check_uniform(const double *hits, int cells, double least, const char *what) {
  double chi2 = 0, sum = 0;
  for (int i = 0; i < cells; i++) sum += hits[i];
  for (int i = 0; i < cells; i++) chi2 += pow(hits[i] - sum / cells, 2) / (sum / cells);
  expect(gsl_cdf_chisq_Q(chi2, cells - 1) > least, "%s: chi^2 %g of %d cells", what, chi2, cells);
}

/* All 120 and 720 orders of 5 and 6 elements are equally frequent. */
static void all_orders_are_equally_frequent(void **state) {
  (void)state;
  for (int count = 5; count <= 6; count++) {
    double hits[720] = {0};
    uint32_t order[ORDER_MAX];
    int orders = 1;
    for (int i = 2; i <= count; i++) orders *= i;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      int index = 0; /* in the factorial number system: the number of later smaller elements of each element */
      order_of_epoch(count, epoch, order);
      for (int i = 0; i < count; i++) {
        int smaller = 0;
        for (int j = i + 1; j < count; j++) smaller += order[j] < order[i];
        index = index * (count - i) + smaller;
      }
      hits[index]++;
    }
    check_uniform(hits, orders, 1e-5, count == 5 ? "orders of 5" : "orders of 6");
  }
  assert_expected();
}

static bool is_odd(int64_t count, const uint32_t *order) {
  bool visited[ORDER_MAX] = {0}, odd = false;
  for (int64_t i = 0; i < count; i++)
    for (int64_t at = i; !visited[at]; at = order[at]) {
      visited[at] = true;
      if (order[at] != i) odd = !odd; /* a cycle of length L is L - 1 exchanges */
    }
  return odd;
}

/* Half of the orders are odd; the mean of the first half of an order has the variance of a sample without replacement;
 * the element at each of four positions, and the first two elements together, are uniform; of 256 elements, for which
 * there are more pairs than epochs, the difference of the first two modulo 256. Tolerance: 4.5 standard errors, or
 * p > 1e-6. */
static void orders_are_uniform(void **state) {
  (void)state;
  const int counts[] = {8, 12, 16, 64, 256};
  for (int c = 0; c < 5; c++) {
    const int count = counts[c], half = count / 2, positions[] = {0, 1, half, count - 1};
    static double hits[4][ORDER_MAX], pairs[64 * 63];
    uint32_t order[ORDER_MAX];
    double odd = 0, square = 0;
    memset(hits, 0, sizeof hits);
    memset(pairs, 0, sizeof pairs);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      double mean = 0;
      order_of_epoch(count, epoch, order);
      odd += is_odd(count, order);
      for (int i = 0; i < half; i++) mean += order[i] / (double)half;
      square += pow(mean - (count - 1) / 2.0, 2) / EPOCHS;
      for (int i = 0; i < 4; i++) hits[i][order[positions[i]]]++;
      const int first = (int)order[0], second = (int)order[1];
      pairs[count > 64 ? (second - first + count) % count - 1 : first * (count - 1) + second - (second > first)]++;
    }
    const double exact = (count * count - 1.0) / 12 / half * (count - half) / (count - 1.0);
    expect(fabs(odd / EPOCHS - 0.5) < 4.5 * 0.5 / sqrt(EPOCHS), "%d elements: %g odd", count, odd / EPOCHS);
    expect(fabs(square / exact - 1) < 4.5 * sqrt(2.0 / EPOCHS), "%d elements: variance ratio %g", count,
           square / exact);
    for (int i = 0; i < 4; i++) check_uniform(hits[i], count, 1e-6, "elements at a position");
    check_uniform(pairs, count > 64 ? count - 1 : count * (count - 1), 1e-6, "pairs of elements");
  }
  assert_expected();
}

/* All 20 subsets of 3 of 6 numbers, and all 35 of 4 of 7; each number in a subset of 30 of 100, whose mean has the
 * variance of a sample without replacement. p > 1e-6, or 4.5 standard errors. */
static void subsets_are_uniform(void **state) {
  (void)state;
  static double hits[128];
  const int small[][2] = {{6, 3}, {7, 4}};
  for (int c = 0; c < 2; c++) {
    int kinds = 0, kind[128];
    for (int set = 0; set < 1 << small[c][0]; set++)
      kind[set] = __builtin_popcount((unsigned)set) == small[c][1] ? kinds++ : -1;
    memset(hits, 0, sizeof hits);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      const struct rng rng = {.seed = 11, .stream = RNG_SUBSET, .network = (uint64_t)epoch, .step = (uint64_t)c};
      int64_t index[4];
      int set = 0;
      rng_subset(&rng, small[c][0], small[c][1], 0, small[c][1], index);
      for (int i = 0; i < small[c][1]; i++) set |= 1 << index[i];
      if (kind[set] < 0) fail_msg("not a subset of %d numbers", small[c][1]);
      hits[kind[set]]++;
    }
    check_uniform(hits, kinds, 1e-6, "subsets");
  }
  memset(hits, 0, sizeof hits);
  double square = 0;
  for (int epoch = 0; epoch < EPOCHS; epoch++) {
    const struct rng rng = {.seed = 12, .stream = RNG_SUBSET, .network = (uint64_t)epoch};
    int64_t index[30];
    double mean = 0;
    rng_subset(&rng, 100, 30, 0, 30, index);
    for (int i = 0; i < 30; i++) {
      hits[index[i]]++;
      mean += (double)index[i] / 30;
    }
    square += pow(mean - 49.5, 2) / EPOCHS;
  }
  /* A count has the variance 0.3 * 0.7 EPOCHS, and two have the covariance -0.3 * 0.7/99 EPOCHS. For check_uniform the
   * deviations are scaled to the covariances of independent numbers. */
  for (int i = 0; i < 100; i++) hits[i] = 0.3 * EPOCHS + (hits[i] - 0.3 * EPOCHS) / sqrt(0.7 * 100 / 99);
  check_uniform(hits, 100, 1e-6, "numbers in subsets");
  const double exact = (100.0 * 100 - 1) / 12 / 30 * 70 / 99;
  expect(fabs(square / exact - 1) < 4.5 * sqrt(2.0 / EPOCHS), "variance ratio %g", square / exact);
  assert_expected();
}

static void parts_of_subsets_agree(void **state) {
  (void)state;
  enum { SIZE = 777 };
  const struct rng rng = {.seed = 13, .stream = RNG_SUBSET, .network = 5};
  int64_t whole[SIZE], part[SIZE];
  rng_subset(&rng, 5000, SIZE, 0, SIZE, whole);
  for (int i = 0; i < SIZE; i++) assert_true(whole[i] >= 0 && whole[i] < 5000 && (i == 0 || whole[i] > whole[i - 1]));
  for (int first = 0; first < SIZE; first += 100) {
    const int count = SIZE - first < 100 ? SIZE - first : 100;
    rng_subset(&rng, 5000, SIZE, first, count, part);
    assert_memory_equal(part, whole + first, sizeof *part * (size_t)count);
  }
  rng_subset(&rng, SIZE, SIZE, 0, SIZE, part);
  for (int i = 0; i < SIZE; i++) assert_int_equal(part[i], i);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),
      cmocka_unit_test(words_are_philox_of_seed_stream_and_index),
      cmocka_unit_test(normals_are_box_muller),
      cmocka_unit_test(bits_are_the_same_on_all_machines),
      cmocka_unit_test(normals_have_the_moments),
      cmocka_unit_test(sphere_points_have_radius_sqrt_d),
      cmocka_unit_test(shuffles_are_permutations),
      cmocka_unit_test(all_orders_are_equally_frequent),
      cmocka_unit_test(orders_are_uniform),
      cmocka_unit_test(subsets_are_uniform),
      cmocka_unit_test(parts_of_subsets_agree),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
