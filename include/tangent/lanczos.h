/* lanczos: the largest eigenvalue of a symmetric operator, computed from products with vectors.
 *
 *   A V_k = V_k T_k + beta_k v_{k+1} e_k',   theta = largest eigenvalue of T_k,   |A y - theta y| = beta_k |s_k|
 *
 * where V_k has the columns v_1 .. v_k, T_k is tridiagonal (alpha, beta), s is its normalized eigenvector for theta,
 * s_k is the last component of s, and y = V_k s (Golub and Van Loan, Matrix Computations, section 10.1). Each v_i is
 * orthogonalized against all earlier ones. Up to rounding, theta does not exceed the largest eigenvalue. Some
 * eigenvalue lies within beta_k |s_k| of theta; for a random start vector it is almost certainly the largest one. The
 * code uses no BLAS, and only sqrt from libm, so the result has the same bits on two machines if the products do. */
#ifndef MCKEAN_TANGENT_LANCZOS_H
#define MCKEAN_TANGENT_LANCZOS_H

#include <stdbool.h>
#include <stdint.h>

enum { LANCZOS_MAX = 30 }; /* the largest number of products */

struct lanczos {
  double value;                                 /* theta; NAN if a product was not finite */
  double bound;                                 /* beta_k |s_k| */
  int products;                                 /* k, the number of products computed */
  double alpha[LANCZOS_MAX], beta[LANCZOS_MAX]; /* T_k */
};

/* The operator A. apply: w [size] = A v [size]; returns false if a term was not finite or out of range. */
struct lanczos_operator {
  bool (*apply)(void *context, const double *v, double *w);
  void *context;
};

/* Returns the largest eigenvalue of the operator. Stops when bound <= tolerance * value, or after min(size,
 * LANCZOS_MAX) products. basis [LANCZOS_MAX + 1][size]: work space; the first vector holds the start vector, which must
 * not be zero and may have any norm. Collective if the products are, otherwise local; the products must have the same
 * bits on all ranks, so that all ranks stop together. Cost: k products and 2 k^2 * size flops. */
struct lanczos lanczos_largest(const struct lanczos_operator *operator, int64_t size, double tolerance, double *basis);

/* The same with at most `products` products, 1 to LANCZOS_MAX. */
struct lanczos lanczos_limited(const struct lanczos_operator *operator, int64_t size, double tolerance, int products,
                               double *basis);

/* Local. Replaces the first vector of the basis that lanczos_largest returned by y, normalized; the other vectors
 * become undefined. The value must be finite. Cost: 2 k size flops. */
void lanczos_vector(const struct lanczos *result, int64_t size, double *basis);

/* Local. Returns the largest eigenvalue of the tridiagonal matrix with diagonal alpha [k] and off-diagonal beta [k-1],
 * by bisection. *last: the absolute value of the last component of its normalized eigenvector. k <= LANCZOS_MAX. */
double tridiagonal_largest(int k, const double *alpha, const double *beta, double *last);

#endif
