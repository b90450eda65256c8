// ranks: 1 2 3 4 5 7 8 67
/* rank_sum: sums over any number of ranks are exact, several at a time, in both algorithms. */
#include <stdlib.h>

#include "harness.h"
#include "parallel/rank_sum.h"

static void fill(int rank, int64_t count, int64_t sum, int64_t *words) {
  for (int64_t i = 0; i < count; i++) words[i] = (INT64_C(1) << 40) * (rank + 1) - i * rank * rank + sum;
}

static bool is_sum(int ranks, int64_t count, int64_t sum, const int64_t *words) {
  int64_t *term = calloc((size_t)count, sizeof *term), *total = calloc((size_t)count, sizeof *total);
  if (!term || !total) die("no memory");
  for (int r = 0; r < ranks; r++) {
    fill(r, count, sum, term);
    for (int64_t i = 0; i < count; i++) total[i] += term[i];
  }
  bool equal = true;
  for (int64_t i = 0; i < count; i++) equal &= words[i] == total[i];
  free(term);
  free(total);
  return equal;
}

/* Recursive doubling up to RANK_SUM_SMALL words, MPI_Iallreduce beyond it. The ranks test some sums more often than
 * others, and end them in an order of their own, so that the sums advance differently on each rank. */
static void several_sums_at_a_time(void **state) {
  (void)state;
  enum { SUMS = 4 };
  const int64_t count[SUMS] = {1, 301, RANK_SUM_SMALL, RANK_SUM_SMALL + 1};
  int64_t *words[SUMS], *received[SUMS];
  struct rank_sum sum[SUMS];
  for (int k = 0; k < SUMS; k++) {
    words[k] = calloc((size_t)count[k], sizeof **words);
    received[k] = calloc((size_t)rank_sum_received(count[k]), sizeof **received);
    if (!words[k] || !received[k]) die("no memory");
  }
  for (int repeat = 0; repeat < 50; repeat++) {
    for (int k = 0; k < SUMS; k++) {
      fill(world.rank, count[k], k + repeat, words[k]);
      rank_sum_begin(&world, words[k], received[k], count[k], k, &sum[k]);
      for (int t = 0; t < (world.rank + repeat) % 3; t++) rank_sum_test(&sum[(k + world.rank) % (k + 1)]);
    }
    for (int i = 0; i < SUMS; i++) {
      const int k = (i + world.rank) % SUMS;
      if (repeat % 2)
        while (!rank_sum_test(&sum[k])) continue;
      rank_sum_end(&sum[k]);
      expect(rank_sum_test(&sum[k]), "sum %d is not complete after its end", k);
      expect(is_sum(world.size, count[k], k + repeat, words[k]), "sum %d of %lld words, repeat %d", k,
             (long long)count[k], repeat);
    }
  }
  for (int k = 0; k < SUMS; k++) {
    free(words[k]);
    free(received[k]);
  }
  assert_expected();
}

static void a_sum_is_complete_when_rank_sum_now_returns(void **state) {
  (void)state;
  int64_t words[301];
  fill(world.rank, 301, 5, words);
  rank_sum_now(&world, words, 301);
  assert_all(is_sum(world.size, 301, 5, words));
  struct rank_sum none = {0};
  rank_sum_end(&none);
  assert_all(rank_sum_test(&none));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(several_sums_at_a_time),
      cmocka_unit_test(a_sum_is_complete_when_rank_sum_now_returns),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
