/* unit_sum: exact sums over the units of a network, from terms of its tiles or blocks.
 *
 * Terms go into words of integers (base/exact_sum.h), which add up in any order: first those of a thread, then those of
 * the threads of a rank, then those of the ranks that share the network. So a sum does not depend on their number.
 *
 *   UNIT_SUM_NARROW   terms below 2^39, absolute error 2^-81 each: outputs, 3 words per number
 *   UNIT_SUM_WIDE     terms below 2^119, relative error 2^-78: means of parameters, 20 words per number */
#ifndef MCKEAN_DYNAMICS_UNIT_SUM_H
#define MCKEAN_DYNAMICS_UNIT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/exact_sum.h"
#include "particles/particles.h"

enum unit_sum_range { UNIT_SUM_NARROW, UNIT_SUM_WIDE };

static inline int64_t unit_sum_words(enum unit_sum_range range, int count) {
  return range == UNIT_SUM_NARROW ? EXACT_LIMBS(count) : (int64_t)WIDE_LIMBS * count;
}

/* Local. words += term [count]. */
void unit_sum_add(enum unit_sum_range range, int count, const double *term, int64_t *words);

/* Local. total += own, `words` of them. Threads may call it at the same time. */
void unit_sum_merge(int64_t words, const int64_t *own, int64_t *total);

/* Collective over the ranks that share the network. total += the words of the other ranks, `words` of them. */
void unit_sum_over_ranks(const struct local_network *local, int64_t words, int64_t *total);

/* Local. sum [count] = the sums, correctly rounded. False if a term was not finite or out of range: such a sum is NAN;
 * in the narrow range all of them are. */
bool unit_sum_values(enum unit_sum_range range, int count, const int64_t *words, double *sum);

#endif
