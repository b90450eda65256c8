/* target_hermite: a sum of products of Hermite polynomials of projections of x,
 *
 *   f(x) = sum_t coefficient_t psi_t(x),   psi_t(x) = prod over the factors of t of he_degree(x . u_direction)
 *
 * he_k is the probabilists' Hermite polynomial He_k divided by sqrt(k!): for a N(0, 1) variable, E he_j he_k = 1 if
 * j = k, else 0. The u_i are orthonormal: the first coordinate axes, or random vectors orthogonalized in their order.
 * Targets whose terms add one direction at a time are learned one term after the other: the staircases of Abbe,
 * Boix-Adsera and Misiakiewicz, arXiv:2202.08658 and arXiv:2302.11055.
 *
 * C_f and linear_fraction follow from the means E psi_s psi_t:
 *   gaussian    1 if both products are equal, else 0
 *   sphere      from E prod_i (x . u_i)^k_i = prod_i (k_i - 1)!! d^(K/2) / (d (d + 2) ... (d + K - 2)) for even k_i
 *               with the sum K; the means of products with odd k_i are 0
 *   rademacher  with the coordinate axes: the product over coordinates of he_j(1) he_k(1) if j + k is even, else 0
 * They are unknown (NAN) for rademacher with random directions, and where the relative rounding error of E f^2 for the
 * sphere may exceed 1e-9. Evaluation costs about 3 flops per degree of each factor, and 2 d flops per random direction,
 * per point. */
#ifndef MCKEAN_DATA_TARGET_HERMITE_H
#define MCKEAN_DATA_TARGET_HERMITE_H

#include "data/target_kind.h"

extern const struct target_kind target_hermite;

/* *C_f and *linear_fraction of the target; NAN where they are unknown. Local. */
void target_hermite_moments(const struct target_spec *spec, double *C_f, double *linear_fraction);

#endif
