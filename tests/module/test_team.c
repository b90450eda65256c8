// ranks: 1
/* team: each item is done once, by a thread of the team; teams of one thread work side by side. */
#include "dynamics/team.h"

#include <omp.h>

#include "harness.h"

enum { ITEMS_MAX = 20, THREADS_MAX = 4 };

struct record {
  int *thread; /* [items]: the thread that did the item; -1: none, -2: several */
  int *calls;  /* [threads] */
};

static void note(const void *context, int thread, int64_t begin, int64_t end) {
  const struct record *record = context;
#pragma omp atomic
  record->calls[thread]++;
  for (int64_t i = begin; i < end; i++) record->thread[i] = record->thread[i] == -1 ? thread : -2;
}

/* Threads get ranges of items in the order of their numbers, whose lengths differ by at most one. No thread gets more
 * than thread 0. */
static void items_are_divided_among_the_threads(void **state) {
  (void)state;
  for (int threads = 1; threads <= THREADS_MAX; threads++)
    for (int count = 0; count <= ITEMS_MAX; count++) {
      const struct team team = team_of(TEAM_LARGE, threads);
      int thread[ITEMS_MAX], calls[THREADS_MAX] = {0}, items[THREADS_MAX] = {0};
      for (int i = 0; i < ITEMS_MAX; i++) thread[i] = -1;
      team_run(&team, count, note, &(struct record){thread, calls});
      for (int i = 0; i < count; i++) {
        expect(thread[i] >= (i > 0 ? thread[i - 1] : 0) && thread[i] < threads, "%d of %d items, %d threads: thread %d",
               i, count, threads, thread[i]);
        if (thread[i] >= 0 && thread[i] < threads) items[thread[i]]++;
      }
      for (int k = 0; k < threads && count > 1; k++)
        expect(calls[k] == (items[k] > 0) && items[k] >= count / threads && items[k] <= items[0] &&
                   items[0] <= (count + threads - 1) / threads,
               "thread %d of %d: %d calls, %d of %d items", k, threads, calls[k], items[k], count);
    }
  assert_expected();
}

/* Each thread of a rank calls team_run for its own team of one thread, which must do all items itself. */
static void teams_of_one_thread_do_all_items(void **state) {
  (void)state;
  enum { NETWORKS = 40 };
  int thread[NETWORKS][ITEMS_MAX], calls[2 * THREADS_MAX] = {0}, total = 0;
  for (int s = 0; s < NETWORKS; s++)
    for (int i = 0; i < ITEMS_MAX; i++) thread[s][i] = -1;
#pragma omp parallel for num_threads(THREADS_MAX) schedule(static)
  for (int s = 0; s < NETWORKS; s++) {
    const struct team team = team_of(TEAM_SINGLE + omp_get_thread_num(), THREADS_MAX);
    team_run(&team, ITEMS_MAX, note, &(struct record){thread[s], calls});
    for (int i = 0; i < ITEMS_MAX; i++)
      if (thread[s][i] == omp_get_thread_num()) thread[s][i] = THREADS_MAX; /* as it should be */
  }
  for (int s = 0; s < NETWORKS; s++)
    for (int i = 0; i < ITEMS_MAX; i++)
      expect(thread[s][i] == THREADS_MAX, "network %d, item %d: thread %d", s, i, thread[s][i]);
  for (int k = 0; k < THREADS_MAX; k++) total += calls[k];
  expect(total == NETWORKS, "%d calls", total);
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(items_are_divided_among_the_threads),
      cmocka_unit_test(teams_of_one_thread_do_all_items),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
