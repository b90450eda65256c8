/* jacobian: products with the derivatives of f_n, computed by the kernels of the step, for any n.
 *
 *   J_i(x)  = grad_theta(c_i phi(x, z_i)) over the trained fields; on the sphere projected on the tangent space at z_i
 *   M v     = (1/n) sum_i J_i J_i' v,   M(x, x') = (1/n) sum_i J_i(x).J_i(x')
 *   Q v     = (1/n) sum_i u_i u_i' v,   u_i(x)   = c_i phi(x, z_i)
 *
 * where J_i' is the transpose of J_i, and x' a second point. The functions compute g_i = J_i' v for one block of units
 * at a time, so no array with one number per unit and point exists. Sums over units are exact (dynamics/unit_sum.h):
 * results have the same bits for any number of ranks and threads.
 *
 * All functions that take a local_network are collective over the ranks that share the network; these ranks must call
 * them in the same order. team: the index of the team that computes (dynamics/team.h). TEAM_LARGE: all threads of the
 * rank share the blocks of the network. TEAM_SINGLE + t: the caller is thread t of several, each of which processes a
 * different network that this rank owns completely. */
#ifndef MCKEAN_TANGENT_JACOBIAN_H
#define MCKEAN_TANGENT_JACOBIAN_H

#include <stdbool.h>

#include "dynamics/team.h"
#include "particles/kernel.h"
#include "particles/particles.h"

struct jacobian;

enum { JACOBIAN_BATCHES = 64 }; /* the largest number of batches in one call */

/* Local. particles, kernel and points must outlive the jacobian. Between calls, blocks of units may move to other ranks
 * and parameters may change. threads: the number of threads of this rank. FAILED: no memory is available. */
int jacobian_create(const struct particles *particles, const struct kernel *kernel, const struct points *points,
                    int threads, struct jacobian **jacobian);
void jacobian_free(struct jacobian *jacobian); /* accepts NULL */

/* w = M v, both [points]. Returns false, on all ranks that share the network, if a term was not finite or out of range;
 * w is then NAN. Cost: 8 d flops and two evaluations of h and h' per unit and point. */
bool jacobian_apply(struct jacobian *jacobian, const struct local_network *local, int team, const double *v, double *w);

/* w [out_count] = M v between two ranges of points: v [in_count] belongs to points in .. in+in_count-1 of the jacobian,
 * w to points out .. out+out_count-1. Return value: as for jacobian_apply. Cost: 4 d flops and one h and h' per unit
 * and point of each range. */
bool jacobian_apply_between(struct jacobian *jacobian, const struct local_network *local, int team, int in,
                            int in_count, const double *v, int out, int out_count, double *w);

/* The same with Q instead of M. */
bool jacobian_moment_between(struct jacobian *jacobian, const struct local_network *local, int team, int in,
                             int in_count, const double *v, int out, int out_count, double *w);

/* f [points] = f_n at the points. Return value: as for jacobian_apply. Cost: 2 d flops and one h per unit and point. */
bool jacobian_outputs(struct jacobian *jacobian, const struct local_network *local, int team, double *f);

/* Means over the units of a network, for each of at most JACOBIAN_BATCHES batches:
 *
 *   gradient = (1/n) sum_i |g_i|^2,   g_i = (1/count) sum_p r_p J_i(x_p)
 *   output   = (1/n) sum_i (c_i (1/count) sum_p r_p phi(x_p, z_i))^2
 *
 * where the sum over p covers points first .. first+count-1 of the jacobian. r [points]. With r = 1, a batch of one
 * point gives M(x, x) and (1/n) sum_i c_i^2 phi(x, z_i)^2. Return value: as for jacobian_apply. Cost of a batch: 4 d
 * flops and one h and h' per unit and point; batches of fewer than 6 points cost more per point. */
struct jacobian_batch {
  int first, count;        /* set by the caller */
  double gradient, output; /* set by jacobian_squares */
};
bool jacobian_squares(struct jacobian *jacobian, const struct local_network *local, int team, const double *r,
                      int batches, struct jacobian_batch *batch);

#endif
