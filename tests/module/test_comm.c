// ranks: 1 2 3 4
/* comm: agreement, groups, sums, gathering, redistribution and the common ISA level follow their contracts at every
 * rank count. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static void agree_returns_the_worst_status_and_its_text(void **state) {
  (void)state;
  assert_ok(comm_agree(&world, OK));
  const int last = world.size - 1;
  int status = world.rank == last ? FAIL(USAGE, "dt must be > 0, received -1") : OK;
  assert_status(USAGE, comm_agree(&world, status));
  assert_all(strstr(error_text(), "dt must be > 0, received -1") != NULL);
  assert_all(world.size == 1 || strstr(error_text(), "rank ") != NULL);
  /* If all ranks fail in the same way, the text names no rank. */
  assert_status(FAILED, comm_agree(&world, FAIL(FAILED, "disk full")));
  assert_all(strcmp(error_text(), "disk full") == 0);
}

static void same_names_the_rank_that_differs(void **state) {
  (void)state;
  assert_ok(comm_same(&world, "the input", "n: 3", "use one file"));
  if (world.size == 1) return;
  const bool differs = world.rank >= world.size / 2 && world.rank > 0;
  assert_status(USAGE, comm_same(&world, "the input", differs ? "n: 4" : "n: 3", "use one file"));
  char rank[64];
  snprintf(rank, sizeof rank, "rank %d of %d: the input", world.size / 2, world.size);
  assert_all(strstr(error_text(), rank) != NULL);
  assert_all(strstr(error_text(), "\"n: 3\", received \"n: 4\" on ") != NULL);
}

static void split_forms_groups_by_color(void **state) {
  (void)state;
  struct comm *half = comm_split(&world, world.rank % 2 ? -1 : 0);
  assert_all((half != NULL) == (world.rank % 2 == 0));
  assert_all(!half || half->size == (world.size + 1) / 2);
  comm_free(half);
}

static void sums_cross_all_ranks(void **state) {
  (void)state;
  assert_all(comm_sum(&world, 2) == 2 * world.size);
  assert_all(comm_any(&world, world.rank == world.size - 1) && !comm_any(&world, false));
  assert_all(comm_max(&world, world.rank) == world.size - 1 && comm_min(&world, world.rank) == 0);
}

static void gather_keeps_rank_order_and_unequal_sizes(void **state) {
  (void)state;
  char mine[8];
  memset(mine, 'a' + world.rank, sizeof mine);
  void *all;
  int64_t bytes_of[64] = {0};
  comm_gather(&world, mine, world.rank, &all, bytes_of);
  expect(world.rank == 0 || all == NULL, "a rank that gathers nothing");
  if (world.rank == 0)
    for (int r = 0, at = 0; r < world.size; at += r, r++) {
      expect(bytes_of[r] == r, "bytes of rank %d", r);
      for (int i = 0; i < r; i++) expect(((char *)all)[at + i] == 'a' + r, "byte %d of rank %d", i, r);
    }
  free(all);
  assert_expected();
}

static void all_ranks_gather_in_rank_order(void **state) {
  (void)state;
  const int64_t units[] = {3, 100000};
  for (size_t i = 0; i < 2; i++) {
    int64_t first[65] = {0};
    for (int r = 0; r < world.size; r++) first[r + 1] = first[r] + units[i] * r + (r == world.size - 1 ? units[i] : 0);
    const size_t own = (size_t)(first[world.rank + 1] - first[world.rank]);
    char *mine = malloc(own + 1), *all = calloc((size_t)first[world.size] + 1, 1);
    assert_all(mine && all);
    memset(mine, 'a' + world.rank, own);
    comm_allgather(&world, mine, first, all);
    expect(all[first[world.size]] == 0, "the byte after the end, %lld bytes per rank", (long long)units[i]);
    for (int r = 0; r < world.size; r++)
      for (int64_t at = first[r]; at<first[r + 1]; at += first[r + 1] - at> 4096 ? 4096 : 1)
        expect(all[at] == 'a' + r, "byte %lld of rank %d", (long long)(at - first[r]), r);
    free(mine);
    free(all);
    assert_expected();
  }
}

enum { ITEMS = 23 };

static int64_t item_offset(const void *context, int64_t item) {
  (void)context;
  return item * (item + 1) / 2; /* item i has i + 1 bytes */
}

