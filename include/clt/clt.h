/* clt: tests whether the fluctuations of f_n are those of the central limit theorem.
 *
 * By the theorem sqrt n (f_n - f_t) tends to a Gaussian field (RVE section 3.2). The outputs f_n,r of replica r at K
 * points are projected onto m fixed orthonormal vectors u_i and scaled by reference values l_i,
 *
 *   y_ri = u_i.(f_n,r - f) sqrt(n / (K l_i)),    i = 1..m,  r = 1..R,
 *
 * where f is the limit f_t if it is known exactly, otherwise the mean over replicas. By the theorem the y_ri are
 * standard normal. They are independent for different r and, if l_i and u_i are eigenvalues and eigenvectors of the
 * exact covariance, for different i. C_n is the covariance operator of clt/covariance.h. There are five tests. If the
 * theorem holds, each test, and in (a) each quotient, fails with a probability of at most about 1e-5 unless stated
 * otherwise:
 *
 *   (a) quotients   Var y_.i = u_i' C_n u_i / l_i for i = 1..min(m, 5): within 4.5 sqrt(2/(R-1)) of 1
 *   (b) width       W = mean_r |y_r|^2 / m: within 4.5 sd(|y_r|^2/m) / sqrt R of 1
 *   (c) mean        R |mean y|^2: below the quantile 1 - 1e-5 of chi^2 with m degrees of freedom (if f is exact)
 *   (d) cosine      largest cosine between the y of two replicas: below 0.99, or for small m below the value that
 *                   independent Gaussian replicas exceed with probability 1e-5; not for m < 3, because then some
 *                   pairs of replicas are nearly parallel by chance
 *   (e) normality   smallest p of the Anderson-Darling test over i, times m: above 1e-4 (the false-alarm rate)
 *
 * If the l_i are estimated, the limits of (a) and (b) include the variance of these estimates. */
#ifndef MCKEAN_CLT_CLT_H
#define MCKEAN_CLT_CLT_H

#include <stdbool.h>
#include <stdint.h>

enum { CLT_VECTORS = 20, CLT_VECTORS_MAX = 256, CLT_LEADING = 5 };
enum clt_test { CLT_QUOTIENTS, CLT_WIDTH, CLT_MEAN, CLT_COSINE, CLT_NORMALITY, CLT_TESTS };
extern const char *const clt_test_names[CLT_TESTS];

#define CLT_SD   4.5    /* limit of (a) and (b), in standard errors */
#define CLT_RARE 6.8e-6 /* probability that a Gaussian is over 4.5 sd from its mean */

/* Result of a test. value: (a) |quotient - 1| of that of the leading five for which it is largest relative to its
 * limit, (b) |W - 1|, (c), (d) as above, (e) the
 * smallest p times m. */
struct clt_outcome {
  bool applies, passed; /* a value of NAN does not pass */
  double value, limit;
};

/* The results of all tests of the projections y for one n. */
struct clt_tests {
  int64_t replicas;
  int vectors;
  struct clt_outcome outcome[CLT_TESTS];
  double width;                      /* W */
  double quotient[CLT_VECTORS_MAX];  /* [m] */
  double normality[CLT_VECTORS_MAX]; /* [m]: p of each projection */
};

/* How well the l_i are known. replicas: R' if they are estimated from R' independent Gaussian samples, otherwise 0.
 * quotient [m]: otherwise, the relative variances of the l_i, with the variance `width` of the mean over i of estimated
 * l_i / l_i; NULL: the l_i are exact. */
struct clt_error {
  int64_t replicas;
  const double *quotient;
  double width;
};

/* Local. Computes all tests and marks those that apply. y [replicas][vectors]. Cost: R^2 m operations. */
struct clt_tests clt_run_tests(int64_t replicas, int vectors, const double *y, struct clt_error error,
                               const bool applies[CLT_TESTS]);

/* Local. Returns whether every test that applies passed. */
bool clt_passed(const struct clt_tests *tests);

#endif
