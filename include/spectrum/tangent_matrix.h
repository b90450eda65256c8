/* tangent_matrix: the tangent kernel of one network at P points, distributed over all ranks.
 *
 *   M_pp' = M(x_p, x_p') of tangent/tangent_kernel.h
 *
 * The units of the network are processed in panels. Their owner sends the parameters to all ranks; each rank computes
 * features at the points of its own rows and columns and adds a product of them to its elements of M (block-cyclic, in
 * blocks of DIST_MATRIX_BLOCK x DIST_MATRIX_BLOCK). No rank holds P x P or P x n numbers.
 *
 * Cost: for each product (one for c, one for a and b; on the sphere two for a) n P^2 flops over all ranks, as only the
 * lower triangle is computed; features at the points of own rows and columns, P (rows + columns of the grid) n in all;
 * (d + 2) n numbers sent to each rank. Memory per rank: two matrices and some panels. */
#ifndef MCKEAN_SPECTRUM_TANGENT_MATRIX_H
#define MCKEAN_SPECTRUM_TANGENT_MATRIX_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/particles.h"

/* Collective. *m = M summed over the fields in train, flags of FIELD_BIT_* (for FIELD_BIT_C alone M/P is the matrix G
 * of frozen features). x [P][d], equal on all ranks. Only the lower triangle of *m is set. FAILED: no memory. */
int tangent_matrix_form(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                        unsigned train, int64_t P, const double *x, struct dist_matrix **m);

#endif
