/* move: what becomes of a tile whose gradient is known.
 *
 * theta_i <- theta_i - dt grad V (forward Euler, particles/kernel.h), after the tile's part of the particle means of the
 * state before the move. Local, unless said otherwise. */
#ifndef MCKEAN_DYNAMICS_GRADIENT_H
#define MCKEAN_DYNAMICS_GRADIENT_H

#include <stdint.h>

#include "base/exact_sum.h"
#include "dynamics/observables.h"
#include "particles/kernel.h"
#include "particles/particles.h"

/* The particle means of a network, or of a part of it, as sums without order. */
struct move_sums {
  int64_t limbs[PARTICLE_MEANS][WIDE_LIMBS];
};

/* Stored parameters of own tile t of a local. */
void *move_own_tile(const struct particles *particles, const struct local_network *local, int64_t t);

/* Moves own tile t by -rate grad, grad [d+2][TILE], |grad V| = scale |grad|; rate 0: no bit changes. sums: NULL, or
 * where the tile's means are added. */
void move_tile(const struct kernel *kernel, const struct particles *particles, const struct local_network *local,
               int64_t t, const double *grad, double scale, double rate, struct move_sums *sums);

/* Adds what a thread has summed; threads may call it at the same time. */
void move_sums_add(const struct move_sums *own, struct move_sums *sums);

/* Collective over the ranks of the network. observation->mean = the sums of all its ranks. */
void move_means(const struct local_network *local, struct move_sums *sums, struct observation *observation);

#endif
