/* outputs: the outputs f_n of own networks at points.
 *
 *   f_n(x) = (1/n) sum_i c_i phi(x, z_i)
 *
 * outputs_begin forms n f_n from own blocks, one chunk of points after the other, in exact sums (dynamics/unit_sum.h),
 * and starts the sum over the ranks that share the network; outputs_end completes it. In between a rank computes other
 * networks. No array of size P x n exists. Chunk boundaries depend on (d, precision) alone, so outputs depend neither
 * on the number of ranks nor on that of threads.
 *
 * Each team (dynamics/team.h) has a work space: outputs, labels and the chunk of points drawn last. */
#ifndef MCKEAN_DYNAMICS_OUTPUTS_H
#define MCKEAN_DYNAMICS_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/team.h"
#include "particles/kernel.h"
#include "particles/particles.h"

struct outputs;

/* The points at which a network is evaluated: those of a step, drawn for it, or a whole set in kernel form. */
struct batch {
  int64_t count;
  const struct points *whole; /* NULL: the points are drawn from place, and so are the labels */
  const double *y;            /* [count] labels of a whole set */
  struct batch_place place;
};

/* Local. Points of a chunk. */
int outputs_chunk_size(int d, enum precision precision);

/* Local. The arguments are not owned and must outlive it. FAILED: no memory. */
int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **outputs);
void outputs_free(struct outputs *outputs); /* accepts NULL */

/* Local. Makes room for batches of up to count points; call it whenever blocks have changed owners. FAILED: no
 * memory. */
int outputs_reserve(struct outputs *outputs, int64_t count);

/* Begin is local; end is collective over the ranks that share the network, in the same order on all of them. At most
 * one network per team is between the two. outputs_end returns whether f_n is finite and all terms were in range;
 * otherwise f_n is NAN at all points. Cost: 2 d flops and one h per unit and point. */
void outputs_begin(struct outputs *outputs, const struct team *team, const struct local_network *local,
                   const struct batch *batch);
bool outputs_end(struct outputs *outputs, const struct team *team, const struct local_network *local,
                 const struct batch *batch);

/* Local, after outputs_end: f_n and the labels at the points of the batch, valid until the team's next begin. */
const double *outputs_f(const struct outputs *outputs, const struct team *team);
const double *outputs_labels(const struct outputs *outputs, const struct team *team, const struct batch *batch);

/* Local. The chunk of points that begins at point `first` of a batch, in kernel form, valid until the team's next call.
 * A chunk that the team still holds is not drawn again. */
struct points outputs_chunk(struct outputs *outputs, const struct team *team, const struct batch *batch, int64_t first);

/* Local. Whether outputs_chunk draws points again when the chunks of this batch are visited again. */
bool outputs_redraws(const struct outputs *outputs, const struct batch *batch);

/* Local. At most BLOCK_TILES consecutive tiles in the arithmetic of the kernels: the stored ones, or copies that are
 * valid until the next call for this thread space. */
const void *outputs_real_tiles(const struct outputs *outputs, int thread, const void *tiles, int count);

/* Local. Seconds so far that this rank has waited in sums over ranks, and their transfer. */
double outputs_waited(const struct outputs *outputs);

#endif
