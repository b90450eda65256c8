/* fluctuations: variances over replicas and mean losses, at each recorded time and n, and their slopes in n (LLN and
 * CLT: RVE section 3).
 *
 *   V_n(t)   = mean over points k of the unbiased sample variance of f_n(x_k, t) over replicas r = 1..R
 *   B_n(t)   = mean over points of (mean of f_n - mean of f_N)^2 - V_n/R - V_N/R_N, where N is the largest n and R_N
 *              its number of replicas; B_n is the squared error that remains after averaging over networks; the
 *              estimate is unbiased, so it may be negative
 *   slopes   = least squares of log V_n on log n; the LLN predicts -1 at fixed t when the replicas share their data
 *   n V_n(t) = the variance on the scale of the CLT; the CLT predicts that n V_n does not depend on n
 *
 * With Q data streams per initial condition the variance has two terms (RVE section 3.3: V = A/n + dt S/P):
 *
 *   V_sgd    = sample variance of f_n over the streams of an initial condition; mean over initial conditions and points
 *   V_init   = V(mean of the streams) - V_sgd / Q: an unbiased estimate of the covariance of f_n between two streams
 *   V        = V_init + V_sgd
 *
 * The resampling bound is n Var f_n of networks whose n units are drawn independently from mu_n, averaged over
 * replicas:
 *
 *   (mean_i c_i^2 E phi_i^2 - E f_n^2) n/(n-1), where E is the mean over points; the factor n/(n-1)
 *   makes the estimate unbiased for independent units
 *
 * CRBVE bound the long-time n V_n by it. The bound is far from tight: its ratio to n V_n is 1 at t = 0, where units are
 * drawn from mu_0, and much larger later. So it is not a test.
 *
 * Bootstrap: sample b contains w_br copies of replica r. The R replicas (with streams: the R initial conditions) are
 * resampled, never units or points. The samples are the same for all times. Different n are resampled independently,
 * because their replicas are independent: the random numbers of initial conditions and of a network's own data depend
 * on (seed, n, replica). This also holds for a shared stream of data, which all replicas of all n use: given the
 * stream, the replicas are independent, and the intervals hold for this stream. If initial conditions of different n
 * have units in common (study->paired), all n with equal R are resampled with the same samples.
 *
 * The variance within a sample is too small by the factor 1 - 1/R, which is corrected. Let v be the values in the
 * bootstrap samples, h = t sd(v) (1 + a / sqrt R), where sd includes a factor sqrt(R / (R - 1)) and t is the quantile
 * of Student's distribution with R - 1 degrees of freedom. An interval is value +- h, or on the scale of logarithms,
 * if all v are positive, value exp(+- h) with sd(log v):
 *
 *   V_n, V_init, V_sgd, mean losses, times     logarithms    a = 0 for the lower end, 3 for the upper end
 *   max/end and exponents of healing           logarithms    a = 1.2
 *   slopes in n, p of error_fit                linear        a = 0.4
 *   B_n, differences of losses                 linear        a = 0
 *
 * a is larger than 0 because R replicas seldom contain the rare large values of a skewed law, so the estimates of the
 * variance and of its error are both too low. The values of a are chosen such that 99 % intervals contain the true
 * value in more than 98 % of simulated studies, for Gaussian fields and for fields with skewness 2, at R = 16 and 48;
 * `make coverage` (tests/physics/physics_coverage.c) measures it. In 2,000 studies with R = 16, the coverage for V_n of
 * the skewed fields was 92 % with a = 0, 81 % for BCa intervals, and 95 % for the studentized bootstrap, whose upper
 * ends were twice as far from V_n. */
#ifndef MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H
#define MCKEAN_FLUCTUATIONS_FLUCTUATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "fluctuations/error_fit.h"
#include "study/analysis.h"

/* One quantity: its values, and its slope in n at each time. */
struct fluctuations_quantity {
  const char *name, *description;
  bool variance;          /* V, V_train or V_init: tables print n times the value */
  double expected;        /* slope by theory; NAN: none */
  bool known;             /* these runs determine it; otherwise the arrays below are NULL */
  struct estimate *value; /* [times][sizes] */
  double *resampled;      /* [times][sizes][bootstrap]: the value in each bootstrap sample */
  struct estimate *slope; /* [times] */
  struct error_fit *fit;  /* [times], for losses; otherwise NULL */
  struct estimate *power; /* [times]: p of the fit with its interval, for losses; otherwise NULL */
};

