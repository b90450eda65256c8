/* clt_fields_reference: computes the vectors u_i and reference values l_i (clt/clt_fields.h) for one time. Private to
 * clt_fields.c. */
#ifndef MCKEAN_CLT_CLT_FIELDS_REFERENCE_H
#define MCKEAN_CLT_CLT_FIELDS_REFERENCE_H

#include "clt/clt_fields.h"
#include "clt/covariance.h"
#include "clt/initial_covariance.h"
#include "clt/predicted.h"
#include "config/config.h"

/* The state that all times share. */
struct clt_fields_work {
  const struct study *study;
  const struct analysis_options *options;
  struct dist_grid grid;
  struct config *config;
  int d;
  double *x[2], *y[2];                   /* per enum point_set: points [count][d] and labels, or NULL */
  struct initial_covariance *initial[2]; /* at the points used, per enum point_set; or NULL */
  struct prediction_file *prediction;    /* of options->predicted, or NULL */
  char *refused;                         /* why an initial law could not be computed, or NULL */
};

/* The arrays of a reference. */
struct clt_fields_comparison {
  double *u;        /* [m][K]: u_i */
  double *center;   /* [K]: the exact mean; NULL: for each size, use its mean over replicas */
  double *spectrum; /* [K]: all eigenvalues of an exact covariance, or NULL */
};

/* Collective. *covariance = the covariance over the initial conditions first .. first + count - 1 of the size with
 * index `size` at `time`. The caller frees it. FAILED: a history cannot be read, no memory. */
int clt_fields_covariance(const struct clt_fields_work *work, const struct clt_time *time, int size, int64_t first,
                          int64_t count, struct covariance **covariance);

/* Collective. Sets the arrays of *comparison, and reference_value, reference_trace, trace_sd and the groups of *time.
 * On entry the members index, set, reference, points and vectors of *time must be set, and *comparison must be zero.
 * Reduces time->vectors if CLT_FLOOR excludes some. The caller frees the arrays, also after a failure. FAILED: a
 * history cannot be read, no memory, no convergence. */
int clt_fields_compare(const struct clt_fields_work *work, struct clt_time *time,
                       struct clt_fields_comparison *comparison);

#endif
