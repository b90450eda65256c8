/* lanczos: the largest eigenvalue of a symmetric positive semidefinite operator, computed from products with vectors.
 *
 *   A V_k = V_k T_k + beta_k v_{k+1} e_k',   theta = largest eigenvalue of T_k,   |A y - theta y| = beta_k |s_k|
 *
 * where T_k is tridiagonal (alpha, beta), s is the eigenvector of theta and y = V_k s (Golub and Van Loan, Matrix
 * Computations, section 10.1). Every new vector is made orthogonal to all earlier ones, of which there are few. Up to
 * rounding, theta does not exceed the largest eigenvalue. Some eigenvalue lies within the bound |A y - theta y| of
 * theta; for a random start vector it is the largest one. The code uses no BLAS, and of libm only square roots, so the
 * result has the same bits on two machines if the products do. */
#ifndef MCKEAN_TANGENT_LANCZOS_H
#define MCKEAN_TANGENT_LANCZOS_H

#include <stdbool.h>
#include <stdint.h>

enum { LANCZOS_MAX = 30 }; /* the largest number of products */

struct lanczos {
  double value; /* theta; NAN if a product was not finite */
  double bound; /* beta_k |s_k| */
  int products; /* k */
};

/* w [size] = A v [size]. Returns false if a number in the product was not finite or out of range. */
struct lanczos_operator {
  bool (*apply)(void *context, const double *v, double *w);
  void *context;
};

/* Stops when bound <= tolerance * value, or after LANCZOS_MAX products. basis: LANCZOS_MAX + 1 vectors [size]; the
 * first one holds the start vector, which is not zero and of any length. Collective if the products are, otherwise
 * local; the products must have the same bits on all ranks, so that all ranks stop together. Cost: the products and 4
 * k^2 size flops. */
struct lanczos lanczos_largest(const struct lanczos_operator *operator, int64_t size, double tolerance, double *basis);

/* Local. Returns the largest eigenvalue of the tridiagonal matrix with diagonal alpha [k] and off-diagonal beta [k-1],
 * by bisection. *last: the absolute value of the last component of its normalized eigenvector. k <= LANCZOS_MAX. */
double tridiagonal_largest(int k, const double *alpha, const double *beta, double *last);

#endif
