#include "dynamics/team.h"

enum { SMALL_BLOCKS = 8 }; /* per thread; threads that share a network with fewer blocks have unequal work */

int team_count(int threads) {
  return TEAM_SINGLE + (threads > 1 ? threads : 0);
}

struct team team_of(int index, int threads) {
  const bool single = index >= TEAM_SINGLE;
  return (struct team){index, single ? 1 : threads, single ? index - TEAM_SINGLE : 0};
}

bool team_small(int threads, int64_t blocks) {
  return blocks < SMALL_BLOCKS * threads;
}

static bool is_small(int threads, const struct local_network *local) {
  return !local->group && team_small(threads, local->blocks);
}

bool team_single_threads(const struct particles *particles, int threads) {
  int small = 0;
  for (int s = particles->split; s < particles->locals; s++) small += is_small(threads, &particles->local[s]);
  return threads > 1 && small >= threads;
}

bool team_is_single_thread(const struct particles *particles, int threads, const struct local_network *local) {
  return is_small(threads, local) && team_single_threads(particles, threads);
}

int64_t team_tiles(const struct particles *particles, int threads, int index) {
  const bool single_threads = team_single_threads(particles, threads);
  int64_t most = 0;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const bool single = single_threads && is_small(threads, local);
    const bool served = s < particles->split  ? index == s
                        : index == TEAM_LARGE ? !single
                                              : index >= TEAM_SINGLE && single;
    if (served && local->blocks * BLOCK_TILES > most) most = local->blocks * BLOCK_TILES;
  }
  return most;
}
