/* unit_sum: exact sums over the units of a network. Each term comes from one tile or block, so that networks of up to
 * NETWORK_UNITS_MAX units have at most EXACT_TERMS_MAX terms.
 *
 * Each sum is kept in words of int64 (base/exact_sum.h). Integer addition gives the same words in any order: first the
 * terms of a thread are added, then the words of the threads of a rank, then the words of the ranks that share the
 * network. Therefore a sum does not depend on the number of ranks and threads.
 *
 *   UNIT_SUM_NARROW   |term| < 2^39; error per term at most 2^-81; for outputs; 3 words per sum, plus one flag word
 *   UNIT_SUM_WIDE     |term| < 2^119; error per term at most 2^-78 times the largest term (base/exact_sum.h has the
 *                     bound for tiny terms); for particle means; 20 words per sum */
#ifndef MCKEAN_DYNAMICS_UNIT_SUM_H
#define MCKEAN_DYNAMICS_UNIT_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/exact_sum.h"
#include "particles/particles.h"

enum unit_sum_range { UNIT_SUM_NARROW, UNIT_SUM_WIDE };

/* Local. Returns the number of words of `count` sums. The caller sets all words to zero before the first term. */
static inline int64_t unit_sum_words(enum unit_sum_range range, int count) {
  return range == UNIT_SUM_NARROW ? EXACT_LIMBS(count) : (int64_t)WIDE_LIMBS * count;
}

/* Local. Adds term [count] to `count` sums. A term that is not finite, or is out of range, makes its sum invalid; with
 * UNIT_SUM_NARROW it makes all `count` sums invalid. */
void unit_sum_add(enum unit_sum_range range, int count, const double *term, int64_t *words);

/* Local. total [words] += own [words]. Threads may call it at the same time. */
void unit_sum_merge(int64_t words, const int64_t *own, int64_t *total);

/* Adds total [words] over the ranks that share the network, in place. Collective over these ranks. */
void unit_sum_over_ranks(const struct local_network *local, int64_t words, int64_t *total);

/* Local. sum [count] = the values of the sums, correctly rounded. Returns false if a term was not finite or out of
 * range. Its sum is then NAN; with UNIT_SUM_NARROW all `count` sums are NAN. */
bool unit_sum_values(enum unit_sum_range range, int count, const int64_t *words, double *sum);

#endif
