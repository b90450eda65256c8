#include "base/exact_sum.h"

#include <math.h>
#include <string.h>

#include "base/target_clones.h"

/* For |v| < 2^51, v + 1.5 * 2^52 is the integer nearest to v, plus 1.5 * 2^52; numbers of this size are 1 apart, and so
 * are their bits. */
static const double ROUND = 0x1.8p52;

static int64_t bits(double v) {
  int64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

/* The compiler vectorizes this loop, because it does not convert doubles to integers: vectors have such a conversion
 * only with AVX-512. */
TARGET_CLONES void exact_sum_add(int count, const double *restrict v, int64_t *restrict sum) {
  int64_t *restrict l0 = sum, *restrict l1 = sum + count, *restrict l2 = sum + 2 * (int64_t)count;
  int64_t invalid = 0;
  for (int i = 0; i < count; i++) {
    const bool valid = fabs(v[i]) < 0x1p39; /* false for NaN */
    invalid |= !valid;
    const double term = valid ? v[i] : 0, head = term + ROUND;
    const double middle = (term - (head - ROUND)) * 0x1p40; /* exact: |term - (head - ROUND)| <= 1/2 */
    const double whole = middle + ROUND;
    const double low = (middle - (whole - ROUND)) * 0x1p40 + ROUND;
    l0[i] += bits(head) - bits(ROUND);
    l1[i] += bits(whole) - bits(ROUND);
    l2[i] += bits(low) - bits(ROUND);
  }
  sum[3 * (int64_t)count] |= invalid;
}

/* Returns (h 2^80 + m 2^40 + l) 2^-80 for h >= 0 and 0 <= m, l < 2^40, rounded once to nearest, ties to even. */
static double round_once(uint64_t h, uint64_t m, uint64_t l) {
  const unsigned __int128 low = (unsigned __int128)m << 40 | l;
  if (h == 0) {
    const uint64_t upper = (uint64_t)(low >> 64);
    if (upper == 0) return (double)(uint64_t)low * 0x1p-80;
    /* Keeps the highest 64 bits. If any bit below them is set, also sets the lowest of them (sticky bit), so that the
     * conversion to double rounds correctly. */
    const int shift = 64 - __builtin_clzll(upper);
    const uint64_t top = (uint64_t)(low >> shift), rest = (uint64_t)low & ((UINT64_C(1) << shift) - 1);
    return ldexp((double)(top | (rest != 0)), shift - 80);
  }
  const int shift = __builtin_clzll(h);
  const uint64_t top = shift ? h << shift | (uint64_t)(low >> (80 - shift)) : h;
  const unsigned __int128 rest = low & (((unsigned __int128)1 << (80 - shift)) - 1);
  return ldexp((double)(top | (rest != 0)), -shift);
}

/* Propagates carries so that m and l are in [0, 2^40). */
static void carry(int64_t *h, int64_t *m, int64_t *l) {
  *m += *l >> 40;
  *l &= (INT64_C(1) << 40) - 1;
  *h += *m >> 40;
  *m &= (INT64_C(1) << 40) - 1;
}

/* Returns (h 2^80 + m 2^40 + l) 2^-80 for limbs of any size, rounded once. */
static double round_limbs(int64_t h, int64_t m, int64_t l) {
  carry(&h, &m, &l);
  const bool negative = h < 0;
  if (negative) {
    h = -h;
    m = -m;
    l = -l;
    carry(&h, &m, &l);
  }
  const double size = round_once((uint64_t)h, (uint64_t)m, (uint64_t)l);
  return negative ? -size : size;
}

/* Returns whether -2^bits <= v < 2^bits. */
static bool fits(int64_t v, int bits) {
  return (uint64_t)v + (UINT64_C(1) << bits) < UINT64_C(2) << bits;
}

bool exact_sum_value(int count, const int64_t *restrict sum, double *restrict v) {
  if (sum[3 * (int64_t)count] != 0) return false;
  for (int i = 0; i < count; i++) {
    const int64_t h = sum[i], m = sum[count + i], l = sum[2 * (int64_t)count + i];
    const int64_t middle = m + (l >> 40), low = l & ((INT64_C(1) << 40) - 1);
    if (fits(h, 11) && fits(middle, 51)) /* both operands of the addition are exact, so it rounds once */
      v[i] = (double)(h * (INT64_C(1) << 40) + middle) * 0x1p-40 + (double)low * 0x1p-80;
    else
      v[i] = round_limbs(h, m, l);
  }
  return true;
}

static double wide_scale(int scale) {
  static const double scales[WIDE_SCALES] = {0x1p80, 0x1p40, 1, 0x1p-40, 0x1p-80};
  return scales[scale];
}

void wide_sum_add(double v, int64_t *sum) {
  for (int scale = 0; scale < WIDE_SCALES; scale++) {
    const double scaled = v * wide_scale(scale);
    exact_sum_add(1, &scaled, sum + scale * EXACT_LIMBS(1));
  }
}

bool wide_sum_value(const int64_t *sum, double *v) {
  for (int scale = 0; scale < WIDE_SCALES; scale++)
    if (exact_sum_value(1, sum + scale * EXACT_LIMBS(1), v)) {
      *v /= wide_scale(scale);
      return true;
    }
  return false;
}
