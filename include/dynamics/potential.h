/* potential: the exact potential of units that learn a target. The unit type selects the kind: potential_rbf.h and
 * potential_erf.h state the targets that each covers, its K, and its errors. For a teacher
 * f = (1/m) sum_j c_j phi(., z_j), F(z) = (1/m) sum_j c_j K(z, z_j) in all losses. All functions are local. */
#ifndef MCKEAN_DYNAMICS_POTENTIAL_H
#define MCKEAN_DYNAMICS_POTENTIAL_H

#include "dynamics/potential_kind.h"

/* Returns whether a potential of this unit type exists. */
bool potential_covers(int unit);

/* Creates what K, F and their gradients need. target: one that the kind of unit->type covers; it must outlive
 * *potential. unit: of a type that potential_covers. USAGE: the theory does not cover the parameters of the units or of
 * the target. FAILED: no memory. */
int potential_create(const struct target *target, const struct unit_spec *unit, enum potential_loss loss,
                     struct potential **potential);
void potential_free(struct potential *potential); /* accepts NULL */

/* Computes F [TILE] and grad_F [d][TILE] for the units z [d][TILE]. work [d + 1][TILE]: overwritten. All arrays here
 * and in potential_pairs are 64-byte aligned. Cost for a teacher: that of potential_pairs. */
void potential_field(const struct potential *potential, const double *z, double *work, double *F, double *grad_F);

/* For each unit i of z [d][TILE], computes sums over `count` particles (c_j, z_j), in ascending order of j:
 *
 *   sum[0][i] = sum_j c_j K(z_i, z_j),   sum[1 + r][i] = sum_j c_j (grad_z K(z_i, z_j))_r
 *
 * particle [count][d + 1], sum [d + 1][TILE]. */
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
