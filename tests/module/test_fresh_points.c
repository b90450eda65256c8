// ranks: 1
/* fresh_points: the known answers of Random123; the numbers equal their definition, one point at a time, and have the
 * same bits at all levels; their moments. The labels of the spin target on vectors of points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "data/fresh_points.h"
#include "data/target.h"
#include "harness.h"
#include "particles/kernel.h"

enum { COUNT_MAX = 101 };

static const struct rng a_stream = {.seed = 12, .stream = RNG_DATA_ONLINE, .network = 3, .step = 77};

static void philox_gives_the_known_answers(void **state) {
  (void)state;
  /* From kat_vectors of Random123, philox4x32 with 10 rounds: counter [4], key [2], answer [4]. */
  static const uint32_t known[][10] = {
      {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
      {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
       0x6d5451fd},
      {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
       0x24126ea1},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const uint32_t *k = known[i];
    const struct fresh_stream stream = {.key = {k[4], k[5]}, .nonce = {k[2], k[3]}};
    const int64_t id = (int64_t)k[0] | (int64_t)(k[1] >> 10) << 32;
    uint32_t out[4];
    fresh_bits(&stream, id, (int)(k[1] & 1023), out);
    for (int w = 0; w < 4; w++) assert_true(out[w] == k[6 + w]);
  }
}

/* The definition of number k of a point, with the functions of libm: two numbers per block, by Box and Muller. */
static double naive_normal(const struct fresh_stream *stream, int64_t id, int k) {
  uint32_t word[4];
  fresh_bits(stream, id, k / 2, word);
  const uint64_t mantissa = (UINT64_C(1) << 52) - 1;
  const uint64_t first = (((uint64_t)word[0] << 20) ^ word[1] >> 12) & mantissa;
  const uint64_t second = (((uint64_t)word[2] << 20) ^ word[3] >> 12) & mantissa;
  const double u = 1 - (double)first * 0x1p-52, t = (double)second * 0x1p-52;
  return sqrt(-2 * log(u)) * (k % 2 == 0 ? cos(2 * M_PI * t) : sin(2 * M_PI * t));
}

/* In single precision: four numbers per block, u rounded to single. */
static double naive_normal_single(const struct fresh_stream *stream, int64_t id, int k) {
  uint32_t word[4];
  fresh_bits(stream, id, k / 4, word);
  const uint32_t *pair = word + k % 4 / 2 * 2;
  const double u = (float)(((double)pair[0] + 1) * 0x1p-32), t = (double)pair[1] * 0x1p-32;
  return sqrt(-2 * log(u)) * (k % 2 == 0 ? cos(2 * M_PI * t) : sin(2 * M_PI * t));
}

static void numbers_equal_their_definition(void **state) {
  (void)state;
  const struct fresh_stream stream = fresh_stream_of(&a_stream);
  const int64_t firsts[] = {0, 1, 31, 1000003, (INT64_C(1) << 32) - 7, (INT64_C(1) << 53) + 5};
  const int counts[] = {1, 2, 3, 10, 25, COUNT_MAX};
  for (int i = 0; i < 6; i++) {
    _Alignas(64) double z[COUNT_MAX * POINT_LANES];
    _Alignas(64) float single[COUNT_MAX * POINT_LANES];
    const int from = 4 * i;
    fresh_normal(&stream, firsts[i], from, counts[i], z);
    fresh_normal_single(&stream, firsts[i], from, counts[i], single);
    for (int k = 0; k < counts[i]; k++)
      for (int lane = 0; lane < POINT_LANES; lane++) {
        const int64_t point = firsts[i] + lane;
        const double expected = naive_normal(&stream, point, from + k),
                     rounded = naive_normal_single(&stream, point, from + k);
        expect(fabs(z[k * POINT_LANES + lane] - expected) <= 2e-14 * fmax(1, fabs(expected)), "point %lld, number %d",
               (long long)point, from + k);
        expect(fabs(single[k * POINT_LANES + lane] - rounded) <= 5e-7 * fmax(1, fabs(rounded)),
               "single precision, point %lld, number %d", (long long)point, from + k);
      }
  }
  assert_expected();
}

static void streams_differ(void **state) {
  (void)state;
  struct rng other[] = {a_stream, a_stream, a_stream, a_stream};
  other[0].seed++;
  other[1].stream = RNG_NOISE;
  other[2].network++;
  other[3].step++;
  const struct fresh_stream stream = fresh_stream_of(&a_stream);
  for (int i = 0; i < 4; i++) {
    const struct fresh_stream changed = fresh_stream_of(&other[i]);
    assert_memory_not_equal(&stream, &changed, sizeof stream);
  }
}

/* The points, and the labels of the spin target, have the same bits at all levels and on all machines: those of a
 * checksum made on x86-64 with GCC. */