static void redistribute_moves_every_byte_to_its_new_owner(void **state) {
  (void)state;
  int64_t old[65], new[65];
  for (int r = 0; r <= world.size; r++) {
    old[r] = ITEMS * r / world.size;
    new[r] = r == 0 ? 0 : r == world.size ? ITEMS : ITEMS - ITEMS / (r + 1); /* the first rank receives most items */
  }
  if (world.size > 2) new[1] = 0; /* the first rank receives none */
  const int64_t begin = item_offset(NULL, old[world.rank]), end = item_offset(NULL, old[world.rank + 1]);
  unsigned char *from = malloc((size_t)(end - begin) + 1);
  for (int64_t i = begin; i < end; i++) from[i - begin] = (unsigned char)(7 * i + 3);
  const int64_t to_begin = item_offset(NULL, new[world.rank]), to_end = item_offset(NULL, new[world.rank + 1]);
  unsigned char *to = calloc((size_t)(to_end - to_begin) + 1, 1);
  comm_redistribute(&world, old, new, item_offset, NULL, from, to);
  for (int64_t i = to_begin; i < to_end; i++)
    expect(to[i - to_begin] == (unsigned char)(7 * i + 3), "byte %lld", (long long)i);
  free(from);
  free(to);
  assert_expected();
}

/* First all ranks of the machine share its processors; then all are bound to one processor. */
static void crowding_depends_on_bindings(void **state) {
  (void)state;
  cpu_set_t before, one;
  CPU_ZERO(&one);
  assert_all(sched_getaffinity(0, sizeof before, &before) == 0);
  const int processors = CPU_COUNT(&before);
  assert_all(comm_oversubscription(&world, 1) == world.size - processors);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  assert_all(sched_setaffinity(0, sizeof one, &one) == 0);
  const int excess = comm_oversubscription(&world, 3);
  assert_all(sched_setaffinity(0, sizeof before, &before) == 0);
  assert_all(excess == 3 * world.size - 1);
  /* The first two ranks are bound to the same processor: the node has enough processors, but these two ranks do not. */
  if (world.size >= 2 && processors >= 2) {
    if (world.rank < 2) assert_true(sched_setaffinity(0, sizeof one, &one) == 0);
    const int pair = comm_oversubscription(&world, 1);
    assert_all(sched_setaffinity(0, sizeof before, &before) == 0);
    assert_all(pair >= 1);
  }
}

/* Returns comm_oversubscription if rank 0 runs threads[0] threads on the processor in a, and rank 1 threads[1] threads
 * on that in b, or on both processors if `both`; other ranks run none. Collective. */
static int crowding_of(const int threads[2], bool both, const cpu_set_t *a, const cpu_set_t *b) {
  cpu_set_t before, ab;
  CPU_OR(&ab, a, b);
  const cpu_set_t *own = world.rank == 0 ? a : world.rank == 1 && !both ? b : &ab;
  assert_all(sched_getaffinity(0, sizeof before, &before) == 0);
  assert_all(sched_setaffinity(0, sizeof *own, own) == 0);
  const int excess = comm_oversubscription(&world, world.rank < 2 ? threads[world.rank] : 0);
  assert_all(sched_setaffinity(0, sizeof before, &before) == 0);
  return excess;
}

/* The result is the larger of two excesses of threads: on the processors of one rank, and on the node. */
static void crowding_of_ranks_and_of_nodes(void **state) {
  (void)state;
  cpu_set_t all, a, b;
  CPU_ZERO(&a);
  CPU_ZERO(&b);
  assert_all(sched_getaffinity(0, sizeof all, &all) == 0);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&b) == 0; cpu++)
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, CPU_COUNT(&a) == 0 ? &a : &b);
  if (world.size < 2 || CPU_COUNT(&b) == 0) return;
  assert_all(crowding_of((int[]){2, 0}, false, &a, &b) == 1); /* A is crowded, the node is not */
  assert_all(crowding_of((int[]){2, 2}, false, &a, &b) == 2); /* the node is more crowded than A or B */
  assert_all(crowding_of((int[]){1, 1}, true, &a, &b) == 0);  /* rank 1 can run on B */
}

static void all_ranks_have_the_common_level(void **state) {
  (void)state;
  const enum isa best = isa_best();
  for (int wanted = -1; wanted < ISA_LEVELS; wanted++) {
    const bool available = wanted >= 0 && isa_available((enum isa)wanted);
    assert_all_for(comm_isa(&world, wanted) == (available ? (enum isa)wanted : best), "wanted %d", wanted);
  }
  if (world.rank == world.size - 1) assert_int_equal(isa_limit("portable"), OK);
  for (int wanted = -1; wanted < ISA_LEVELS; wanted++)
    assert_all_for(comm_isa(&world, wanted) == ISA_portable, "wanted %d, portable on one rank", wanted);
  assert_ok(isa_limit(getenv("MCKEAN_ISA")));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agree_returns_the_worst_status_and_its_text),
      cmocka_unit_test(same_names_the_rank_that_differs),
      cmocka_unit_test(split_forms_groups_by_color),
      cmocka_unit_test(sums_cross_all_ranks),
      cmocka_unit_test(gather_keeps_rank_order_and_unequal_sizes),
      cmocka_unit_test(all_ranks_gather_in_rank_order),
      cmocka_unit_test(crowding_depends_on_bindings),
      cmocka_unit_test(crowding_of_ranks_and_of_nodes),
      cmocka_unit_test(all_ranks_have_the_common_level),
      cmocka_unit_test(redistribute_moves_every_byte_to_its_new_owner),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
