/* jacobian: products with the derivatives of f_n, by the step's own kernels, for any n.
 *
 *   J_i(x)  = grad_theta(c_i phi(x, z_i)) over the trained fields; on the sphere projected on the tangent space at z_i
 *   M v     = (1/n) sum_i J_i J_i' v,   M(x, x') = (1/n) sum_i J_i(x).J_i(x')
 *
 * No array of size n x points exists: a block's g_i = J_i' v is formed and used up at once. Sums over blocks are exact
 * (base/exact_sum.h), so all results are the same bits on any number of ranks and threads.
 *
 * Functions of a share communicate inside its group alone: all its ranks call them in the same order. `thread`: -1, all
 * threads share the blocks of the network; t >= 0, the caller is one of several threads, each with another network that
 * is wholly here. */
#ifndef MCKEAN_TANGENT_JACOBIAN_H
#define MCKEAN_TANGENT_JACOBIAN_H

#include <stdbool.h>

#include "particles/kernel.h"
#include "particles/particles.h"

struct jacobian;

enum { JACOBIAN_BATCHES = 64 }; /* in one call */

/* Local. particles and points are not owned; particles may change owners and values. FAILED: no memory. */
int jacobian_create(const struct particles *particles, const struct kernel *kernel, const struct points *points,
                    int threads, struct jacobian **jacobian);
void jacobian_free(struct jacobian *jacobian); /* accepts NULL */

/* w = M v, both [points]. False, on all ranks of the group, if a number left its range. 8 d flops, two h and h' per
 * unit and point. */
bool jacobian_apply(struct jacobian *jacobian, const struct local_network *local, int thread, const double *v,
                    double *w);

/* f [points] = f_n at the points. */
bool jacobian_outputs(struct jacobian *jacobian, const struct local_network *local, int thread, double *f);

/* A batch is count points from number `first` on. Means over units, for each of at most JACOBIAN_BATCHES:
 *   gradient = (1/n) sum_i |g_i|^2,   g_i = (1/count) sum_p r_p J_i(x_p)
 *   output   = (1/n) sum_i (c_i (1/count) sum_p r_p phi(x_p, z_i))^2
 * r [points]. A batch of one point with r = 1 gives M(x, x) and (1/n) sum_i c_i^2 phi(x, z_i)^2. Cost of a batch: that
 * of the gradient kernel, for at least 6 points. */
struct jacobian_batch {
  int first, count;
  double gradient, output;
};
bool jacobian_squares(struct jacobian *jacobian, const struct local_network *local, int thread, const double *r,
                      int batches, struct jacobian_batch *batch);

#endif
