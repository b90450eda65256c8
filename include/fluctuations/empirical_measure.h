/* measure: the empirical distribution mu_n = (1/n) sum_i delta_theta_i of checkpoints, seen by weak observables.
 *
 *   psi_l(theta) = sqrt 2 cos(w_l.theta~ + beta_l),   l = 1..L
 *
 * with w_l ~ N(0, 1/D) in the D fields of theta and beta_l uniform;
 * theta~ is theta over the spread of its fields (c, b, all a together) in the largest n at that time: amplitudes grow
 * along a run. Then mean_l psi_l(theta) psi_l(theta') is a Gaussian kernel k of width sqrt D (random Fourier features,
 * Rahimi and Recht 2007), and with <psi>_n = int psi dmu_n, over replicas:
 *
 *   V    = mean_l Var <psi_l>_n: the CLT says n V is flat in n; at t = 0, for every n, n V = mean_l Var_mu0 psi_l, the
 *          variance of independent units; the ratio to it is told
 *   MMD2 = mean_l E [ (n <psi_l>_n^2 - <psi_l^2>_n)/(n - 1) - 2 <psi_l>_n <psi_l>_N ] + mean_l <psi_l>_N <psi_l>_N',
 *          N and N' different replicas of the largest n: the squared distance of mu_n from mu_N in the norm of k,
 * without the terms k(theta_i, theta_i)/n of a unit with itself, so without bias for independent units. It is |E mu_n -
 * E mu_N|^2 + (n V - v)/(n - 1), v the variance of psi over units: 0 at t = 0; the correlation of the units of one
 * network shows in the second term, beside the self-terms' v/n. */
#ifndef MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_H
#define MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fluctuations/fluctuations.h"
#include "parallel/comm.h"
#include "study/results.h"
#include "study/study.h"

enum { EMPIRICAL_MEASURE_OBSERVABLES = 64 };

struct empirical_measure_size {
  struct estimate V, mmd; /* mmd NAN at the largest n */
  double units;           /* v, mean over l: n V of independent units */
  double normality;       /* family p of Anderson and Darling's tests over l */
};

/* One time of which all runs keep checkpoints. */
struct empirical_measure_time {
  int64_t step;
  double time;
  double scale[3];                     /* of c, b, a */
  struct empirical_measure_size *size; /* [sizes] */
  struct estimate slope;               /* of V in n */
};

struct empirical_measure {
  const struct study *study; /* not owned */
  struct fluctuations_options options;
  int fields;        /* D */
  double *frequency; /* [L][D]: of c, b (ridge units), a */
  double *phase;     /* [L] */
  int moments;
  struct empirical_measure_time *moment;
  bool few; /* there are snapshots, but fewer than FLUCTUATIONS_REPLICAS_MIN replicas: nothing is read */
};

/* Collective. Reads the checkpoints at output.snapshots of all runs, each rank its replicas, after checking every byte.
 * moments 0 if there are none. With several data streams per initial condition the first of each is taken. FAILED:
 * reading, damage. */
int empirical_measure_create(const struct comm *comm, const struct study *study, char *const *folder,
                             const struct fluctuations_options *options, struct empirical_measure **measure);
void empirical_measure_free(struct empirical_measure *measure); /* accepts NULL */

/* Local (rank 0). */
void empirical_measure_print(const struct empirical_measure *measure, FILE *out);
void empirical_measure_print_verdicts(const struct empirical_measure *measure, FILE *out);
void empirical_measure_results(const struct empirical_measure *measure, struct results *results);

#endif
