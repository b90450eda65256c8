/* initial_covariance: the covariance of f_n at t = 0, exact for every n.
 *
 * Units are independent with the law mu_0, so f_n(x) = (1/n) sum_i c_i phi(x, z_i) is a mean of n independent terms:
 *
 *   E f_n(x) = f_0(x) = E c E phi(x, z)
 *   n Cov[f_n(x), f_n(x')] = E c^2 E[phi(x, z) phi(x', z)] - f_0(x) f_0(x')
 *
 * (the CLT of RVE section 3.2 at t = 0). For ridge units phi = h(s), and s = a.x + b and s' = a.x' + b are jointly
 * Gaussian with means m, m', variances sigma^2, sigma'^2 and correlation rho. Mehler's expansion gives
 *
 *   E[h(s) h(s')] = sum_k h_k(x) h_k(x') rho^k,   h_k(x) = E[h(m + sigma g) He_k(g)] / sqrt(k!)
 *
 * with integrals h_k over g ~ N(0, 1). This holds for all means and x. On the sphere (rbf), for all x,
 *
 *   E phi phi' = e^{-alpha (|x|^2 + |x'|^2 + 2 d)/2} 0F1(; d/2; alpha^2 d |x + x'|^2 / 4),
 *
 * which for |x|^2 = |x'|^2 = d is the kernel K of RVE section 5. */
#ifndef MCKEAN_CLT_INITIAL_COVARIANCE_H
#define MCKEAN_CLT_INITIAL_COVARIANCE_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/unit.h"

enum { INITIAL_COVARIANCE_TERMS = 256 /* of Mehler's expansion */ };
#define INITIAL_COVARIANCE_TAIL 1e-3 /* largest fraction of E phi^2 that the omitted terms may contain */

struct initial_covariance {
  struct unit_spec unit;
  int d;
  int64_t points;
  const double *x;       /* [points][d], not owned */
  double *mean, *square; /* [points]: E phi, E phi^2 */
  double *sigma;         /* [points], ridge units */
  double *coefficient;   /* [points][INITIAL_COVARIANCE_TERMS]: h_k(x), ridge units */
  double tail;           /* largest fraction of E phi^2 in the omitted terms, over points; for i = j none are omitted */
};

/* Local. x [points][d] must outlive the result. FAILED: no memory; the unit is too steep, or its initial law too wide,
 * for the expansion; or the initial particles come from a file. Cost: about 1e6 flops per point for ridge units. */
int initial_covariance_create(const struct unit_spec *unit, int d, int64_t points, const double *x,
                              struct initial_covariance **initial);
void initial_covariance_free(struct initial_covariance *initial); /* accepts NULL */

/* Local. Return E[phi(x_i, z) phi(x_j, z)], n Cov[f_n(x_i), f_n(x_j)] and f_0(x_i), in this order. Cost: about 1000
 * flops. */
double initial_covariance_kernel(const struct initial_covariance *initial, int64_t i, int64_t j);
double initial_covariance_between(const struct initial_covariance *initial, int64_t i, int64_t j);
double initial_covariance_output(const struct initial_covariance *initial, int64_t i);

/* Collective. *matrix [points][points] = factor * entry(initial, i, j). The caller frees *matrix. FAILED: no
 * memory. */
int initial_covariance_matrix(const struct dist_grid *grid, const struct initial_covariance *initial,
                              double (*entry)(const struct initial_covariance *initial, int64_t i, int64_t j),
                              double factor, struct dist_matrix **matrix);

#endif
