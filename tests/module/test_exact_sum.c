// ranks: 1 2 3 4
/* exact_sum: sums equal 128-bit integer arithmetic, for any order of the terms and any number of ranks. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/exact_sum.h"
#include "base/rng.h"
#include "harness.h"
#include "parallel/rank_sum.h"

enum { TERMS = 120, SUMS = 50 };

/* Returns the nearest multiple of 2^-80, ties to even, in units of 2^-80; |v| < 2^39. */
static __int128 fixed_point(double v) {
  int exponent;
  const double mantissa = frexp(v, &exponent); /* v = (mantissa 2^53) 2^(exponent - 53) */
  const __int128 whole = (__int128)(mantissa * 0x1p53);
  const int shift = exponent - 53 + 80;
  if (shift >= 0) return whole * ((__int128)1 << shift);
  return (__int128)(rint(ldexp(mantissa, exponent + 80)));
}

/* Terms of all magnitudes; about half of them nearly cancel the previous term of their sum. */
static void make_terms(double term[TERMS][SUMS]) {
  const struct rng rng = {.seed = 4, .stream = RNG_NOISE};
  for (int t = 0; t < TERMS; t++)
    for (int s = 0; s < SUMS; s++) {
      double u[3];
      rng_uniform(&rng, (uint64_t)(t * SUMS + s), 3, u);
      term[t][s] = (2 * u[0] - 1) * exp2(floor(119 * u[1]) - 80);
      if (t > 0 && u[2] < 0.5) term[t][s] = -term[t - 1][s] * (1 + 0x1p-50);
    }
}

static void sums_are_correctly_rounded(void **state) {
  (void)state;
  double term[TERMS][SUMS], value[SUMS];
  int64_t sum[EXACT_LIMBS(SUMS)] = {0};
  make_terms(term);
  for (int t = 0; t < TERMS; t++) exact_sum_add(SUMS, term[t], sum);
  assert_all(exact_sum_value(SUMS, sum, value));
  for (int s = 0; s < SUMS; s++) {
    __int128 total = 0;
    for (int t = 0; t < TERMS; t++) total += fixed_point(term[t][s]);
    expect(value[s] == ldexp((double)total, -80), "sum %d", s); /* the cast rounds to nearest, ties to even */
  }
  assert_expected();
}

/* A checksum of the words of the sums, made on x86-64 with GCC. */
static void bits_are_the_same_on_all_machines(void **state) {
  (void)state;
  double term[TERMS][SUMS];
  int64_t sum[EXACT_LIMBS(SUMS)] = {0};
  make_terms(term);
  for (int t = 0; t < TERMS; t++) exact_sum_add(SUMS, term[t], sum);
  assert_int_equal(crc32c(0, sum, sizeof sum), 0x42e874a3);
}

/* sum += sign 2^exponent for -80 <= exponent < 62, in the limb that can hold it. */
static void add_power(int sign, int exponent, int64_t *sum) {
  const int limb = exponent >= 0 ? 0 : exponent >= -40 ? 1 : 2;
  sum[limb] += sign * (INT64_C(1) << (exponent + 40 * limb));
}

/* The sum sign (2^e + odd 2^(e-52) + 2^(e-53) + beside 2^-80) is the midpoint of two neighboring doubles if beside = 0,
 * otherwise 2^-80 off. */
static void check_tie(int sign, int e, int odd, int beside) {
  int64_t sum[EXACT_LIMBS(1)] = {0};
  double value;
  add_power(sign, e, sum);
  if (odd) add_power(sign, e - 52, sum);
  add_power(sign, e - 53, sum);
  if (beside != 0) add_power(sign * beside, -80, sum);
  const bool up = beside > 0 || (beside == 0 && odd); /* ties to even */
  const double nearest = sign * (ldexp(1, e) + (odd + up) * ldexp(1, e - 52));
  const bool finite = exact_sum_value(1, sum, &value);
  expect(finite && value == nearest, "%d (2^%d + %d ulp + ulp/2 + %d 2^-80): expected %a, received %a", sign, e, odd,
         beside, nearest, value);
}

/* If a sum is within 2^-80 of the midpoint of two doubles, the last limb decides how it is rounded. e covers both
 * branches of the rounding: sums below 1 and sums above. */
