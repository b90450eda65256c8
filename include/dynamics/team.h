/* team: the assignment of a rank's threads to its networks. All functions are local.
 *
 * A rank shares at most two networks with other ranks. While the sums over ranks of these two are under way, it
 * computes its other networks, so each of the two has its own team and thus its own work space. All threads of the rank
 * share the blocks of a large network. If a rank has at least one small network (few blocks) per thread, each
 * thread computes small networks by itself, one at a time. */
#ifndef MCKEAN_DYNAMICS_TEAM_H
#define MCKEAN_DYNAMICS_TEAM_H

#include <stdbool.h>

#include "particles/particles.h"

/* The index of a team: TEAM_SPLIT and TEAM_SPLIT + 1 for the networks that are shared with other ranks, TEAM_LARGE for
 * other networks that all threads compute together, TEAM_SINGLE + t for the small networks that thread t computes
 * alone. */
enum { TEAM_SPLIT, TEAM_LARGE = 2, TEAM_SINGLE };

struct team {
  int index; /* index of the team and of its work space */
  int threads;
  int first; /* thread k of the team uses the work space of thread first + k */
};

/* The work on items begin .. end-1, with the work space of thread `thread`. */
typedef void team_work(const void *context, int thread, int64_t begin, int64_t end);

/* Divides items 0 .. count-1 among the threads of the team. Thread 0, which also keeps sums over ranks going, gets as
 * many as any other. A team of one thread calls `work` without a parallel region, and so does any team for one item: a
 * region of one thread takes about half a microsecond, as long as 1000 pairs of a small network. */
void team_run(const struct team *team, int64_t count, team_work *work, const void *context);

/* Returns the number of teams of a rank with `threads` threads. */
int team_count(int threads);

/* Returns the team of index `index` of a rank with `threads` threads. */
struct team team_of(int index, int threads);

/* Returns whether a network of `blocks` blocks that is not split is small for a rank with `threads` threads. */
bool team_small(int threads, int64_t blocks);

/* Returns whether this network is small. It is not if it is split. */
bool team_is_small(int threads, const struct local_network *local);

/* Returns whether single threads compute the small networks of this rank. Reads all local networks. */
bool team_single_threads(const struct particles *particles, int threads);

/* Returns the largest number of tiles that this rank has in any network that the team may compute, rounded up to
 * whole blocks; 0 if there is none. */
int64_t team_tiles(const struct particles *particles, int threads, int index);

#endif
