#include "dynamics/unit_sum.h"

#include <math.h>

#include "parallel/rank_sum.h"

void unit_sum_add(enum unit_sum_range range, int count, const double *term, int64_t *words) {
  if (range == UNIT_SUM_NARROW)
    exact_sum_add(count, term, words);
  else
    for (int i = 0; i < count; i++) wide_sum_add(term[i], words + (int64_t)i * WIDE_LIMBS);
}

void unit_sum_merge(int64_t words, const int64_t *own, int64_t *total) {
#pragma omp critical(unit_sum)
  for (int64_t i = 0; i < words; i++) total[i] += own[i];
}

void unit_sum_over_ranks(const struct local_network *local, int64_t words, int64_t *total) {
  if (local->group) rank_sum_now(local->group, total, words);
}

bool unit_sum_values(enum unit_sum_range range, int count, const int64_t *words, double *sum) {
  bool finite = true;
  if (range == UNIT_SUM_NARROW) {
    finite = exact_sum_value(count, words, sum);
    for (int i = 0; i < count && !finite; i++) sum[i] = NAN;
    return finite;
  }
  for (int i = 0; i < count; i++)
    if (!wide_sum_value(words + (int64_t)i * WIDE_LIMBS, &sum[i])) {
      sum[i] = NAN;
      finite = false;
    }
  return finite;
}
