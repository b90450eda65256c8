/* symmetric: all eigenvalues of a dense symmetric matrix.
 *
 * Householder's reduction to a tridiagonal matrix, then bisection with Sturm's count (Golub and Van Loan, Matrix
 * Computations, sections 8.3 and 8.4). The code uses no BLAS, and only sqrt from libm, so the result has the same bits
 * on two machines if the matrices do. For analyses of at most about a thousand rows; parallel/dist_matrix.h is for
 * larger matrices, and its last bits depend on the number of ranks. */
#ifndef MCKEAN_TANGENT_SYMMETRIC_H
#define MCKEAN_TANGENT_SYMMETRIC_H

#include <stdint.h>

/* Local. values [size] = the eigenvalues of a [size][size], in ascending order; the matrix must be finite and is
 * overwritten. work [4 * size]. The error is a small multiple of 2^-52 times the largest absolute eigenvalue. Cost: 2
 * size^3 flops and 60 size^2 divisions. */
void symmetric_eigenvalues(int64_t size, double *a, double *values, double *work);

#endif
