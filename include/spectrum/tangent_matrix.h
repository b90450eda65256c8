/* gram: the tangent kernel of one network at P points, spread over all ranks.
 *
 *   M_pp' = M(x_p, x_p') of tangent/tangent_kernel.h
 *
 * The units of the network pass by in panels: their owner sends the parameters to all ranks, each rank forms features
 * at the points of its own rows and columns and adds a product of them to its part of M (DIST_MATRIX_BLOCK x DIST_MATRIX_BLOCK,
 * block-cyclic). No rank holds P x P or P x n numbers.
 *
 * Cost: for each Gram matrix (one for c, one for a and b; on the sphere two for a) n P^2 flops over all ranks, only the
 * lower triangle being formed; features at the points of own rows and columns, P (rows + columns of the grid) n in all;
 * (d + 2) n numbers sent to each rank. Memory per rank: two matrices and some panels. */
#ifndef MCKEAN_SPECTRUM_TANGENT_MATRIX_H
#define MCKEAN_SPECTRUM_TANGENT_MATRIX_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/particles.h"

/* Collective. train: a set of fields (FIELD_BIT_*), of which M is the sum (with FIELD_BIT_C alone M/P is the matrix G of frozen
 * features). x [P][d], the same on all ranks. Of *m the lower triangle counts. FAILED: no memory. */
int tangent_matrix_form(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                        unsigned train, int64_t P, const double *x, struct dist_matrix **m);

#endif
