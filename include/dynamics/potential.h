/* potential: the exact potential of rbf units that learn the spherical 3-spin model or a teacher of rbf units.
 *
 *   V(theta; mu) = -c F(z) + c int c' K(z, z') dmu(theta')
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
 * For a teacher f = (1/m) sum_j c_j phi(., z_j), F(z) = (1/m) sum_j c_j K(z, z_j) in both losses. The gradients above
 * differ from the true ones by a multiple of z, which the projection onto the tangent space
 * removes. potential_create computes the coefficients in long double. potential_field and potential_pairs compute in
 * double precision with plain IEEE operations, so their results have the same bits at every ISA level. Relative errors
 * of K and its gradient are at most about 2e-14 + 1.2e-16 k (tests/module/test_potential.c), because a relative
 * rounding error of u is multiplied by k u^1/2. All functions are local. */
#ifndef MCKEAN_DYNAMICS_POTENTIAL_H
#define MCKEAN_DYNAMICS_POTENTIAL_H

#include <stdint.h>

#include "data/target.h"
#include "particles/kernel.h"

#define POTENTIAL_K_MAX 1e4 /* largest alpha d; the number of terms is proportional to alpha d */

enum potential_loss { POTENTIAL_POPULATION, POTENTIAL_RKHS };

struct potential {
  const struct target *target; /* not owned */
  int d, terms;
  double alpha;
  double (*coefficient)[2]; /* [terms]: of u^m in K, and in the factor of z' in grad_z K; highest m first */
  double lam_1, lam_3;      /* of the population loss */
  double part_1, part_3;    /* spin: factors of d L.z and of H3 in F */
  double *L;                /* [d], spin */
  int64_t teachers;         /* units of the teacher; 0: the target is spin */
  double *teacher;          /* [teachers][d + 1]: c, z */
  double *still;            /* [teachers][d + 1]: zeros; the direction of the units of the teacher */
  double zero;              /* the loss of f_n = 0 */
};

/* Creates the coefficients of K, F and their gradients. target: of type spin with d >= 2, or a teacher of rbf units
 * with the same alpha; it must outlive *potential. USAGE: alpha d > POTENTIAL_K_MAX, or K(z, z) is below the smallest
 * normal double. FAILED: no memory. */
int potential_create(const struct target *target, double alpha, enum potential_loss loss, struct potential **potential);
void potential_free(struct potential *potential); /* accepts NULL */

/* Computes F [TILE] and grad_F [d][TILE] for the units z [d][TILE]. work [d + 1][TILE]: overwritten. All arrays here
 * and in potential_pairs are 64-byte aligned. Cost per unit: d(d+1)(d+2)/2 multiply-adds and as many products; for a
 * teacher, that of potential_pairs. */
void potential_field(const struct potential *potential, const double *z, double *work, double *F, double *grad_F);

/* For each unit i of z [d][TILE], computes sums over `count` particles (c_j, z_j), in ascending order of j:
 *
 *   sum[0][i] = sum_j c_j K(z_i, z_j),   sum[1 + r][i] = sum_j c_j (grad_z K(z_i, z_j))_r
 *
 * particle [count][d + 1], sum [d + 1][TILE]. Cost: 4 (terms + d) flops per pair (i, j). */
void potential_pairs(const struct potential *potential, const double *z, int64_t count, const double *particle,
                     double *sum);

/* The derivatives of these two along a direction, only for the loss of H. For units z that move with the velocity
 * u [d][TILE], potential_field_along computes grad F.u [TILE] and (F'') u [d][TILE]. If the particles also move, with
 * the velocities direction [count][d + 1], potential_pairs_along computes, with w_ij = phi_ij (c'_j + alpha c_j
 * (z_i.z'_j + u_i.z_j)) and a prime for the velocity,
 *
 *   sum[0][i] = sum_j w_ij,   sum[1 + r][i] = alpha sum_j (w_ij z_j + c_j phi_ij z'_j)_r
 *
 * so that sum[0] is the derivative of sum_j c_j phi_ij, and sum[1 ..] that of its gradient alpha sum_j c_j phi_ij z_j.
 * Cost: 2 terms + 10 d flops per pair; for the field, three gradients of f or potential_pairs_along.
 * work [2 d][TILE]: overwritten. */
void potential_field_along(const struct potential *potential, const double *z, const double *u, double *work,
                           double *along_F, double *along_grad);
void potential_pairs_along(const struct potential *potential, const double *z, const double *u, int64_t count,
                           const double *particle, const double *direction, double *sum);

#endif
