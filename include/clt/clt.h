/* clt: are the fluctuations of f_n those of the central limit theorem?
 *
 * sqrt n (f_n - f_t) tends to a Gaussian field (RVE section 3.2). Replica r is projected on m fixed orthonormal vectors
 * u_i and scaled by reference values l_i,
 *
 *   y_ri = u_i.(f_n,r - f) sqrt(n / (K l_i)),    i = 1..m,  r = 1..R.
 *
 * By the theorem these are N(0, 1), independent in r and, where l_i, u_i are those of the exact covariance, in i. There
 * are five tests. A true hypothesis fails each of them in at most about 1e-5 of all cases unless stated otherwise:
 *
 *   (a) quotients   Var y_.i = u_i' C_n u_i / l_i for i = 1..5: within 4.5 sqrt(2/(R-1)) of 1
 *   (b) width       W = mean_r |y_r|^2 / m: within 4.5 sd(|y_r|^2/m) / sqrt R of 1
 *   (c) mean        R |mean y|^2: below the quantile 1 - 1e-5 of chi^2 with m degrees (where f is exact)
 *   (d) cosine      largest cosine of two replicas' y: below 0.99, or for small m below the level that independent
 *                   Gaussian replicas exceed once in 1e5 cases; does not apply for m < 3, where some of many are
 *                   parallel by chance
 *   (e) normality   smallest p of Anderson and Darling's test over i, times m: above 1e-4 (the false-alarm rate)
 *
 * If a reference value l_i is itself a quotient of R' replicas, its variance is added in (a) and (b). */
#ifndef MCKEAN_CLT_CLT_H
#define MCKEAN_CLT_CLT_H

#include <stdbool.h>
#include <stdint.h>

enum { CLT_VECTORS = 20, CLT_VECTORS_MAX = 256, CLT_LEADING = 5 };
enum clt_test { CLT_QUOTIENTS, CLT_WIDTH, CLT_MEAN, CLT_COSINE, CLT_NORMALITY, CLT_TESTS };
extern const char *const clt_test_names[CLT_TESTS];

#define CLT_SD   4.5    /* limits in standard errors */
#define CLT_RARE 6.8e-6 /* probability that a Gaussian exceeds them */

/* value and limit: (a) largest |quotient - 1| of the leading five, (b) |W - 1|, (c), (d) as above, (e) family p. */
struct clt_outcome {
  bool applies, passed; /* NAN does not pass */
  double value, limit;
};

struct clt_judgement {
  int64_t replicas;
  int vectors;
  struct clt_outcome outcome[CLT_TESTS];
  double width;                      /* W */
  double quotient[CLT_VECTORS_MAX];  /* [m] */
  double normality[CLT_VECTORS_MAX]; /* [m]: p of each projection */
};

/* Local. y [replicas][vectors]; reference_replicas: R', 0 where l_i are exact. Cost: R^2 m operations. */
struct clt_judgement clt_judge(int64_t replicas, int vectors, const double *y, int64_t reference_replicas,
                               const bool applies[CLT_TESTS]);

/* Local. Every test that applies passed. */
bool clt_passed(const struct clt_judgement *judgement);

#endif
