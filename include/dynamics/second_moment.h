/* moment: the second moment of what one unit of a network adds to its output.
 *
 *   q_n = (1/n) sum_i c_i^2 E phi(x, z_i)^2, E the mean over points
 *
 * For n units drawn anew from mu_n, n Var f_n averaged over the points is q_n - E f_n^2 (CRBVE: the resampling bound).
 */
#ifndef MCKEAN_DYNAMICS_SECOND_MOMENT_H
#define MCKEAN_DYNAMICS_SECOND_MOMENT_H

#include "dynamics/outputs.h"

/* mean [shares] = q_n of every own network at the points, NAN where a term was not finite or out of range. Sums are
 * exact (base/exact_sum.h), so it does not depend on the rank count. Communicates only inside the groups of split networks.
 * 2 d flops and one h per unit and point. */
void second_moment_means(struct outputs *forward, const struct points *points, double *mean);

#endif
