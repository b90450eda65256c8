/* gradient: computes the gradient of each local tile over a batch, and updates the tile.
 *
 *   grad V(theta_i) = (1/P) sum_p r_p grad(c_i phi(x_p, z_i)),     r_p = l'(f_n(x_p), y_p)
 *
 * With an output scale alpha (ensemble_scale), the units move by -grad V / alpha: update_tile receives alpha P as P.
 *
 * If the points of the batch are in memory, a thread computes the gradient of one tile over all points and then updates
 * the tile. If the points are drawn chunk by chunk, each chunk is drawn once per group of tiles, and the gradients of
 * the group are kept until the last chunk. If the batch is pipelined, the first piece adds to a sum over points that is
 * kept for every local tile until the second piece. The order of the operations on a tile is the same in all cases.
 *
 * Each team (dynamics/team.h) has a work space for residuals and for the gradients of a group of tiles. */
#ifndef MCKEAN_DYNAMICS_GRADIENT_H
#define MCKEAN_DYNAMICS_GRADIENT_H

#include <stdint.h>

#include "dynamics/outputs.h"
#include "dynamics/update.h"

struct gradient;

/* Local. outputs and update are not owned and must outlive *gradient. The caller frees *gradient, also after an error.
 * FAILED: no memory. */
int gradient_create(struct outputs *outputs, const struct update *update, int threads, struct gradient **gradient);
void gradient_free(struct gradient *gradient); /* accepts NULL */

/* Local. Allocates work space for batches of up to `count` points. Call it again whenever blocks have changed owners.
 * FAILED: no memory. */
int gradient_reserve(struct gradient *gradient, int64_t count);

/* Local; call it when the outputs at these points are complete: after outputs_end, or after outputs_end_piece. Stores
 * the residuals at points first .. first+count-1 of a batch in the work space of the team. */
void gradient_residuals(struct gradient *gradient, const struct team *team, const struct loss_spec *loss,
                        const struct batch *batch, int64_t first, int64_t count);

/* For a pipelined batch (dynamics/batch.h), between outputs_begin and outputs_end: computes the gradients over the
 * first piece, as soon as its sum over ranks is complete and while the sum of the second piece is under way. Collective
 * over the ranks that share the network. */
void gradient_begin(struct gradient *gradient, const struct team *team, const struct loss_spec *loss,
                    const struct local_network *local, const struct batch *batch);

/* Local; call it after gradient_residuals. Computes the gradient of every local tile of a network and updates the tile
 * by one step (move->dt 0: no bit changes). Unless sums is NULL, adds the contributions of the local tiles to the
 * particle means, for the state before the update. Cost: 4 d flops, one h and one h' per unit and point; 2 d flops if
 * the activations were kept. */
void gradient_descend(struct gradient *gradient, const struct team *team, const struct local_network *local,
                      const struct batch *batch, const struct update_move *move, struct particle_sums *sums);

/* Local. Returns the memory in bytes for the gradients of a group of tiles, on a rank with `tiles` local tiles. batch:
 * the number of points of a batch that is drawn chunk by chunk (fresh points or a mini-batch). Returns 0 if the batch
 * fits in one chunk. */
double gradient_bytes(int d, enum precision precision, int64_t batch, int64_t tiles);

#endif
