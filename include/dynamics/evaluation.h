/* evaluation: the outputs f_n of chosen networks at any points, without a data set and a schedule.
 *
 * f_n at a point has the same bits as in dynamics_evaluate, for any number of ranks and threads, and however the points
 * are divided among calls. No array of size P x n exists. */
#ifndef MCKEAN_DYNAMICS_EVALUATION_H
#define MCKEAN_DYNAMICS_EVALUATION_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/particles.h"

struct evaluation;

/* Collective. Allocates work space for up to `capacity` points per call. particles: not owned, must outlive
 * *evaluation. FAILED: no memory. */
int evaluation_create(const struct particles *particles, enum isa isa, int threads, int64_t capacity,
                      struct evaluation **evaluation);
void evaluation_free(struct evaluation *evaluation); /* accepts NULL; local */

/* Computes f [locals][count] = f_n at the points x [count][d], which are the same on all ranks, for the local networks
 * with chosen[network]; leaves the rows of the other networks unchanged. f_n is NAN at all `count` points if a term is
 * not finite or out of range at one of them. Collective over the ranks that share networks. Cost: 2 d flops and one h
 * per unit and point. */
void evaluation_outputs(struct evaluation *evaluation, const bool *chosen, int64_t count, const double *x, double *f);

#endif
