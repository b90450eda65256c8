/* All inputs are volatile, so that the answers are not computed at compile time. */
#include "base/arithmetic.h"

#include <fenv.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/exact_sum.h"
#include "base/rng.h"

static double input(double value) {
  volatile double hidden = value;
  return hidden;
}

/* ---- process modes ---- */

static bool rounds_to_nearest(void) {
  const double one = input(1), half = input(0x1p-53); /* half of the distance from 1 to the next larger number */
  return fegetround() == FE_TONEAREST && input(one + half) == 1 && input(one + 1.5 * half) > 1 &&
         input(-one - half) == -1;
}

static bool keeps_subnormal_numbers(void) {
  const double least = input(0x1p-1022), subnormal = input(0x1p-1074);
  return input(least / 2) > 0 && input(least / 2) * 2 == least && subnormal > 0 && input(subnormal * 0x1p52) == least;
}

/* ---- compiler options ---- */

static bool has_double_constants(void) {
  return input(0.1) != (double)0.1f;
}

static bool rounds_by_magic_number(void) {
  const double x = input(2.75), y = input(-2.5), magic = 0x1.8p52;
  return (x + magic) - magic == 3 && (y + magic) - magic == -2;
}

static bool keeps_the_order_of_sums(void) {
  const double large = input(0x1p53), one = input(1);
  return (one + large) - large == 0 && (large - one) + one == large && one + (large - large) == 1;
}

static bool compares_nan(void) {
  const double zero = input(0), nan = input(zero / zero), infinite = input(1 / zero);
  return nan != nan && !(nan < 1) && !(nan > 1) && isnan(nan) && !isfinite(nan) && !isfinite(infinite) && infinite > 1;
}

static bool divides(void) {
  const double x = input(49), y = input(49), z = input(98), w = input(147); /* 49 times the rounded 1/49 is below 1 */
  return x / 49 == 1 && x / y == 1 && z / y == 2 && w / y == 3;
}

static bool rounds_each_operation(void) {
  const double x = input(1 + 0x1p-30), square = input(1 + 0x1p-29); /* x^2 rounded, which is x^2 - 2^-60 */
  return x * x - square == 0;
}

/* ---- code that depends on modes and options ---- */

/* The exact value of 2^38 + 0.1 + 2^-56 - 2^38 is the next double above 0.1; ordinary summation loses the 2^-56. */
static bool sums_exactly(void) {
  const double large = input(0x1p38), terms[] = {large, input(0.1), input(0x1p-56), -large}, nan = input(NAN);
  int64_t sum[EXACT_LIMBS(1)] = {0};
  double value = 0;
  for (int i = 0; i < 4; i++) exact_sum_add(1, &terms[i], sum);
  const bool right = exact_sum_value(1, sum, &value) && value == 0x1.999999999999bp-4;
  exact_sum_add(1, &nan, sum);
  return right && !exact_sum_value(1, sum, &value);
}

/* Compares the random numbers (base/rng.h) for key 0 and counter 0 with known answers. The known words are test vectors
 * of Random123. */
static bool draws_known_numbers(void) {
  static const double normal[4] = {0x1.0e4557d36c46dp-2, -0x1.58120c000f82ep-2, -0x1.ec91bbbf8b14bp+0,
                                   0x1.33e630a91a82p-4};
  volatile uint64_t seed = 0;
  const struct rng rng = {.seed = seed};
  uint64_t bits[4];
  double drawn[4];
  rng_bits(&rng, 0, 0, bits);
  rng_normal(&rng, 0, 4, drawn);
  bool right = bits[0] == UINT64_C(0x16554d9eca36314c) && bits[3] == UINT64_C(0x7e68b68aec7ba23b);
  for (int i = 0; i < 4; i++) right = right && drawn[i] == normal[i];
  return right;
}

#define MODE                                                                                                           \
  "The program was linked with -Ofast, or a library (LD_PRELOAD) changes the floating-point mode: rebuild the "        \
  "program without -Ofast, or remove the library"
#define OPTIONS "Rebuild without -Ofast, -ffast-math, -fsingle-precision-constant and similar options: `make clean all`"

static const struct answer {
  bool (*right)(void);
  const char *expected, *received, *advice;
} answer_table[] = {
    /* First, because the constants of the other answers depend on it. */
    {has_double_constants, "the constant 0.1 in double precision", "0.1 in single precision", OPTIONS},
    {rounds_to_nearest, "rounding to nearest", "another rounding mode", MODE},
    {keeps_subnormal_numbers, "subnormal numbers", "zeros", MODE},
    {rounds_by_magic_number, "(x + 1.5 2^52) - 1.5 2^52 to round x to an integer", "another value", OPTIONS},
    {keeps_the_order_of_sums, "(1 + 2^53) - 2^53 = 0, in this order", "another value", OPTIONS},
    {compares_nan, "x != x for NaN", "another result", OPTIONS},
    {divides, "49 / 49 = 1", "a product with a rounded reciprocal", OPTIONS},
    {rounds_each_operation, "x x - y with the product rounded", "a fused or wider operation", OPTIONS},
    {sums_exactly, "the known value of an exact sum", "another value", OPTIONS},
    {draws_known_numbers, "known random numbers", "other numbers", OPTIONS},
};
enum { ANSWERS = sizeof answer_table / sizeof *answer_table };

int arithmetic_check(void) {
  for (int i = 0; i < ANSWERS; i++) {
    const struct answer *answer = &answer_table[i];
    if (answer->right()) continue;
    return FAIL(USAGE, "arithmetic: expected %s, received %s: results would be wrong. %s", answer->expected,
                answer->received, answer->advice);
  }
  return OK;
}
