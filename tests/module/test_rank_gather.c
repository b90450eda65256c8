// ranks: 1 2 3 4 5 7 8
/* rank_gather: neighbors cover all ranks; gathers of any parts are complete, several at a time. */
#include <stdlib.h>

#include "harness.h"
#include "parallel/rank_gather.h"
#include "parallel/rank_sum.h"

static void groups_of_neighbors_cover_all_ranks(void **state) {
  (void)state;
  for (int size = 1; size <= 1100; size++) {
    int first = 0, end = 0;
    for (int rank = 0; rank < size; rank++) {
      const struct comm comm = {.rank = rank, .size = size};
      const struct neighbors group = rank_gather_neighbors(&comm);
      if (rank == end) {
        first = rank;
        end = rank + group.count;
      }
      expect(group.first == first && group.first + group.count == end && end <= size,
             "rank %d of %d: group of %d from %d", rank, size, group.count, group.first);
      expect(group.count <= RANK_GATHER_MAX && group.count >= (size < 4   ? size
                                                               : size < 6 ? 2
                                                                          : 3),
             "rank %d of %d: group of %d", rank, size, group.count);
    }
  }
  assert_expected();
}

/* Parts of 0, 1000 and 300,000 bytes in turn; a sum over all ranks is under way at the same time. */
static void gathers_of_any_parts_are_complete(void **state) {
  (void)state;
  enum { GATHERS = 2, REPEATS = 12, MOST = RANK_GATHER_MAX * 300000 };
  static const int64_t part[] = {0, 1000, 300000};
  const struct neighbors neighbors = rank_gather_neighbors(&world);
  unsigned char *array[GATHERS] = {malloc(MOST), malloc(MOST)};
  struct rank_gather gather[GATHERS] = {0};
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    int64_t cut[GATHERS][RANK_GATHER_MAX + 1] = {0}, word = world.rank, received[64];
    struct rank_sum sum;
    for (int i = 0; i < GATHERS; i++) {
      for (int k = 0; k < neighbors.count; k++) {
        cut[i][k + 1] = cut[i][k] + part[(k + i + repeat) % 3];
        for (int64_t b = cut[i][k]; b < cut[i][k + 1]; b++)
          array[i][b] = k == world.rank - neighbors.first ? (unsigned char)(k + 10 * i + repeat) : 255;
      }
      rank_gather_begin(&neighbors, cut[i], i, array[i], &gather[i]);
    }
    rank_sum_begin(&world, &word, received, 1, 0, &sum);
    for (int t = 0; t < (world.rank + repeat) % 3; t++) rank_gather_progress();
    if (repeat % 2) rank_sum_end(&sum);
    for (int i = 0; i < GATHERS; i++) {
      const int g = (i + world.rank) % GATHERS;
      rank_gather_end(&gather[g]);
      bool right = true;
      for (int k = 0; k < neighbors.count; k++)
        for (int64_t b = cut[g][k]; b < cut[g][k + 1]; b++)
          right &= array[g][b] == (unsigned char)(k + 10 * g + repeat);
      expect(right, "gather %d of repeat %d", g, repeat);
    }
    rank_sum_end(&sum);
    expect(word == (int64_t)world.size * (world.size - 1) / 2, "sum %lld in repeat %d", (long long)word, repeat);
  }
  rank_gather_end(&gather[0]); /* does nothing */
  for (int i = 0; i < GATHERS; i++) free(array[i]);
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(groups_of_neighbors_cover_all_ranks),
      cmocka_unit_test(gathers_of_any_parts_are_complete),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
