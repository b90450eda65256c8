/* gradient: the gradient of each own tile over a batch, and the update that follows it.
 *
 *   grad V(theta_i) = (1/P) sum_p r_p grad(c_i phi(x_p, z_i)),     r_p = l'(f_n(x_p), y_p)
 *
 * Points that are in memory are visited once per tile: a thread forms the gradient of a tile over all of them and
 * updates the tile at once. Points that are drawn chunk by chunk are drawn once per group of tiles, whose gradients are
 * kept together. The order of operations on a tile is the same either way.
 *
 * Each team (dynamics/team.h) has a work space: residuals, and gradients of a group of tiles. */
#ifndef MCKEAN_DYNAMICS_GRADIENT_H
#define MCKEAN_DYNAMICS_GRADIENT_H

#include <stdint.h>

#include "dynamics/outputs.h"
#include "dynamics/update.h"

struct gradient;

/* Local. The arguments are not owned and must outlive it. FAILED: no memory. */
int gradient_create(struct outputs *outputs, const struct update *update, int threads, struct gradient **gradient);
void gradient_free(struct gradient *gradient); /* accepts NULL */

/* Local. Makes room for batches of up to count points; call it whenever blocks have changed owners. FAILED: no
 * memory. */
int gradient_reserve(struct gradient *gradient, int64_t count);

/* Local, after outputs_end. Forms the residuals of the loss at the points of a batch. Returns the mean loss. */
double gradient_residuals(struct gradient *gradient, const struct team *team, const struct loss_spec *loss,
                          const struct batch *batch);

/* Local, after gradient_residuals. The gradient of every own tile and its update by dt (0: no bit changes). sums: NULL,
 * or where the particle means of the state before the update are added. Cost: 4 d flops, one h and h' per unit and
 * point. */
void gradient_descend(struct gradient *gradient, const struct team *team, const struct local_network *local,
                      const struct batch *batch, double dt, struct particle_sums *sums);

/* Local. Bytes of the gradients that a rank with so many tiles keeps together, for batches of that many fresh
 * points. */
double gradient_bytes(int d, enum precision precision, int64_t batch, int64_t tiles);

#endif
