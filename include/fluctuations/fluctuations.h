/* fluct: fluctuations over replicas, and how they fall with n (LLN and CLT: RVE section 3).
 *
 *   V_n(t)   = mean over points k of the unbiased sample variance of f_n(x_k, t) over replicas r = 1..R
 *   B_n(t)   = mean over points of (mean of f_n - mean of f_N)^2 - V_n/R - V_N/R_N, N the largest n, the reference:
 *              the part of the error that no average over networks removes; unbiased, so it may be negative
 *   slopes   = least squares of log V_n on log n; the LLN says -1 at fixed t when the replicas share their data
 *   n V_n(t) = flat in n: the scale of the CLT
 *
 * With Q data streams per initial condition the variance has two parts (RVE section 3.3: V = A/n + dt S/P):
 *
 *   V_sgd    = mean over initial conditions and points of the sample variance of f_n over their streams
 *   V_init   = V(mean of the streams) - V_sgd / Q: unbiased for the covariance of two streams
 *   V        = V_init + V_sgd
 *
 * The resampling bound: n Var f_n of networks of n units drawn anew from mu_n, mean over the replicas of
 *
 *   (mean_i c_i^2 E phi_i^2 - E f_n^2) n/(n-1), E the mean over points
 *
 * without bias. CRBVE bound the long-time n V_n by it. It is far from tight (ratio 1 at t = 0, where units are drawn
 * from mu_0; much larger later): a bound, not a test.
 *
 * A bootstrap sample takes replica r w_r times; its variance is low by the factor 1 - 1/R, which is corrected.
 * Replicas (with streams: initial conditions, R of them) are resampled, never units or points; the same ones for every
 * n and time. Intervals are value exp(+- t sd(log boot)) for positive values, value +- t sd(boot) for slopes, with
 * Student's t for R - 1 degrees and sd sqrt(R / (R - 1)) for small R, where percentiles of the bootstrap cover too
 * little (tests/module/test_fluctuations.c measures the coverage). On its fields intervals of V at 95 % cover 92 % for R = 32, those
 * at 99 % 97.0 and 97.6 % for R = 16 and 48. */
#ifndef MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H
#define MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fluctuations/error_fit.h"
#include "study/results.h"
#include "study/study.h"

struct fluctuations_options {
  uint64_t seed;
  int bootstrap;    /* resamplings B */
  double level;     /* confidence of the intervals, such as 0.99 */
  double tolerance; /* of the verdicts on slopes, study/verdict.h */
};

/* One quantity: its values and its slope in n at each time. */
struct fluctuations_quantity {
  const char *name, *description;
  bool variance;          /* times n it is the CLT scale */
  double expected;        /* its slope by theory, NAN: none */
  bool known;             /* the runs recorded it */
  struct estimate *value; /* [times][sizes] */
  double *boot;           /* [times][sizes][bootstrap]: value in every bootstrap sample, the same samples for all */
  struct estimate *slope; /* [times] */
  struct error_fit *fit;  /* [times], for losses; NULL for variances */
  struct estimate *power; /* [times], the p of fit with its interval */
};

/* Below FLUCTUATIONS_REPLICAS_MIN replicas some resamplings have no spread at all, and there are no intervals. */
enum { FLUCTUATIONS_QUANTITIES = 12, FLUCTUATIONS_REPLICAS_MIN = 6 };

struct fluctuations {
  const struct study *study; /* not owned */
  struct fluctuations_options options;
  struct fluctuations_quantity quantity[FLUCTUATIONS_QUANTITIES];
};

/* Local. FAILED: reading. The result is a pure function of the study and options. */
int fluctuations_create(const struct study *study, const struct fluctuations_options *options,
                        struct fluctuations **fluct);
void fluctuations_free(struct fluctuations *fluct); /* accepts NULL */

/* The estimators themselves. weight [B][R]: how often sample b takes replica r.
 * f [R][points] is centred over replicas in place. boot [B]. */
void fluctuations_weights(uint64_t seed, int bootstrap, int64_t replicas, double *weight);
int fluctuations_variance(int64_t replicas, int64_t points, double *f, int bootstrap, const double *weight,
                          double *value, double *boot); /* FAILED: no memory */
/* f [initials][streams][points], weight [B][initials]; total, sgd and init: V, V_sgd, V_init, their boot [B]. */
struct fluctuations_parts {
  double total, sgd, init, *total_boot, *sgd_boot, *init_boot;
};
int fluctuations_parts(int64_t initials, int64_t streams, int64_t points, const double *f, int bootstrap,
                       const double *weight, struct fluctuations_parts *parts); /* FAILED: no memory */
/* B of f [replicas][points] against reference [references][points]. FAILED: no memory. */
int fluctuations_bias(int64_t replicas, int64_t references, int64_t points, const double *f, const double *reference,
                      int bootstrap, const double *weight, const double *reference_weight, double *value, double *boot);
double fluctuations_mean(int64_t replicas, const double *values, int bootstrap, const double *weight, double *boot);

/* Least-squares slope of log value [sizes], stride apart, in log n [sizes]. NAN: a value is not positive. */
double fluctuations_log_slope(int sizes, const int64_t *n, const double *value, int64_t stride);

/* in_log: of a value whose boot are all positive (a difference of variances may not be); they become logarithms. */
struct estimate fluctuations_interval(double value, int bootstrap, double *boot, int64_t replicas, double level,
                                      bool in_log);

/* Local. The fewest study_initials of all sizes: these are what is resampled. */
int64_t fluctuations_fewest(const struct fluctuations *fluct);

/* Local. NULL: no known quantity has this name. */
const struct fluctuations_quantity *fluctuations_find(const struct fluctuations *fluct, const char *name);

/* What the numbers say: tables, one block per time; verdicts; what the data cannot answer. */
void fluctuations_print(const struct fluctuations *fluct, FILE *out);
void fluctuations_print_verdicts(const struct fluctuations *fluct, FILE *out);
void fluctuations_print_limits(const struct fluctuations *fluct, FILE *out);

/* Local. Adds n, replicas, times and a group per quantity. */
void fluctuations_results(const struct fluctuations *fluct, struct results *results);

#endif
