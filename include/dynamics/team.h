/* team: which threads of a rank compute which of its networks. All functions are local.
 *
 * A rank shares at most two networks with other ranks. It computes its other networks while the sums of these two are
 * under way, so each of the two has its own team, and thus its own work space. All threads share the blocks of a large
 * network. If a rank has enough networks of few blocks, each thread computes one of them at a time, alone. */
#ifndef MCKEAN_DYNAMICS_TEAM_H
#define MCKEAN_DYNAMICS_TEAM_H

#include <stdbool.h>

#include "particles/particles.h"

/* Numbers of teams: TEAM_SPLIT and TEAM_SPLIT + 1 for the networks shared with other ranks, TEAM_LARGE for large
 * networks, TEAM_SINGLE + t for thread t alone. */
enum { TEAM_SPLIT, TEAM_LARGE = 2, TEAM_SINGLE };

struct team {
  int number; /* of the team and of its work space */
  int threads;
  int first; /* in a parallel region of the team, thread k uses the work space of thread first + k */
};

/* Returns the number of teams that `threads` threads of a rank form. */
int team_count(int threads);

/* Returns a team of a rank with `threads` threads. */
struct team team_of(int number, int threads);

/* Return whether single threads compute the small networks of a rank, and whether a single thread computes this one. */
bool team_deals(const struct particles *particles, int threads);
bool team_deals_network(const struct particles *particles, int threads, const struct local_network *local);

/* Returns the number of tiles of the largest own network that a team may compute; 0: it computes none. */
int64_t team_tiles(const struct particles *particles, int threads, int number);

#endif
