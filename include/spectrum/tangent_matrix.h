/* tangent_matrix: the tangent kernel of one network at P points, distributed over all ranks.
 *
 *   M_pp' = M(x_p, x_p') of tangent/tangent_kernel.h
 *
 * The units of the network are processed in panels. The owner of a panel sends the panel to all ranks. Each rank
 * computes the features of these units at the points of its rows and of its columns of M, and adds the product of the
 * two feature matrices to its own elements of M, which is distributed block-cyclically in blocks of size
 * DIST_MATRIX_BLOCK. No array of size P x n exists, and with several ranks none of size P x P.
 *
 * Cost: n P^2 flops over all ranks for each product (one for c, one for a and b; on the sphere two for a), since only
 * the lower triangle is computed; n P (rows + columns of the grid) evaluations of features over all ranks; (d + 2) n
 * numbers sent to each rank. Memory of a rank: its elements of at most two matrices, and a few panels. */
#ifndef MCKEAN_SPECTRUM_TANGENT_MATRIX_H
#define MCKEAN_SPECTRUM_TANGENT_MATRIX_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/particles.h"

/* Collective. *m [P][P] = M, with the terms of the fields in train (flags FIELD_BIT_*; for FIELD_BIT_C alone M/P is the
 * matrix G of spectrum/readout.h). x [P][d], equal on all ranks. Only the lower triangle of *m is meaningful. The
 * caller frees *m. FAILED: no memory. */
int tangent_matrix_form(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                        unsigned train, int64_t P, const double *x, struct dist_matrix **m);

#endif
