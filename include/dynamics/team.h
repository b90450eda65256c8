/* team: the assignment of a rank's threads to its networks. All functions are local.
 *
 * A rank shares at most two networks with other ranks. While the sums over ranks of these two are under way, it
 * computes its other networks, so each of the two has its own team and thus its own work space. All threads together
 * compute a large network, block by block. If a rank has at least one small network (few blocks) per thread, each
 * thread computes small networks by itself, one at a time. */
#ifndef MCKEAN_DYNAMICS_TEAM_H
#define MCKEAN_DYNAMICS_TEAM_H

#include <stdbool.h>

#include "particles/particles.h"

/* The index of a team: TEAM_SPLIT and TEAM_SPLIT + 1 for the networks that are shared with other ranks, TEAM_LARGE for
 * large networks, TEAM_SINGLE + t for thread t alone. */
enum { TEAM_SPLIT, TEAM_LARGE = 2, TEAM_SINGLE };

struct team {
  int index; /* index of the team and of its work space */
  int threads;
  int first; /* in a parallel region of the team, thread k uses the work space of thread first + k */
};

/* Returns the number of teams of a rank with `threads` threads. */
int team_count(int threads);

/* Returns the team of index `index` of a rank with `threads` threads. */
struct team team_of(int index, int threads);

/* Return whether single threads compute the small networks of this rank, and whether a single thread computes this
 * network. */
bool team_single_threads(const struct particles *particles, int threads);
bool team_is_single_thread(const struct particles *particles, int threads, const struct local_network *local);

/* Among the networks that a team may compute, returns the largest number of tiles that this rank owns in one network,
 * rounded up to whole blocks; 0 if the team computes no network. */
int64_t team_tiles(const struct particles *particles, int threads, int index);

#endif
