// ranks: 1
/* rng: the known answers of Random123; the distributions of the numbers; permutations are uniform bijections. */
#include <Random123/philox.h>
#include <math.h>
#include <stdlib.h>

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

static void permutations_are_bijections(void **state) {
  (void)state;
  const struct rng rng = {.seed = 8, .stream = RNG_DATA_ORDER, .network = 3};
  const int64_t counts[] = {1, 2, 3, 4, 5, 16, 17, 100, 255, 257, 1000, 4096, 65537};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    char *is_image = calloc((size_t)counts[i], 1);
    int64_t fixed = 0;
    for (int64_t p = 0; p < counts[i]; p++) {
      const int64_t image = rng_permute(&rng, 9, counts[i], p);
      assert_true(image >= 0 && image < counts[i] && !is_image[image]);
      is_image[image] = 1;
      fixed += image == p;
    }
    if (counts[i] >= 100) assert_true(fixed < 10); /* one fixed point on average */
    free(is_image);
  }
}

/* The images of each of 10 elements under many permutations are uniform: chi^2 with 9 degrees of freedom is below 46.9,
 * its 1 - 4e-7 quantile. */
static void permutations_are_uniform(void **state) {
  (void)state;
  enum { COUNT = 10, MANY = 20000 };
  const struct rng rng = {.seed = 21, .stream = RNG_DATA_ORDER};
  for (int64_t position = 0; position < COUNT; position++) {
    double hits[COUNT] = {0}, chi2 = 0;
    for (uint64_t id = 0; id < MANY; id++) hits[rng_permute(&rng, id, COUNT, position)]++;
    for (int i = 0; i < COUNT; i++) chi2 += pow(hits[i] - MANY / COUNT, 2) / (MANY / COUNT);
    assert_true(chi2 < 46.9);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),   cmocka_unit_test(words_are_philox_of_seed_stream_and_index),
      cmocka_unit_test(normals_are_box_muller),           cmocka_unit_test(normals_have_the_moments),
      cmocka_unit_test(sphere_points_have_radius_sqrt_d), cmocka_unit_test(permutations_are_bijections),
      cmocka_unit_test(permutations_are_uniform),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
