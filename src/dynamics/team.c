#include "dynamics/team.h"

#include <omp.h>

enum { SMALL_BLOCKS = 8 }; /* per thread; threads that share a network with fewer blocks have unequal work */

int team_count(int threads) {
  return TEAM_SINGLE + (threads > 1 ? threads : 0);
}

struct team team_of(int index, int threads) {
  const bool single = index >= TEAM_SINGLE;
  return (struct team){index, single ? 1 : threads, single ? index - TEAM_SINGLE : 0};
}

void team_run(const struct team *team, int64_t count, team_work *work, const void *context) {
  if (team->threads == 1 || count <= 1) {
    work(context, team->first, 0, count);
    return;
  }
#pragma omp parallel num_threads(team->threads)
  {
    const int64_t k = omp_get_thread_num(), threads = omp_get_num_threads(), up = threads - 1;
    const int64_t begin = (count * k + up) / threads, end = (count * (k + 1) + up) / threads;
    if (begin < end) work(context, team->first + (int)k, begin, end);
  }
}

bool team_small(int threads, int64_t blocks) {
  return blocks < SMALL_BLOCKS * threads;
}

bool team_is_small(int threads, const struct local_network *local) {
  return !local->group && team_small(threads, local->blocks);
}

bool team_single_threads(const struct particles *particles, int threads) {
  int small = 0;
  if (threads == 1) return false;
  for (int s = particles->split; s < particles->locals; s++) small += team_is_small(threads, &particles->local[s]);
  return small >= threads;
}

int64_t team_tiles(const struct particles *particles, int threads, int index) {
  const bool single_threads = team_single_threads(particles, threads);
  int64_t most = 0;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const bool single = single_threads && team_is_small(threads, local);
    const bool served = s < particles->split  ? index == s
                        : index == TEAM_LARGE ? !single
                                              : index >= TEAM_SINGLE && single;
    if (served && local->blocks * BLOCK_TILES > most) most = local->blocks * BLOCK_TILES;
  }
  return most;
}
