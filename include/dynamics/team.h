/* team: which threads of a rank serve which of its networks.
 *
 * A rank has at most two networks that it shares with other ranks; their sums travel while the others are computed, so
 * each has a team, and thus a work space, of its own. All threads share the blocks of a large network. Networks of few
 * blocks that are wholly here are dealt to teams of one thread each, if there are enough of them. Local. */
#ifndef MCKEAN_DYNAMICS_TEAM_H
#define MCKEAN_DYNAMICS_TEAM_H

#include <stdbool.h>

#include "particles/particles.h"

/* Numbers of teams: TEAM_SPLIT and the next for networks shared with other ranks, then the team of a large network,
 * then single threads. */
enum { TEAM_SPLIT, TEAM_LARGE = 2, TEAM_SINGLE };

struct team {
  int number;  /* of its work spaces */
  int threads; /* inside a parallel region of the team, thread k uses thread space first + omp_get_thread_num() */
  int first;
};

/* Teams that `threads` threads of a rank can form. */
int team_count(int threads);
struct team team_of(int number, int threads);

/* Whether the small networks of a rank are dealt to single threads, and whether this network is. */
bool team_deals(const struct particles *particles, int threads);
bool team_deals_network(const struct particles *particles, int threads, const struct local_network *local);

/* Tiles of the largest own network that a team may serve; 0: it serves none. */
int64_t team_tiles(const struct particles *particles, int threads, int number);

#endif
