/* spread: how differently the replicas stand at one time, to tell fluctuations from replicas that are in different
 * places: near a saddle some have left and others have not. V_n is O(1) there, and that is no failure of the CLT.
 *
 *   relative     sd over replicas / mean of the loss
 *   kurtosis     excess kurtosis of log loss: 0 for a Gaussian, large and positive with a few stragglers
 *   bimodality   Sarle's coefficient of log loss, (g^2 + 1)/(k + 3 (R-1)^2 / ((R-2)(R-3))) with the sample skewness g
 *                and excess kurtosis k: 1/3 for a Gaussian, 5/9 for a uniform law, up to 1 for two separate groups
 *
 * A warning is due where relative > BIMODALITY_RELATIVE and bimodality > BIMODALITY_LIMIT. Fluctuations on the CLT scale,
 * whose log loss is nearly Gaussian, pass the latter in at most 5 of 1000 cases for few replicas, in less than 1 of
 * 1000 from 32 on; two well separated halves pass it nearly always from 32 on, and below 24 often not. */
#ifndef MCKEAN_FLUCTUATIONS_BIMODALITY_H
#define MCKEAN_FLUCTUATIONS_BIMODALITY_H

#include <stdio.h>

#include "study/results.h"
#include "study/study.h"

#define BIMODALITY_RELATIVE 0.2
#define BIMODALITY_LIMIT    0.6
enum { BIMODALITY_REPLICAS_MIN = 8 };

struct bimodality {
  const struct study *study;                /* not owned */
  const char *column;                       /* of the history: loss or test_loss, as in fluctuations/loss_decay.h */
  double *relative, *kurtosis, *bimodality; /* [times][sizes], NAN: fewer than BIMODALITY_REPLICAS_MIN replicas */
};

/* Local. The three numbers of losses [count]. */
void bimodality_of(int64_t count, const double *loss, double *relative, double *kurtosis, double *bimodality);

/* Local. FAILED: reading. */
int bimodality_create(const struct study *study, struct bimodality **spread);
void bimodality_free(struct bimodality *spread); /* accepts NULL */

void bimodality_print_warnings(const struct bimodality *spread, FILE *out);
void bimodality_results(const struct bimodality *spread, struct results *results);

#endif
