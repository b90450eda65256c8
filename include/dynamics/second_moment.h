/* second_moment: the second moment of what one unit of a network contributes to its output.
 *
 *   q_n = (1/n) sum_i c_i^2 E phi(x, z_i)^2,     E the mean over points
 *
 * For n units drawn independently from mu_n, n Var f_n averaged over the points is q_n - E f_n^2 (CRBVE: the resampling
 * bound). */
#ifndef MCKEAN_DYNAMICS_SECOND_MOMENT_H
#define MCKEAN_DYNAMICS_SECOND_MOMENT_H

#include "dynamics/outputs.h"

/* Collective over the ranks that share networks. mean [locals] = q_n of every own network at the points; NAN where a
 * term was not finite or out of range. Does not depend on the number of ranks and threads. Cost: 2 d flops and one h
 * per unit and point. */
void second_moment_means(const struct outputs *outputs, const struct particles *particles, const struct kernel *kernel,
                         int threads, const struct points *points, double *mean);

#endif
