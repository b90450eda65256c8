/* lanczos: the largest eigenvalue of a symmetric positive semidefinite operator that is known by its products alone.
 *
 *   A V_k = V_k T_k + beta_k v_{k+1} e_k',   theta = largest eigenvalue of T_k,   |A y - theta y| = beta_k |s_k|
 *
 * with T_k tridiagonal (alpha, beta) and s its eigenvector (Golub and Van Loan, Matrix Computations, section 10.1). All
 * earlier vectors are projected out at every turn, since there are few. theta is never above the largest eigenvalue;
 * some eigenvalue lies within the bound of it, and with a start vector at random it is the largest one. No BLAS and no
 * libm but square roots: the result has the same bits wherever the products have. */
#ifndef MCKEAN_TANGENT_LANCZOS_H
#define MCKEAN_TANGENT_LANCZOS_H

#include <stdbool.h>
#include <stdint.h>

enum { LANCZOS_MAX = 30 }; /* products at most */

struct lanczos {
  double value; /* theta; NAN: a product was not sound */
  double bound; /* beta_k |s_k| */
  int products; /* k */
};

/* w [size] = A v [size]; false where numbers left their range. */
struct lanczos_operator {
  bool (*apply)(void *context, const double *v, double *w);
  void *context;
};

/* Local unless the products are collective: then all ranks see the same bits and stop together. Goes on until bound <=
 * tolerance value, at most LANCZOS_MAX products. basis: LANCZOS_MAX + 1 vectors of size; the first holds the start
 * vector, not zero, of any length. Cost: the products and 4 k^2 size flops. */
struct lanczos lanczos_largest(const struct lanczos_operator *operator, int64_t size, double tolerance, double *basis);

/* Largest eigenvalue of the tridiagonal matrix with alpha [k] on and beta [k-1] beside the diagonal, by bisection, and
 * |last component| of its unit eigenvector. */
double tridiagonal_largest(int k, const double *alpha, const double *beta, double *last);

#endif