static void bits_are_the_same_at_all_levels_and_on_all_machines(void **state) {
  (void)state;
  const struct fresh_stream stream = fresh_stream_of(&a_stream);
  const int ds[] = {1, 2, 5, 24, COUNT_MAX};
  uint32_t crc = 0, noise = 0;
  for (int i = 0; i < 5; i++) {
    _Alignas(64) double x[2][COUNT_MAX * POINT_LANES], y[2][POINT_LANES];
    _Alignas(64) float z[2][COUNT_MAX * POINT_LANES];
    struct target *target;
    assert_ok(target_create(&world, &(struct target_spec){.type = TARGET_SPIN, .d = ds[i], .seed = 4}, &target));
    memset(x, 0, sizeof x);
    memset(z, 0, sizeof z);
    for (int isa = 0; isa < ISA_LEVELS; isa++) {
      const int to = isa != ISA_portable;
      if (!isa_processor_has((enum isa)isa)) continue;
      assert_ok(isa_limit(isa_names[isa]));
      fresh_sphere(&stream, 1234567, ds[i], x[to]);
      fresh_normal_single(&stream, 1234567, 0, ds[i], z[to]);
      target->kind->evaluate_lanes(target, x[to], POINT_LANES, y[to]);
      expect(to == 0 || memcmp(x[0], x[1], sizeof x[0]) == 0, "d = %d, level %s", ds[i], isa_names[isa]);
      expect(to == 0 || memcmp(y[0], y[1], sizeof y[0]) == 0, "labels, d = %d, level %s", ds[i], isa_names[isa]);
      expect(to == 0 || memcmp(z[0], z[1], sizeof z[0]) == 0, "noise, d = %d, level %s", ds[i], isa_names[isa]);
    }
    crc = crc32c(crc32c(crc, x[0], sizeof x[0]), y[0], sizeof y[0]);
    noise = crc32c(noise, z[0], sizeof z[0]);
    assert_ok(isa_limit(getenv("MCKEAN_ISA")));
    target_free(target);
  }
  assert_expected();
  assert_int_equal(crc, 0x38c8a504);
  assert_int_equal(noise, 0xf6509103);
}

static void points_lie_on_the_sphere(void **state) {
  (void)state;
  const struct fresh_stream stream = fresh_stream_of(&a_stream);
  for (int d = 1; d <= COUNT_MAX; d += 4) {
    _Alignas(64) double x[COUNT_MAX * POINT_LANES];
    fresh_sphere(&stream, d, d, x);
    for (int lane = 0; lane < POINT_LANES; lane++) {
      double square = 0;
      for (int k = 0; k < d; k++) square += x[k * POINT_LANES + lane] * x[k * POINT_LANES + lane];
      assert_near(square, d, 1e-14);
    }
  }
}

/* Mean, variance, fourth moment and the correlations of neighboring coordinates and of neighboring points of N(0,1)
 * numbers, each within 5 standard errors (probability of a false alarm: 6e-6 together). */
static void have_the_moments(bool in_single) {
  enum { CALLS = 4000, D = 8 };
  const struct fresh_stream stream = fresh_stream_of(&a_stream);
  double sum[5] = {0};
  for (int i = 0; i < CALLS; i++) {
    _Alignas(64) double z[D * POINT_LANES];
    _Alignas(64) float single[D * POINT_LANES];
    fresh_normal(&stream, (int64_t)i * POINT_LANES, 0, D, z);
    fresh_normal_single(&stream, (int64_t)i * POINT_LANES, 0, D, single);
    for (int k = 0; k < D * POINT_LANES && in_single; k++) z[k] = (double)single[k];
    for (int k = 0; k < D; k++)
      for (int lane = 0; lane < POINT_LANES; lane++) {
        const double v = z[k * POINT_LANES + lane];
        sum[0] += v;
        sum[1] += v * v - 1;
        sum[2] += v * v * v * v - 3;
        sum[3] += v * z[(k + 1) % D * POINT_LANES + lane];
        sum[4] += v * z[k * POINT_LANES + (lane + 1) % POINT_LANES];
      }
  }
  const double variance[] = {1, 2, 96, 1, 1}, N = (double)CALLS * D * POINT_LANES;
  for (int m = 0; m < 5; m++)
    expect(fabs(sum[m] / N) < 5 * sqrt(variance[m] / N), "moment %d: %g%s", m, sum[m] / N,
           in_single ? ", single precision" : "");
}

static void normals_have_the_moments(void **state) {
  (void)state;
  have_the_moments(false);
  have_the_moments(true);
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(philox_gives_the_known_answers),
      cmocka_unit_test(numbers_equal_their_definition),
      cmocka_unit_test(streams_differ),
      cmocka_unit_test(bits_are_the_same_at_all_levels_and_on_all_machines),
      cmocka_unit_test(points_lie_on_the_sphere),
      cmocka_unit_test(normals_have_the_moments),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
