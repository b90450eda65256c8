/* clt_fields: the questions of clt/clt.h, put to the fields that runs recorded, per time and size.
 *
 * The vectors u_i and reference values l_i are
 *
 *   initial  t = 0, at the test points: those of the exact covariance (clt/initial_covariance.h); all questions are asked
 *   frozen   only c is trained, gradient descent on fixed data, at the training points: those of the limit of n ->
 *            infinity (clt/frozen_features.h); the mean is not asked, as it is off by O(1/n)
 *   half     other t > 0, at the test points: eigenvectors of the largest n from the first half of its replicas, l_i =
 *            quotients of its other half; so the largest n is asked for its cosines and normality alone
 *
 * The theorem is about n -> infinity: at small n deviations of relative order 1/n, and no normality, do not contradict
 * it. With several data streams per initial condition the first of each is taken. */
#ifndef MCKEAN_CLT_CLT_FIELDS_H
#define MCKEAN_CLT_CLT_FIELDS_H

#include <math.h>
#include <stdio.h>

#include "clt/clt.h"
#include "parallel/comm.h"
#include "study/results.h"
#include "study/study.h"

enum clt_source { CLT_INITIAL, CLT_FROZEN, CLT_HALF, CLT_SOURCES };
extern const char *const clt_source_names[CLT_SOURCES];

/* Points used at most: K x K is spread over ranks, its eigenvalues cost K^3. Fewer replicas tell nothing. */
enum { CLT_POINTS_MAX = 4096, CLT_REPLICAS_MIN = 64, CLT_QUANTILES = 81 };

/* Eigenvalues below this part of the largest are not told from rounding; and the next one below CLT_GAP of the one
 * before it begins a new group. */
#define CLT_FLOOR 1e-9
#define CLT_GAP   0.8

struct clt_options {
  int vectors; /* m, at most CLT_VECTORS_MAX; 0: no question is put */
  double time; /* NAN: all recorded times */
  int nulls;   /* simulated samples for the null of sorted eigenvalues; 0: these are not looked at */
  uint64_t seed;
};

/* One size at one time. */
struct clt_size {
  struct clt_judgement judgement;
  double trace;                        /* n V_n */
  double group[CLT_VECTORS_MAX];       /* sum of u' C_n u over a group, over the sum of its l_i */
  double group_limit[CLT_VECTORS_MAX]; /* how far that may be from 1: 4.5 standard errors */
  double quantile[CLT_QUANTILES];      /* of all y_ri, at probabilities Phi(z), z = -4, -3.9, ..., 4 */
  bool sums;                           /* all groups, and the trace where it is exact, are within their limits */
  /* [m] eigenvalues of C_n, largest first, mean and standard deviation of those of Gaussian fields; or NULL */
  double *sorted, *null_mean, *null_sd;
};

struct clt_time {
  int time; /* of the study */
  enum point_set set;
  enum clt_source source;
  int points, vectors, groups;
  int64_t references;             /* replicas behind l_i, 0: exact */
  int first[CLT_VECTORS_MAX + 1]; /* [groups + 1]: vectors first[g] .. first[g + 1] - 1 are a group */
  double value[CLT_VECTORS_MAX];  /* [m] l_i */
  double trace, trace_sd;         /* sum of all l_i, and relative sd of n V_n for one degree; NAN if not exact */
  struct clt_size *size;          /* [sizes] */
};

struct clt_fields {
  const struct study *study; /* not owned */
  struct clt_options options;
  int moments;
  struct clt_time *moment;
  char reason[512]; /* why there are none, or what was left out; "" */
};

/* Collective; every rank has the study open, rank 0 reads the fields. FAILED: reading, no memory. */
int clt_fields_create(const struct comm *comm, const struct study *study, const struct clt_options *options,
                      struct clt_fields **fields);
void clt_fields_free(struct clt_fields *fields); /* accepts NULL */

/* Local. Relative deviation of n V_n from the exact trace that a Gaussian field passes in 7e-6 of all cases. */
double clt_trace_limit(const struct clt_time *moment, int64_t replicas);

/* Local. All that was asked of the replicas, and the sums, are as for a Gaussian field. */
bool clt_size_passed(const struct clt_size *size);

/* Local (rank 0). */
void clt_fields_print(const struct clt_fields *fields, FILE *out);
void clt_fields_print_verdicts(const struct clt_fields *fields, FILE *out);
void clt_fields_results(const struct clt_fields *fields, struct results *results);

/* Local. A condition on all this for scripts, mckean analyze --expect clt or clt@T: at all times, or at T, questions
 * are put and every size is consistent. time: T or NAN. USAGE: the syntax. */
bool clt_expect_is(const char *text);
int clt_expect_parse(const char *text, double *time);

/* Local (rank 0). Prints a line for each condition, time and size, and if they stand alone a headline; returns how many
 * are not met. */
int clt_expect_print(const struct clt_fields *fields, bool alone, int count, const double *time, FILE *out);

#endif
