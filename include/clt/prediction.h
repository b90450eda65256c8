/* prediction: the limit of sqrt n (f_n - f_t) predicted from the dynamics, without replicas of the network.
 *
 * The recorded input of a run is repeated for J reference networks of N units, each of which carries M/J draws
 * (tangent/draws.h). The covariance of the draws of a reference tends to the limit of n Cov f_n as N grows. The
 * prediction of n V_n (fluctuations/fluctuations.h) at a time is the mean over references of
 *
 *   v_j = mean over the M/J draws and the points of g^2
 *
 * The M/J draws of a reference are matched (tangent/draws.h). At early t, the error from the references is of order
 * (J N)^-1/2. The error from the draws depends on M/J; for input/quickstart.yaml with N = 4096 it is the smaller one
 * from 16 draws per reference on. At late t, when the leading fluctuations have decayed, it is of order M^-1/2.
 *
 * The v_j are independent and have equal laws. So the standard error sd(v_j) / sqrt J, with Student's distribution
 * with one degree of freedom less than J, contains both the error of a finite number of draws and the fluctuations of
 * order N^-1/2 of the references. It does not contain the bias of v_j: it is of order 1/N at early t and decreases
 * more slowly with N when a few units respond strongly. For input/quickstart.yaml, n V_n is predicted 5 % too large at
 * t = 100 and 2 times too large at t = 200 with N = 4096, and agrees with networks within +- 8 % at both times with
 * N = 131,072.
 *
 * With data.mode: population the references move by the exact potential, but the draws by means over P fresh points,
 * the same for all; the standard error does not contain their error, of order P^-1/2. */
#ifndef MCKEAN_CLT_PREDICTION_H
#define MCKEAN_CLT_PREDICTION_H

#include <stdint.h>
#include <stdio.h>

#include "run/problem.h"
#include "study/study.h"

enum { PREDICTION_SETS = 2 }; /* POINTS_TEST, POINTS_TRAIN */

struct prediction_request {
  const char *run;       /* the folder, for messages and the file */
  int64_t units;         /* N */
  int draws, references; /* M, a multiple of J */
  int points;            /* P, for data.mode: population */
  uint64_t seed;         /* of the draws */
};

/* Results on rank 0; the arrays are NULL on other ranks. */
struct prediction {
  const struct prediction_request *request;
  struct problem problem; /* the reference networks */
  int times;
  int64_t *step;                   /* [times] */
  double *time;                    /* [times] */
  int64_t points[PREDICTION_SETS]; /* K, N; 0: the set does not exist */
  double *square[PREDICTION_SETS]; /* [times][draws]: mean over the points of g^2 */
  float *g;                        /* [times][draws][K]: g at the test points; draw m belongs to reference m / (M/J) */
  double *f;                       /* [times][references][K]: f_N at the test points */
};

/* Receives the number of times that are complete, on rank 0. */
typedef void (*prediction_progress)(const struct prediction *prediction, int times);

/* Computes the prediction at the times of a study with one run. progress: called after each time; may be NULL.
 * Collective. USAGE: there is no theory for the input of the run, or the study has no fields; the message names the
 * key. FAILED: a reference diverged; no memory. */
int prediction_create(const struct comm *comm, const struct study *study, const struct prediction_request *request,
                      prediction_progress progress, struct prediction **prediction);
void prediction_free(struct prediction *prediction); /* local; accepts NULL */

/* Local, on rank 0. Returns the prediction of n V_n at a time, with its standard error, for J >= 2 references. */
struct predicted_variance {
  double value, error;
};
struct predicted_variance predicted_variance(int draws, int references, const double *square);

/* Local, on rank 0. Prints the table of n V_n: its head, then a line for each time. */
void prediction_print_head(const struct prediction *prediction, FILE *out);
void prediction_print_time(const struct prediction *prediction, int time, FILE *out);

#endif
