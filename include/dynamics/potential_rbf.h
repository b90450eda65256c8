/* potential_rbf: the exact potential of rbf units on the sphere that learn the spherical 3-spin model or a teacher of
 * rbf units with the same alpha.
 *
 * In the population loss (1/2) E (f_n - f)^2, F = E[f phi(., z)] and K = E[phi(., z) phi(., z')] (RVE sections 2
 * and 5), where E is the mean over x uniform on |x|^2 = d. In the loss (1/2) |f_n - f|_H^2 of the reproducing kernel
 * Hilbert space H of phi, F = f and K = phi. With S of data/target_spin.h, k = alpha d, u = (1 + z.z'/d)/2 clamped to
 * [0, 1], and the positive series 0F1(; b; y) = sum_m y^m / (m! (b)_m), the population loss has
 *
 *   K     = e^-2k 0F1(; d/2; k^2 u)           grad_z K = alpha^2 e^-2k 0F1(; d/2 + 1; k^2 u) z'
 *   lam_l = e^-k k^l / (d (d+2) .. (d+2l-2)) 0F1(; d/2 + l; k^2/4)        (Funk-Hecke: e^{-k + k x.z/d} on degree l)
 *   F     = lam_3 H3(z) + lam_1 d L.z,  H3(z) = S(z,z,z) - d L.z,  L_r = 3/(d+2) sum_p S_ppr
 *   grad F = lam_3 (3 S(z,z,.) - d L) + lam_1 d L
 *
 * and the loss of H has
 *
 *   phi   = e^-2k sum_m (2k u)^m / m!         grad_z phi = alpha phi z'
 *   F     = H3(z) + d L.z                     |f|_H^2 = E H3^2 / lam_3 + E (d L.x)^2 / lam_1
 *
 * The gradients above differ from the true ones by a multiple of z, which the projection onto the tangent space
 * removes. `create` computes the coefficients in long double. `field` and `pairs` compute in double precision with
 * plain IEEE operations, so their results have the same bits at every ISA level. Relative errors of K and its gradient
 * are at most about 2e-14 + 1.2e-16 k (tests/module/test_potential.c), because a relative rounding error of u is
 * multiplied by k u^1/2. */
#ifndef MCKEAN_DYNAMICS_POTENTIAL_RBF_H
#define MCKEAN_DYNAMICS_POTENTIAL_RBF_H

#include "dynamics/potential_kind.h"

#define POTENTIAL_K_MAX 1e4 /* largest alpha d; the number of terms is proportional to alpha d */

/* Cost of `field` for a spin target, per unit: d(d+1)(d+2)/2 multiply-adds and as many products. Cost of `pairs`:
 * 4 (terms + d) flops per pair. Errors of create: USAGE: alpha d > POTENTIAL_K_MAX, or K(z, z) is below the smallest
 * normal double. */
extern const struct potential_kind potential_rbf;

#endif
