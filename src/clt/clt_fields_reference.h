/* clt_fields_reference: what the fields of replicas are compared with. Private to clt_fields.c. */
#ifndef MCKEAN_CLT_CLT_FIELDS_REFERENCE_H
#define MCKEAN_CLT_CLT_FIELDS_REFERENCE_H

#include "clt/clt_fields.h"
#include "clt/covariance.h"
#include "clt/initial_covariance.h"
#include "config/config.h"

/* The state that all times share. */
struct clt_fields_work {
  const struct study *study;
  const struct analysis_options *options;
  struct dist_grid grid;
  struct config *config;
  int d;
  double *x[2], *y[2];               /* per point_set */
  struct initial_covariance *law[2]; /* at the points used, per point_set; NULL: none */
  char *refused;                     /* why a law could not be computed, or NULL */
};

/* What the replicas at a time are compared with. */
struct clt_fields_comparison {
  double *u;        /* [m][K] */
  double *centre;   /* [K], NULL: the replicas' own mean */
  double *spectrum; /* [K] all l_i where they are exact; else NULL */
};

/* Collective. The covariance of replicas (initial conditions) first .. first + count - 1 of a size at a time. FAILED:
 * reading, no memory. */
int clt_fields_covariance(const struct clt_fields_work *work, const struct clt_time *time, int size, int64_t first,
                          int64_t count, struct covariance **covariance);

/* Collective. Sets vectors, values, trace and groups of a time, whose reference, set, points and vectors are given; and
 * the comparison, whose arrays the caller frees, also after a failure. FAILED: no memory, reading. */
int clt_fields_compare(const struct clt_fields_work *work, struct clt_time *time,
                       struct clt_fields_comparison *comparison);

#endif
