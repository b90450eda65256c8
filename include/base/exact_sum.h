/* exact_sum: sums of doubles that do not depend on the order of their terms.
 *
 * A term v, |v| < 2^39, is split into v = l0 + l1 2^-40 + l2 2^-80 with integers l0, l1, l2 (limbs). The remainder, at
 * most 2^-81, is rounded away once per term. Limbs are added as int64. Integer addition does not depend on the order,
 * so a sum over blocks has the same bits for every distribution of the blocks over ranks and threads. A limb of a term
 * is at most 2^39 in size, so EXACT_TERMS_MAX terms of any admissible size fit without overflow. Nothing detects an
 * overflow: callers limit the number of terms.
 *
 * `count` sums occupy EXACT_LIMBS(count) words of int64, all zero at the start: limbs [3][count], then one flag word,
 * which is nonzero if a term was out of range or not finite. MPI_SUM of these words over ranks gives the sum over
 * ranks. All functions are local. */
#ifndef MCKEAN_BASE_EXACT_SUM_H
#define MCKEAN_BASE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

enum { EXACT_TERMS_MAX = (1 << 24) - 1 };
#define EXACT_LIMBS(count) (3 * (int64_t)(count) + 1)

/* sum[i] += v[i] for i = 0 .. count-1. A term that is out of range or not finite sets the flag word instead. Cost: 0.5
 * ns per term in the cache on AMD Zen 4. */
void exact_sum_add(int count, const double *restrict v, int64_t *restrict sum);

/* v[i] = sum[i], correctly rounded. If the flag word is set, returns false and leaves v unchanged. */
bool exact_sum_value(int count, const int64_t *restrict sum, double *restrict v);

/* One sum of doubles of widely different sizes, |v| < 2^119. There are WIDE_SCALES factors, 2^80 to 2^-80. For each
 * factor, sum holds one exact sum of the terms multiplied by this factor. wide_sum_value uses the largest factor at
 * which all terms were in range. Each term adds an error of at most 2^-78 times the largest term if the largest term
 * exceeds 2^-81, and of at most 2^-161 otherwise. sum has WIDE_LIMBS words, all zero at the start. If a term was out of
 * range or not finite, wide_sum_value returns false and leaves *v unchanged. */
enum { WIDE_SCALES = 5, WIDE_LIMBS = WIDE_SCALES * EXACT_LIMBS(1) };
void wide_sum_add(double v, int64_t *sum);
bool wide_sum_value(const int64_t *sum, double *v);

#endif
