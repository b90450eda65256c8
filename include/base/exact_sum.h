/* exact: sums of doubles that do not depend on the order of their terms.
 *
 * A term v, |v| < 2^39, is cut into v = l0 + l1 2^-40 + l2 2^-80 with integers l0, l1, l2 (the rest, below 2^-81, is
 * rounded away once per term); limbs are added as int64. Integer addition has no order, so a sum over blocks is the
 * same bits for any distribution of the blocks over ranks and threads. Room for 2^22 terms of any size.
 *
 * A sum of count numbers is EXACT_LIMBS(count) int64 words: limb planes [3][count], then one word that is non-zero once
 * any term was not finite or out of range. MPI_SUM of these words over ranks is the sum over ranks. All functions are
 * local. */
#ifndef MCKEAN_BASE_EXACT_SUM_H
#define MCKEAN_BASE_EXACT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define EXACT_LIMBS(count) (3 * (int64_t)(count) + 1)

/* sum += v for each of the count numbers. Cost: under 1 ns per number. */
void exact_sum_add(int count, const double *restrict v, int64_t *restrict sum);

/* v[i] = the correctly rounded value of sum i. Returns false, with v untouched, where a term was bad. */
bool exact_sum_value(int count, const int64_t *restrict sum, double *restrict v);

/* The same for one sum of doubles of any common size: kept at five scales, 2^-80 to 2^80, of which the finest that held
 * all terms is read. Terms below 2^119; relative to the largest term the error is below 2^-78 down to 2^-81, and below
 * 2^-161 absolutely. WIDE_LIMBS words. */
enum { WIDE_SCALES = 5, WIDE_LIMBS = WIDE_SCALES * EXACT_LIMBS(1) };
void wide_sum_add(double v, int64_t *sum);
bool wide_sum_value(const int64_t *sum, double *v);

#endif
