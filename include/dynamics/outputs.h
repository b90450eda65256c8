/* outputs: the outputs f_n of this rank's networks at points.
 *
 *   f_n(x) = (alpha/n) sum_i c_i phi(x, z_i),     alpha: ensemble_scale, 1 by default
 *
 * outputs_begin adds c_i phi of this rank's units to exact sums (dynamics/unit_sum.h), one piece of the batch after
 * another, and starts the sums over the ranks that share the network. outputs_end completes these sums. Between the two
 * calls, other teams of the rank can compute its other networks. No array of size P x n exists, except activations that
 * fit in the cache (dynamics/activations.h). Each team (dynamics/team.h) has a work space for the outputs and the
 * points of a batch. */
#ifndef MCKEAN_DYNAMICS_OUTPUTS_H
#define MCKEAN_DYNAMICS_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/activations.h"
#include "dynamics/batch.h"
#include "dynamics/team.h"
#include "particles/kernel.h"
#include "particles/particles.h"

struct outputs;

/* Local. The pointers are not owned and must outlive *outputs. The caller frees *outputs, also after an error. FAILED:
 * no memory. */
int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **outputs);
void outputs_free(struct outputs *outputs); /* accepts NULL */

/* Local. Allocates work space for batches of up to `count` points, and for the activations at up to `kept_points`
 * points. Call it again whenever blocks have changed owners. FAILED: no memory. */
int outputs_reserve(struct outputs *outputs, int64_t count, int64_t kept_points);

/* Local. Frees the memory for activations: none are kept until the next outputs_reserve, that is, until the next change
 * of stage or correction of the balance. Results have the same bits. */
void outputs_recompute(struct outputs *outputs);

/* Compute f_n at the points of a batch. outputs_end returns whether all terms were finite and in range; if not, f_n is
 * NAN at all points. A team calls outputs_end before its next outputs_begin. Both are collective over the ranks that
 * share the network, which call them for their networks in the same order. outputs_begin waits for other ranks only if
 * the run has a single network and the batch is neither `ahead` nor pipelined. outputs_end draws points of the next
 * step before it waits. Cost: 2 d flops and one h per unit and point. */
void outputs_begin(struct outputs *outputs, const struct team *team, const struct local_network *local,
                   const struct batch *batch);
bool outputs_end(struct outputs *outputs, const struct team *team, const struct local_network *local,
                 const struct batch *batch);

/* Waits for the points of the next step that neighboring ranks draw (dynamics/point_exchange.h). Call it for each split
 * network at the end of the step. Afterward, no message of the step is under way. team_index: TEAM_SPLIT or
 * TEAM_SPLIT + 1. Collective over the ranks that share the network. */
void outputs_finish(struct outputs *outputs, int team_index);

/* Local; all ranks pass the same value. Selects whether neighboring ranks draw fresh points for each other
 * (dynamics/point_exchange.h). The default is SHARE_IF_CHEAPER. Results have the same bits. */
void outputs_share_points(struct outputs *outputs, enum point_sharing sharing);

/* Completes the outputs at the piece that starts at point `first`. If any of its terms was out of range or not finite,
 * f_n is NAN at its points. The caller does this for the first piece of a pipelined batch before outputs_end, which
 * completes only the others. Collective like outputs_end. */
void outputs_end_piece(struct outputs *outputs, const struct team *team, const struct local_network *local,
                       const struct batch *batch, int64_t first);

/* Local; call them after outputs_end or, for the points of a piece, after outputs_end_piece. Return f_n and the labels
 * at the points of the batch: [count], valid until the next outputs_begin of the team. */
const double *outputs_f(const struct outputs *outputs, const struct team *team);
const double *outputs_labels(const struct outputs *outputs, const struct team *team, const struct batch *batch);

/* Local. Returns the piece that starts at point `first` of a batch, in kernel form (batch_points), valid until the
 * team's next call of outputs_points or outputs_begin. */
struct points outputs_points(struct outputs *outputs, const struct team *team, const struct batch *batch,
                             int64_t first);

/* Local. Returns the activations of local tile t and of the tiles after it, for the piece of `count` points that starts
 * at point `first`. The batch is that of the team's last outputs_begin. Returns NULL if activations are not kept. */
void *outputs_activations(const struct outputs *outputs, const struct team *team, int64_t t, int64_t first, int count);

/* Local. Converts `count` consecutive tiles, at most BLOCK_TILES, to reals for the kernels. Returns the stored tiles
 * themselves, or copies that are valid until the next call for this thread. */
const void *outputs_real_tiles(const struct outputs *outputs, int thread, const void *tiles, int count);

/* Local. Returns the seconds that this rank has spent so far in sums over ranks and in waiting for points. */
double outputs_waited(const struct outputs *outputs);

#endif