static void sums_near_midpoints_are_correctly_rounded(void **state) {
  (void)state;
  for (int e = -26; e < 62; e++)
    for (int sign = -1; sign <= 1; sign += 2)
      for (int odd = 0; odd <= 1; odd++)
        for (int beside = -1; beside <= 1; beside++) check_tie(sign, e, odd, beside);
  assert_expected();
  int64_t sum[EXACT_LIMBS(1)] = {0};
  double value;
  const double term[] = {1, 0x1p-53, 0x1p-80}; /* the same by exact_sum_add */
  for (int i = 0; i < 3; i++) exact_sum_add(1, &term[i], sum);
  assert_all(exact_sum_value(1, sum, &value) && value == 1 + 0x1p-52);
}

static void order_and_ranks_do_not_matter(void **state) {
  (void)state;
  double term[TERMS][SUMS], value[SUMS], shared[SUMS];
  int64_t sum[EXACT_LIMBS(SUMS)] = {0}, own[EXACT_LIMBS(SUMS)] = {0};
  make_terms(term);
  for (int t = 0; t < TERMS; t++) exact_sum_add(SUMS, term[t], sum);
  for (int t = TERMS - 1; t >= 0; t--)
    if (7 * t % world.size == world.rank) exact_sum_add(SUMS, term[t], own);
  rank_sum_now(&world, own, EXACT_LIMBS(SUMS));
  assert_all(exact_sum_value(SUMS, sum, value) && exact_sum_value(SUMS, own, shared));
  assert_all(memcmp(value, shared, sizeof value) == 0);
}

static void extreme_terms_are_summed_exactly(void **state) {
  (void)state;
  enum { MANY = EXACT_TERMS_MAX };
  const double most = nextafter(0x1p39, 0);
  int64_t sum[EXACT_LIMBS(2)] = {0};
  double value[2];
  for (int i = 0; i < MANY; i++) exact_sum_add(2, (const double[]){most, -most}, sum);
  assert_all(exact_sum_value(2, sum, value));
  assert_all(value[0] == MANY * most && value[1] == -MANY * most);
  int64_t zero[EXACT_LIMBS(1)] = {0};
  exact_sum_add(1, (const double[]){0x1p-90}, zero); /* below the resolution of the last limb */
  assert_all(exact_sum_value(1, zero, value) && value[0] == 0);
}

static void terms_out_of_range_are_reported(void **state) {
  (void)state;
  const double bad[] = {NAN, INFINITY, -INFINITY, 0x1p39, -0x1p39, 1e300};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t sum[EXACT_LIMBS(3)] = {0};
    double value[3] = {7, 7, 7};
    exact_sum_add(3, (const double[]){1, world.rank == world.size - 1 ? bad[i] : 1, 1}, sum);
    rank_sum_now(&world, sum, EXACT_LIMBS(3));
    assert_all_for(!exact_sum_value(3, sum, value) && value[0] == 7, "the term %g", bad[i]);
  }
}

static void wide_sums_accept_terms_of_any_size(void **state) {
  (void)state;
  const double sizes[] = {1e-35, 1e-20, 1, 1e11, 1e13, 1e30};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    int64_t sum[WIDE_LIMBS] = {0};
    double value, plain = 0;
    for (int k = world.rank; k < 400; k += world.size) wide_sum_add(sizes[i] / (k + 1), sum);
    for (int k = 0; k < 400; k++) plain += sizes[i] / (k + 1);
    rank_sum_now(&world, sum, WIDE_LIMBS);
    assert_all_for(wide_sum_value(sum, &value) && fabs(value - plain) <= 1e-12 * plain, "terms of size %g", sizes[i]);
  }
  int64_t sum[WIDE_LIMBS] = {0};
  double value = 7;
  wide_sum_add(NAN, sum);
  assert_all(!wide_sum_value(sum, &value) && value == 7);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums_are_correctly_rounded),
      cmocka_unit_test(bits_are_the_same_on_all_machines),
      cmocka_unit_test(sums_near_midpoints_are_correctly_rounded),
      cmocka_unit_test(order_and_ranks_do_not_matter),
      cmocka_unit_test(extreme_terms_are_summed_exactly),
      cmocka_unit_test(terms_out_of_range_are_reported),
      cmocka_unit_test(wide_sums_accept_terms_of_any_size),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
