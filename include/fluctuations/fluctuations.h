/* fluctuations: variances over replicas and losses, at each recorded time and n, and their slopes in n (LLN and CLT:
 * RVE section 3).
 *
 *   V_n(t)   = mean over points k of the unbiased sample variance of f_n(x_k, t) over replicas r = 1..R
 *   B_n(t)   = mean over points of (mean of f_n - mean of f_N)^2 - V_n/R - V_N/R_N, N the largest n, the reference:
 *              the error that remains after averaging over networks; unbiased, so it may be negative
 *   slopes   = least squares of log V_n on log n; the LLN predicts -1 at fixed t when the replicas share their data
 *   n V_n(t) = the scale of the CLT: constant in n
 *
 * With Q data streams per initial condition the variance has two terms (RVE section 3.3: V = A/n + dt S/P):
 *
 *   V_sgd    = mean over initial conditions and points of the sample variance of f_n over their streams
 *   V_init   = V(mean of the streams) - V_sgd / Q: unbiased for the covariance of two streams
 *   V        = V_init + V_sgd
 *
 * The resampling bound is n Var f_n of networks whose n units are drawn independently from mu_n, as a mean over
 * replicas:
 *
 *   (mean_i c_i^2 E phi_i^2 - E f_n^2) n/(n-1), E the mean over points; unbiased
 *
 * CRBVE bound the long-time n V_n by it. It is far from tight: the ratio is 1 at t = 0, where units are drawn from
 * mu_0, and much larger later. It is a bound, not a test.
 *
 * Bootstrap: sample b takes replica r w_r times. Replicas (with streams: initial conditions, R of them) are resampled,
 * never units or points, and the same samples are used for every n and time. The variance of a sample is low by the
 * factor 1 - 1/R, which is corrected. Intervals are value exp(+- t sd(log boot)) for positive values and value +- t
 * sd(boot) for slopes, with Student's t for R - 1 degrees of freedom and sd sqrt(R / (R - 1)). For small R percentiles
 * of the bootstrap cover too little. tests/module/test_fluctuations.c measures the coverage: on its fields, intervals
 * of V at 95 % cover 92 % for R = 32, and those at 99 % cover 97.0 and 97.6 % for R = 16 and 48. */
#ifndef MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H
#define MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "fluctuations/error_fit.h"
#include "study/analysis.h"

/* One quantity: its values, and its slope in n at each time. */
struct fluctuations_quantity {
  const char *name, *description;
  bool variance;          /* its product with n is the scale of the CLT */
  double expected;        /* its slope by theory, NAN: none */
  bool known;             /* the runs recorded it */
  struct estimate *value; /* [times][sizes] */
  double *boot;           /* [times][sizes][bootstrap]: its value in each bootstrap sample */
  struct estimate *slope; /* [times] */
  struct error_fit *fit;  /* [times], for losses; NULL for variances */
  struct estimate *power; /* [times], the p of fit with its interval */
};

/* With fewer replicas than FLUCTUATIONS_REPLICAS_MIN some bootstrap samples have no variance, so there are no
 * intervals. */
enum { FLUCTUATIONS_QUANTITIES = 12, FLUCTUATIONS_REPLICAS_MIN = 6 };

struct fluctuations {
  const struct study *study; /* not owned */
  struct analysis_options options;
  struct fluctuations_quantity quantity[FLUCTUATIONS_QUANTITIES];
};

/* Local. The result is a pure function of the study and the options. FAILED: reading. USAGE: more than ENSEMBLE_MAX
 * n. */
int fluctuations_create(const struct study *study, const struct analysis_options *options,
                        struct fluctuations **fluctuations);
void fluctuations_free(struct fluctuations *fluctuations); /* accepts NULL */

/* Local. The known quantity with this name, or NULL. */
const struct fluctuations_quantity *fluctuations_find(const struct fluctuations *fluctuations, const char *name);

/* Tables for each time, verdicts on slopes, limits of the data; judges conditions on slopes and on p. */
extern const struct analysis fluctuations_analysis;

/* ---- estimators, src/fluctuations/fluctuations_estimate.c; all local ---- */

/* weight [B][R]: how often sample b takes replica r. */
void fluctuations_weights(uint64_t seed, int bootstrap, int64_t replicas, double *weight);

/* *value = V of f [R][points], which is centered over replicas in place; boot [B]. NAN for R < 2. FAILED: no memory. */
int fluctuations_variance(int64_t replicas, int64_t points, double *f, int bootstrap, const double *weight,
                          double *value, double *boot);

/* V, V_sgd and V_init, and their bootstrap values [B]. */
struct fluctuations_terms {
  double total, sgd, init, *total_boot, *sgd_boot, *init_boot;
};

/* From f [initials][streams][points], weight [B][initials]. FAILED: no memory. */
int fluctuations_split(int64_t initials, int64_t streams, int64_t points, const double *f, int bootstrap,
                       const double *weight, struct fluctuations_terms *terms);

/* *value = B of f [replicas][points] against reference [references][points]; boot [B]. FAILED: no memory. */
int fluctuations_bias(int64_t replicas, int64_t references, int64_t points, const double *f, const double *reference,
                      int bootstrap, const double *weight, const double *reference_weight, double *value, double *boot);

/* The mean of values [R]; boot [B]. */
double fluctuations_mean(int64_t replicas, const double *values, int bootstrap, const double *weight, double *boot);

/* value with its interval from boot [B], which is overwritten. in_log: on the scale of logarithms, if all boot are
 * positive (a difference of variances may be negative). */
struct estimate fluctuations_interval(double value, int bootstrap, double *boot, int64_t replicas, double level,
                                      bool in_log);

/* Least-squares slope of log value on log n over the sizes [sizes] with use[s] (NULL: all); value s is value[s stride].
 * NAN: fewer than two sizes, or a value that is not positive. */
double fluctuations_log_slope(int sizes, const int64_t *n, const bool *use, const double *value, int64_t stride);

/* This slope of value [sizes] with its interval from boot [sizes][B], over the initial conditions of a study. */
struct estimate fluctuations_slope(const struct study *study, const struct analysis_options *options, const bool *use,
                                   const double *value, const double *boot);

#endif
