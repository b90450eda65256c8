/* analysis: what an analysis of a study consists of. Each is one const struct, a row of the table in cli/analyses.h. */
#ifndef MCKEAN_STUDY_ANALYSIS_H
#define MCKEAN_STUDY_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "parallel/comm.h"
#include "study/condition.h"
#include "study/results.h"

struct fluctuations;

/* The user's options. */
struct analysis_options {
  uint64_t seed;    /* of everything that is drawn at random */
  int bootstrap;    /* resamplings B of the replicas */
  double level;     /* confidence level of the intervals, such as 0.99 */
  double tolerance; /* of the verdicts on slopes, study/verdict.h */
  int clt_vectors;  /* m, the projections of clt/clt.h; 0: no test of the central limit theorem */
  double clt_time;  /* tests it at this time only; NAN: at all recorded times */
  int clt_nulls;    /* Gaussian samples with which sorted eigenvalues are compared; 0: no comparison */
};

struct analysis_input {
  const struct comm *comm;
  const struct study *study; /* open on all ranks */
  char *const *folder;       /* [study->runs] */
  const struct analysis_options *options;
  const struct fluctuations *fluctuations; /* rank 0: set by the first analysis for those after it */
};

struct analysis {
  const char *name;
  bool collective; /* create is collective; else it is local and called on rank 0 alone */

  /* *state = the results, to be released by free even after a failure. FAILED, USAGE. */
  int (*create)(struct analysis_input *input, void **state);
  void (*free)(void *state); /* accepts NULL */

  /* Local, on rank 0; each may be NULL. */
  void (*print)(const void *state, FILE *out);                    /* tables */
  void (*findings)(const void *state, struct findings *findings); /* adds verdicts, warnings, notes and limits */
  void (*results)(const void *state, struct results *results);    /* adds named arrays */

  int kinds; /* of conditions that it judges */
  const struct condition_kind *kind;
};

#endif
