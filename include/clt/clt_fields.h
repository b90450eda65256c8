/* clt_fields: applies the tests of clt/clt.h to the fields that runs recorded, at each time and size.
 *
 * The vectors u_i and reference values l_i come from
 *
 *   initial  t = 0, at the test points: the exact covariance (clt/initial_covariance.h)
 *   frozen   t > 0, at the training points, if only c is trained, by Euler steps of gradient descent in which no dt
 *            is auto, with the squared loss on at most CLT_POINTS_MAX fixed points: the limit n -> infinity
 *            (clt/frozen_features.h); no test of the mean, because E f_n deviates from f_t by O(1/n)
 *   half     t > 0, at the test points: the first half of the replicas of the largest n gives u_i, the eigenvectors
 *            of its C_n; the other half gives l_i = u_i' C_n u_i, with its own C_n; no test of the mean and, for the
 *            largest n itself, only tests (d) and (e), on the other half
 *
 *   predicted  every t of a prediction (clt/prediction.h), at the test points: the draws of the first half of the
 *            references give u_i, those of the other half l_i, with an error from the spread over these references,
 *            because the draws of a reference are not independent; no test of the mean
 *
 * Normality is tested for the largest n only: the theorem is about n -> infinity, so at small n deviations of relative
 * order 1/n, and distributions that are not normal, do not contradict it. In addition, two kinds of sums must be within
 * 4.5 standard errors of their expected values: sums of u_i' C_n u_i over groups of close eigenvalues and, for initial
 * and frozen, n V_n. Only the first data stream of each initial condition is used. */
#ifndef MCKEAN_CLT_CLT_FIELDS_H
#define MCKEAN_CLT_CLT_FIELDS_H

#include "clt/clt.h"
#include "study/analysis.h"

enum clt_reference { CLT_INITIAL, CLT_FROZEN, CLT_HALF, CLT_PREDICTED, CLT_REFERENCES };
extern const char *const clt_reference_names[CLT_REFERENCES];

/* At most the first CLT_POINTS_MAX points of a set are used: K x K matrices are distributed over ranks, but eigenvalues
 * cost O(K^3). If some n has fewer than CLT_REPLICAS_MIN initial conditions, there are no tests. */
enum { CLT_POINTS_MAX = 4096, CLT_REPLICAS_MIN = 64, CLT_QUANTILES = 81 };

/* The last l_i are not used if they are below CLT_FLOOR l_1, as they may be rounding errors. An l_i below
 * CLT_GAP l_{i-1} begins a new group. */
#define CLT_FLOOR 1e-9
#define CLT_GAP   0.8

/* The results of one size at one time. */
struct clt_size {
  struct clt_tests tests;
  double trace;                        /* n V_n */
  double group[CLT_VECTORS_MAX];       /* sum of u_i' C_n u_i over a group, divided by the sum of its l_i */
  double group_limit[CLT_VECTORS_MAX]; /* largest accepted |group - 1|: 4.5 standard errors */
  double quantile[CLT_QUANTILES];      /* of all y_ri, at probabilities Phi(z), z = -4, -3.9, ..., 4 */
  bool sums;                           /* all groups and, except for half, the trace are within their limits */
  /* [m]: eigenvalues of C_n, largest first; mean and standard deviation of those of Gaussian fields. NULL if these are
   * not requested, or not known because the l_i are not exact. */
  double *sorted, *null_mean, *null_sd;
};

struct clt_time {
  int index; /* of the time in the study */
  enum point_set set;
  enum clt_reference reference;
  int points, vectors, groups;
  int64_t reference_replicas;              /* half: number of replicas that give the l_i; otherwise 0 */
  int references;                          /* predicted: number of reference networks that give the l_i; otherwise 0 */
  double *share;                           /* [references][m]: their contributions, the mean of which is l_i */
  int first[CLT_VECTORS_MAX + 1];          /* [groups + 1]: vectors first[g] .. first[g + 1] - 1 are group g */
  double reference_value[CLT_VECTORS_MAX]; /* [m]: l_i */
  /* The trace of the reference (for half: n V_n of the other half); and sqrt(R - 1) times the relative standard
   * deviation of n V_n, NAN for half. */
  double reference_trace, trace_sd;
  struct clt_size *size; /* [sizes] */
};

struct clt_fields {
  const struct study *study; /* not owned */
  struct analysis_options options;
  int times;
  struct clt_time *time; /* [times]: the times and point sets that are tested */
  char reason[512];      /* why there are no tests, or why some are skipped; or "" */
};

/* Collective. Every rank has the study open; rank 0 reads the fields. The caller frees *fields, also after a failure.
 * FAILED: a history cannot be read, no memory, no convergence of eigenvalues. */
int clt_fields_create(const struct comm *comm, const struct study *study, const struct analysis_options *options,
                      struct clt_fields **fields);
void clt_fields_free(struct clt_fields *fields); /* accepts NULL */

/* Local. Returns the limit of the relative deviation of n V_n from an exact trace. For a Gaussian field and many
 * replicas, the deviation exceeds this limit with probability CLT_RARE. With 64 replicas and one dominant eigenvalue
 * the probability is about 1e-4. */
double clt_trace_limit(const struct clt_time *time, int64_t replicas);

/* Local. Returns whether all tests that apply, and the sums, passed. */
bool clt_size_passed(const struct clt_size *size);

/* Prints tables, adds a verdict for each time and size, judges the condition clt[@T]. */
extern const struct analysis clt_fields_analysis;

#endif
