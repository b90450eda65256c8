/* point_exchange: neighboring ranks draw the fresh points of a batch for each other.
 *
 * All ranks that share a network need all points of its batch. Groups of up to four neighboring ranks
 * (parallel/rank_gather.h) divide the points: each draws its part, converts it to kernel form, and sends it to the
 * others. The points are a pure function of the batch, so that results have the same bits whether ranks share points or
 * draw all of them.
 *
 * dynamics/batch.h exchanges the points of the next step. A rank starts the exchange before it waits for other ranks in
 * the current step, and completes it before the end of this step. Therefore, no message outlives a step, no rank waits
 * for a rank that has stopped, and a change of stage, a checkpoint and the end of a run need no special handling. If
 * the next step does not need the points, they are discarded. All ranks of a group start the same exchanges, because
 * they depend only on numbers that these ranks have in common: the batch, dt, and the ranks of the network. */
#ifndef MCKEAN_DYNAMICS_POINT_EXCHANGE_H
#define MCKEAN_DYNAMICS_POINT_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/rank_gather.h"
#include "particles/particles.h"

enum point_sharing { SHARE_IF_CHEAPER, SHARE_ALWAYS, SHARE_NEVER };

/* An exchange of the points of one batch. */
struct point_exchange {
  struct neighbors neighbors;
  int64_t cut[RANK_GATHER_MAX + 1]; /* neighbor k draws the points cut[k] .. cut[k+1]-1 */
  int64_t begin, end;               /* the points that this rank draws */
  struct rank_gather x, q;
};

/* Local. Divides the `count` points of a batch among the neighbors of this rank, in multiples of POINT_LANES. group:
 * the ranks of the network. Returns whether they share the points. With SHARE_IF_CHEAPER, k neighbors share P points if
 *
 *   P d / k * 2 ns > 2 us + P d / k * bytes of a real / (5 GB/s)
 *
 * On the left is the time for drawing the part of a neighbor: 1.5 to 5 ns per number (`mckean bench --only data`). On
 * the right is the assumed processor time for exchanging parts with this neighbor. With k = 4 in single
 * precision, they share the points if P d > 6667. The result is the same on all neighbors. */
bool point_exchange_plan(enum point_sharing sharing, const struct comm *group, int64_t count, int d,
                         enum precision precision, struct point_exchange *exchange);

/* Local. Returns the assumed processor time in ns for sending a message of points and receiving its counterpart. */
double point_exchange_message_ns(double bytes);

/* Converts the points that this rank draws to kernel form and starts the exchange. x [count][d]: the points of the
 * batch; only those of this rank are read. points: allocated for at least `count` points; the caller must not access
 * them until point_exchange_end. Collective over the neighbors; does not wait. */
void point_exchange_begin(struct point_exchange *exchange, const struct particles *particles, const double *x,
                          struct points *points);

/* Waits until *points is complete. */
void point_exchange_end(struct point_exchange *exchange);

#endif
