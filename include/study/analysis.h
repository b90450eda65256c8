/* analysis: the interface of an analysis of a study. Each analysis is one const struct, and analyses_table
 * (cli/analyses.h) points to it. */
#ifndef MCKEAN_STUDY_ANALYSIS_H
#define MCKEAN_STUDY_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "parallel/comm.h"
#include "study/condition.h"
#include "study/digest.h"
#include "study/results.h"

struct fluctuations;

/* The options of the user. */
struct analysis_options {
  uint64_t seed;    /* of all random numbers of the analyses */
  int bootstrap;    /* B, the number of bootstrap samples of the replicas */
  double level;     /* confidence level of the intervals, such as 0.99 */
  double tolerance; /* of the verdicts on slopes (study/verdict.h) */
  double window[2]; /* T1, T2: the window of fluctuations/plateau.h; T2 <= T1: none */
  int clt_vectors;  /* m, the number of projections (clt/clt.h); 0: no test of the central limit theorem */
  double clt_time;  /* the only time at which the theorem is tested; NAN: all recorded times */
  const char *predicted; /* the file of clt/prediction_file.h; NULL: none */
  int clt_nulls;    /* number of Gaussian samples whose sorted eigenvalues are compared with those of C_n
                     * (clt/clt.h); below 2: no comparison */
};

struct analysis_input {
  const struct comm *comm;
  const struct study *study; /* open on all ranks */
  char *const *folder;       /* [study->runs]: run folders */
  const struct analysis_options *options;
  const struct fluctuations *fluctuations; /* on rank 0: set by the first analysis, for the others to read */
};

struct analysis {
  const char *name;
  bool collective; /* create is collective; otherwise it is local and only rank 0 calls it */

  /* Computes the results *state. The caller passes *state = NULL, and passes *state to the member free, also after a
   * failure. FAILED: a file cannot be read, no memory. USAGE: the analysis does not apply to this study. */
  int (*create)(struct analysis_input *input, void **state);
  void (*free)(void *state); /* accepts NULL */

  /* Local; only rank 0 calls these functions. Each may be NULL. */
  void (*print)(const void *state, FILE *out); /* prints tables */
  /* Adds the answers of this analysis to the summary: a line for each question, few lines in total. findings: of
   * all analyses. */
  void (*summary)(const void *state, const struct findings *findings, struct digest *digest);
  void (*findings)(const void *state, struct findings *findings); /* adds verdicts, warnings, notes and limits */
  void (*results)(const void *state, struct results *results);    /* adds named arrays */

  int kinds; /* number of kinds of conditions that the analysis judges */
  const struct condition_kind *kind;
};

#endif
