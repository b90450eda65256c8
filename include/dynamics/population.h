/* population: one step of all networks under the exact potential, without data (data.mode: population).
 *
 *   grad_c V_i = -F(z_i) + (1/n) sum_j c_j K(z_i, z_j)     grad_z V_i = c_i (-grad F(z_i) + (1/n) sum_j c_j grad_z K)
 *   loss       = C_f - (1/n) sum_i c_i F(z_i) + (1/2n^2) sum_ij c_i c_j K(z_i, z_j) = 1/2 E |f - f_n|^2
 *
 * (RVE section 2; F, K: dynamics/potential.h.) Units meet in pairs, the diagonal included: n^2 of them per network and
 * step. Each rank computes the rows of its own units against a copy of the whole network in double precision, as it was
 * before the step: O(n) memory, gathered over the ranks of a split network. Every row is summed over j = 0 .. n-1 in
 * that order and the loss over tiles by exact sums, so results depend neither on the rank nor the thread count, nor,
 * but for the move, on the instruction-set level. Threads share the tiles of all own networks.
 *
 * The loss is a difference of terms of the size of C_f: its absolute rounding is about 1e-15 C_f. */
#ifndef MCKEAN_DYNAMICS_POPULATION_H
#define MCKEAN_DYNAMICS_POPULATION_H

#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/gradient.h"
#include "dynamics/observables.h"
#include "particles/kernel.h"
#include "particles/nonfinite.h"
#include "particles/particles.h"

struct population;

/* Local. particles and data are not owned and must outlive it; unit rbf, target spin. USAGE: as potential_create.
 * FAILED: no memory. */
int population_create(struct particles *particles, const struct dataset *data, const struct kernel *kernel, int threads,
                      struct population **population);
void population_free(struct population *population); /* accepts NULL */

/* Local. Makes room for the networks of this rank; call it whenever blocks have changed owners. */
int population_reserve(struct population *population);

/* Moves all units by dt (0: no bit changes) and, unless observation is NULL, fills loss and means of observation
 * [shares] with the state before the move. A network with a parameter that is not finite or beyond 2^39 stays where it
 * is and is noted in fault. Communicates only inside the groups of split networks. */
void population_step(struct population *population, int64_t step, double dt, struct observation *observation,
                     struct nonfinite *fault);

/* Local. Seconds so far that this rank spent in gathering; NULL: none. */
double population_waited(const struct population *population);

#endif
