/* second_moment: the second moment of a unit's contribution to the output of its network.
 *
 *   q_n = (1/n) sum_i c_i^2 E phi(x, z_i)^2,     E: the mean over points
 *
 * If n units are drawn independently from mu_n, the mean over the points of n Var f_n is q_n - E f_n^2 (CRBVE: the
 * resampling bound). */
#ifndef MCKEAN_DYNAMICS_SECOND_MOMENT_H
#define MCKEAN_DYNAMICS_SECOND_MOMENT_H

#include "dynamics/outputs.h"

/* Computes mean [locals] = q_n of each of this rank's networks at the points of a set; NAN if a term was not finite or
 * out of range. Collective over the ranks that share networks. The result does not depend on the number of ranks and
 * threads. Cost: 2 d flops and one h per unit and point. */
void second_moment_means(const struct outputs *outputs, const struct particles *particles, const struct kernel *kernel,
                         int threads, const struct points *points, double *mean);

#endif
