/* advise_noise: the thermal noise of f_n, for spectrum/advise.h, which has the formulas. Private to advise*.c.
 *
 * Points: a probe of at most ADVISE_NOISE points; the eigenvalues are those of the dense matrices M/N of each measured
 * network and K/N of each size. Elements are exact sums over units (tangent/jacobian.h), so all results have the same
 * bits for any number of ranks. Of each size, the first replicas are measured: at most ADVISE_REPLICAS, and as many as
 * have 2^14 units together, but at least one. Cost of a network of n units: n N^2/2 pairs (unit, point) for each of M
 * and K, and 2 N^3 flops. With N = 512, n = 1024 and 16384, d = 10 and 8 replicas, it took 8 s of one core. */
#ifndef MCKEAN_SPECTRUM_ADVISE_NOISE_H
#define MCKEAN_SPECTRUM_ADVISE_NOISE_H

#include "run/problem.h"

struct advise_noise;

/* Collective. *noise: the result on rank 0, NULL on other ranks. FAILED: no memory. */
int advise_noise_create(const struct problem *problem, struct advise_noise **noise);
void advise_noise_free(struct advise_noise *noise); /* accepts NULL */

/* Local, on rank 0. Sets the quantities of one size from ADVICE_TAU on. value [ADVICE_QUANTITIES]: dt and V_init are
 * known. */
void advise_noise_set(const struct advise_noise *noise, const struct problem *problem, int stage, int member,
                      double *value);

#endif
