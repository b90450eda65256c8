/* clt_fields: applies the tests of clt/clt.h to the fields that runs recorded, at each time and size.
 *
 * The vectors u_i and reference values l_i come from
 *
 *   initial  t = 0, at the test points: the exact covariance (clt/initial_covariance.h); all tests apply
 *   frozen   only c is trained, by gradient descent on fixed data, at the training points: the limit n -> infinity
 *            (clt/frozen_features.h); the test of the mean does not apply, since the mean is off by O(1/n)
 *   half     other t > 0, at the test points: u_i are eigenvectors of the largest n from the first half of its
 *            replicas, l_i the quotients of its other half; to the largest n only tests of cosine and normality apply
 *
 * In addition, sums of quotients over groups of close eigenvalues, and n V_n where its limit is exact, must be within
 * their limits. The theorem is about n -> infinity: at small n deviations of relative order 1/n, and distributions that
 * are not normal, do not contradict it. With several data streams per initial condition only the first of each is
 * used. */
#ifndef MCKEAN_CLT_CLT_FIELDS_H
#define MCKEAN_CLT_CLT_FIELDS_H

#include "clt/clt.h"
#include "study/analysis.h"

enum clt_reference { CLT_INITIAL, CLT_FROZEN, CLT_HALF, CLT_REFERENCES };
extern const char *const clt_reference_names[CLT_REFERENCES];

/* At most so many points are used: K x K is distributed over ranks, its eigenvalues cost K^3. With fewer replicas than
 * CLT_REPLICAS_MIN no test is applied. */
enum { CLT_POINTS_MAX = 4096, CLT_REPLICAS_MIN = 64, CLT_QUANTILES = 81 };

/* Eigenvalues below CLT_FLOOR times the largest are not distinguished from rounding. An eigenvalue below CLT_GAP times
 * the previous one begins a new group. */
#define CLT_FLOOR 1e-9
#define CLT_GAP   0.8

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
  int index; /* among the times of the study */
  enum point_set set;
  enum clt_reference reference;
  int points, vectors, groups;
  int64_t reference_replicas;     /* behind l_i, 0: exact */
  int first[CLT_VECTORS_MAX + 1]; /* [groups + 1]: vectors first[g] .. first[g + 1] - 1 are a group */
  double value[CLT_VECTORS_MAX];  /* [m] l_i */
  double trace, trace_sd;         /* sum of all l_i, and relative sd of n V_n for one degree; NAN if not exact */
  struct clt_size *size;          /* [sizes] */
};

struct clt_fields {
  const struct study *study; /* not owned */
  struct analysis_options options;
  int times;
  struct clt_time *time; /* [times]: the times and point sets that are tested */
  char reason[512];      /* why there are none, or which are left out; "" */
};

/* Collective; every rank has the study open, rank 0 reads the fields. FAILED: reading, no memory. */
int clt_fields_create(const struct comm *comm, const struct study *study, const struct analysis_options *options,
                      struct clt_fields **fields);
void clt_fields_free(struct clt_fields *fields); /* accepts NULL */

/* Local. Relative deviation of n V_n from the exact trace that a Gaussian field exceeds with probability 7e-6. */
double clt_trace_limit(const struct clt_time *time, int64_t replicas);

/* Local. All tests that apply, and the sums, passed. */
bool clt_size_passed(const struct clt_size *size);

/* Tables and a verdict for each time and size; judges the condition clt[@T]. */
extern const struct analysis clt_fields_analysis;

#endif
