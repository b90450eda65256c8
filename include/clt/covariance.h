/* covariance: the covariance operator of a field, from the outputs of R networks of n units at K points.
 *
 *   C_n = (n/K) sample covariance over replicas, K x K: n Cov[f_n(x_k), f_n(x_k')] as an operator on functions. Each
 *         point has weight 1/K, so eigenvalues converge as K grows. The trace is n V_n (fluctuations/fluctuations.h).
 *
 * Matrices are distributed over all ranks (parallel/dist_matrix.h); no rank holds a whole K x K matrix. Sorted
 * eigenvalues of a sample are biased: the largest are too large, the smallest of several nearly equal ones too small.
 * So samples are compared by Rayleigh quotients u' C_n u, which are unbiased if u does not depend on the sample. Sorted
 * eigenvalues are compared only with those of samples of as many Gaussian fields, at as many points, with a given
 * spectrum. All functions are collective; the last bits of the results depend on the number of ranks. */
#ifndef MCKEAN_CLT_COVARIANCE_H
#define MCKEAN_CLT_COVARIANCE_H

#include <stdint.h>

#include "parallel/dist_matrix.h"

struct covariance {
  int64_t n;
  int replicas, points;
  struct dist_matrix *f; /* K x R: column r is replica r minus the mean over replicas */
  double *mean;          /* [K] */
};

/* read sets f [count][K] = outputs of replicas first .. first + count - 1, and returns a status. Only rank 0 calls
 * it. */
struct covariance_reader {
  int (*read)(void *context, int64_t first, int64_t count, double *f);
  void *context;
};

/* Reads the samples of a field and centers them over replicas. FAILED: no memory, fewer than two replicas. Returns a
 * failure of the reader on all ranks. */
int covariance_create(const struct dist_grid *grid, int64_t n, int64_t replicas, int64_t points,
                      const struct covariance_reader *reader, struct covariance **covariance);
void covariance_free(struct covariance *covariance); /* accepts NULL */

/* *C = C_n, which the caller frees. Cost: R K^2 multiply-adds. FAILED: no memory. */
int covariance_operator(const struct covariance *covariance, struct dist_matrix **C);
double covariance_trace(const struct covariance *covariance); /* returns the trace of C_n */

/* y [R][count] on all ranks: y_ri = sqrt(n/K) u_i.(f_r - center). u [count][K]: orthonormal, equal on all ranks. center
 * [K], or NULL: the mean over replicas. The sample variance of y_.i is the Rayleigh quotient u_i' C_n u_i. FAILED: no
 * memory. */
int covariance_project(const struct covariance *covariance, int count, const double *u, const double *center,
                       double *y);

/* values [K] = all eigenvalues of a symmetric matrix in descending order, u [count][K] = the first `count`
 * eigenvectors, on all ranks. The component of largest magnitude of each vector is positive. If count = 0, u is unused.
 * Overwrites the matrix. FAILED: no memory, no convergence. */
int covariance_leading(struct dist_matrix *C, int count, double *values, double *u);

/* Draws from the null distribution of sorted eigenvalues: values [K] = eigenvalues, descending, of the sample
 * covariance of R Gaussian fields whose covariance has the eigenvalues spectrum [K]. id: number of the draw. Cost: that
 * of covariance_operator and covariance_leading. FAILED: no memory, no convergence. */
int covariance_wishart(const struct dist_grid *grid, int64_t points, const double *spectrum, int64_t replicas,
                       uint64_t seed, uint64_t id, double *values);

#endif