/* With fewer than FLUCTUATIONS_REPLICAS_MIN replicas there are no intervals, because some bootstrap samples consist of
 * a single replica and have no variance. */
enum { FLUCTUATIONS_QUANTITIES = 12, FLUCTUATIONS_REPLICAS_MIN = 6 };

struct fluctuations {
  const struct study *study; /* not owned */
  struct analysis_options options;
  struct fluctuations_quantity quantity[FLUCTUATIONS_QUANTITIES];
};

/* Local. Computes all quantities. The result is a pure function of the study and the options. study must outlive it.
 * FAILED: a history cannot be read, no memory. USAGE: the study has more than ENSEMBLE_MAX sizes. */
int fluctuations_create(const struct study *study, const struct analysis_options *options,
                        struct fluctuations **fluctuations);
void fluctuations_free(struct fluctuations *fluctuations); /* accepts NULL */

/* Local. Returns the known quantity with this name, or NULL. */
const struct fluctuations_quantity *fluctuations_find(const struct fluctuations *fluctuations, const char *name);

/* Prints tables for each time, adds verdicts on slopes and limits (what the data cannot show), and judges conditions on
 * slopes and on p. */
extern const struct analysis fluctuations_analysis;

/* ---- estimators (src/fluctuations/fluctuations_estimate.c); all local; B = bootstrap ---- */

/* weight [B][replicas] = how often sample b contains replica r: a pure function of seed, the number of replicas and a
 * key: study_resampling. */
void fluctuations_weights(uint64_t seed, int64_t key, int bootstrap, int64_t replicas, double *weight);

/* *value = V of f [replicas][points], which is centered over replicas in place; resampled [B] = V of each sample. NAN
 * for fewer than 2 replicas. FAILED: no memory. */
int fluctuations_variance(int64_t replicas, int64_t points, double *f, int bootstrap, const double *weight,
                          double *value, double *resampled);

/* V, V_sgd and V_init, and their values in the bootstrap samples: arrays [B] that the caller provides. */
struct fluctuations_terms {
  double total, sgd, init, *total_resampled, *sgd_resampled, *init_resampled;
};

/* Computes the terms from f [initials][streams][points] and weight [B][initials]. FAILED: no memory. */
int fluctuations_split(int64_t initials, int64_t streams, int64_t points, const double *f, int bootstrap,
                       const double *weight, struct fluctuations_terms *terms);

/* The outputs f [replicas][points] of the networks of one n, independent of each other, and their weight [B][replicas].
 */
struct fluctuations_sample {
  int64_t replicas;
  const double *f, *weight;
};

/* *value = B_n of a sample; reference: the sample of the largest n. resampled [B] = B_n of each bootstrap sample. NAN
 * if the sample or the reference has fewer than 2 replicas. FAILED: no memory. */
int fluctuations_bias(int64_t points, const struct fluctuations_sample *sample,
                      const struct fluctuations_sample *reference, int bootstrap, double *value, double *resampled);

/* Returns the mean of values [replicas]; resampled [B] = mean of each sample. */
double fluctuations_mean(int64_t replicas, const double *values, int bootstrap, const double *weight,
                         double *resampled);

enum interval_kind {
  INTERVAL_SIGNED,    /* a difference of means */
  INTERVAL_POSITIVE,  /* a variance, a mean of positive values, or a difference of variances, which may be negative */
  INTERVAL_SLOPE,     /* a combination of the logarithms of values of several n; an exponent */
  INTERVAL_LOG_RATIO, /* the logarithm of the ratio of two variances over the same replicas */
};

/* Returns value with its interval. resampled [B]: the values in the bootstrap samples; overwritten. There is no
 * interval for fewer than FLUCTUATIONS_REPLICAS_MIN replicas, or if one of resampled is not finite. */
struct estimate fluctuations_interval(enum interval_kind kind, double value, int bootstrap, double *resampled,
                                      int64_t replicas, double level);

/* Returns the least-squares slope of log value on log n over the sizes s with use[s] (use NULL: all). The value of size
 * s is value[s * stride]. NAN: fewer than two sizes, or a value that is not positive. */
double fluctuations_log_slope(int sizes, const int64_t *n, const bool *use, const double *value, int64_t stride);

/* Returns the slope of fluctuations_log_slope for value [sizes], with its interval from resampled [sizes][B]. The
 * degrees of freedom are those of the size with the fewest initial conditions. */
struct estimate fluctuations_slope(const struct study *study, const struct analysis_options *options, const bool *use,
                                   const double *value, const double *resampled);

#endif
