/* frozen_features: the limit n -> infinity of n Cov f_n at the training points, if only c is trained, by Euler
 * steps of gradient descent with the squared loss on fixed data.
 *
 * In this case f_n is linear in c and the residual obeys r_{k+1} = (I - dt G_n) r_k exactly, with G_n[p,p'] = (1/(n P))
 * sum_i phi(x_p, z_i) phi(x_p', z_i). To leading order, the fluctuations of f_n come from those of r_0 and, unless r
 * vanishes, from those of G_n, because each network draws its own features. Linearization in both gives
 *
 *   sqrt n (f_n - f_t) -> Gaussian field with covariance Cov[xi],  for a unit theta = (c, z) drawn from the initial law
 *   xi = D c phi - sum_{j<k} dt_j T_j phi (phi.r_j) / P,   phi = phi(x_p, z), p = 1..P
 *
 * with G = E G_n, D = prod (I - dt G), T_j the product over the steps after j, and r_j = prod_{l<j} (I - dt_l G) r_0
 * the residual of the limit. The first term of xi alone gives D Cov(0) D, the result for r = 0. By the law of total
 * variance
 *
 *   Cov[xi] = std(c)^2 D E[phi phi'] D + Cov_z[xi with c at its mean].
 *
 * The first term of this sum is computed exactly, the second as a mean over draws of z. */
#ifndef MCKEAN_CLT_FROZEN_FEATURES_H
#define MCKEAN_CLT_FROZEN_FEATURES_H

#include "clt/initial_covariance.h"
#include "dynamics/schedule.h"

enum { FROZEN_FEATURES_DRAWS = 1 << 16 }; /* of z, for an error of the second term of about 1 % */

/* Collective. *C [P][P] = n Cov / P after `step` steps of a schedule of gradient descent in which no dt is auto, at the
 * P points of `initial`, as an operator (clt/covariance.h). y [P]: labels of the points. draws: number of draws of z,
 * rounded up to a multiple of 4096. seed: seed of the draws. Cost: (4 step + 6 draws) P^2 flops. FAILED: no memory, no
 * convergence of eigenvalues. */
int frozen_features_covariance(const struct dist_grid *grid, const struct initial_covariance *initial, const double *y,
                               const struct schedule *schedule, int64_t step, int64_t draws, uint64_t seed,
                               struct dist_matrix **C);

#endif
