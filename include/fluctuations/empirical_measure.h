/* empirical_measure: the empirical distribution mu_n = (1/n) sum_i delta_theta_i of the units in checkpoints, described
 * by the observables
 *
 *   psi_l(theta) = sqrt 2 cos(w_l.theta~ + beta_l),   l = 1..L,
 *
 * with w_l ~ N(0, 1/D) in the D components of theta and beta_l uniform on [0, 2 pi]. theta~ is theta with each field
 * divided by its standard deviation (one for c, one for b, one for all components of a) over the units of the largest n
 * at the same time, because amplitudes grow during a run. mean_l psi_l(theta) psi_l(theta') approximates a Gaussian
 * kernel k of width sqrt D (random Fourier features, Rahimi and Recht 2007). With <psi>_n = int psi dmu_n, and E and
 * Var over replicas:
 *
 *   V    = mean_l Var <psi_l>_n. By the CLT n V is constant in n. For independent units, as at t = 0, n V = v, the mean
 *          over l of the variance of psi_l over units. The ratio n V / v, with v of the same n and time, is printed.
 *   MMD2 = mean_l E [ (n <psi_l>_n^2 - <psi_l^2>_n)/(n - 1) - 2 <psi_l>_n <psi_l>_N ] + mean_l <psi_l>_N <psi_l>_N',
 *          where N, N' are two replicas of the largest n; MMD2 estimates |E mu_n - E mu_N|^2 in the norm of k
 *
 * MMD2 leaves out the terms k(theta_i, theta_i)/n of a unit with itself, so for independent units it is an unbiased
 * estimate of this distance. In general its expectation is |E mu_n - E mu_N|^2 + (n V - v)/(n - 1), and 0 at t = 0. The
 * second term measures the correlation of the units of one network. */
#ifndef MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_H
#define MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_H

#include "fluctuations/fluctuations.h"

enum { EMPIRICAL_MEASURE_OBSERVABLES = 64 };

struct empirical_measure_size {
  struct estimate V, mmd; /* mmd: MMD2, NAN at the largest n */
  double unit_variance;   /* v, mean over l: the value of n V for independent units */
  double normality;       /* family p of the Anderson-Darling tests over l */
  double time;            /* t of this size */
};

/* A step at which all runs have a checkpoint. */
struct empirical_measure_time {
  int64_t step;
  double time;                         /* NAN: the sizes have different t, and are not compared */
  double scale[3];                     /* standard deviations of c, b, a */
  struct empirical_measure_size *size; /* [sizes] */
  struct estimate slope;               /* of log V on log n */
};

struct empirical_measure {
  const struct study *study; /* not owned */
  struct analysis_options options;
  int components;    /* D, the number of components of theta */
  double *frequency; /* [L][D] w_l: components for c, b (flat units), a */
  double *phase;     /* [L] beta_l */
  int times;         /* 0: no checkpoints */
  struct empirical_measure_time *time;
  bool few; /* no checkpoint is read because some n has fewer than FLUCTUATIONS_REPLICAS_MIN initial conditions */
};

/* Collective. Reads the checkpoints at the steps of output.snapshots that all runs have, after verifying every byte;
 * each rank reads some of the replicas. folder [study->runs]: the run folders. Only the first data stream of each
 * initial condition is used. The caller frees *measure, also after a failure. FAILED: a file is missing, damaged or
 * does not fit the history; no memory. USAGE or UNREAD: as for checkpoint_verify. */
int empirical_measure_create(const struct comm *comm, const struct study *study, char *const *folder,
                             const struct analysis_options *options, struct empirical_measure **measure);
void empirical_measure_free(struct empirical_measure *measure); /* accepts NULL */

/* Prints a table and adds verdicts for each time. */
extern const struct analysis empirical_measure_analysis;

#endif
