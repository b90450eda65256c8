/* bimodality: do the replicas form two groups at a time? Near a saddle some replicas have left it and others have not.
 * V_n is O(1) there, which does not contradict the CLT.
 *
 *   relative     sd over replicas / mean of the loss
 *   kurtosis     excess kurtosis of log loss: 0 for a Gaussian, large and positive with a few stragglers
 *   bimodality   Sarle's coefficient of log loss, (g^2 + 1)/(k + 3 (R-1)^2 / ((R-2)(R-3))) with the sample skewness g
 *                and excess kurtosis k: 1/3 for a Gaussian, 5/9 for a uniform law, up to 1 for two separate groups
 *
 * A warning is given where relative > BIMODALITY_RELATIVE and bimodality > BIMODALITY_LIMIT. Log losses of fluctuations
 * on the CLT scale are nearly Gaussian: they exceed the limit in at most 5 of 1000 cases for few replicas, and in less
 * than 1 of 1000 from 32 replicas on. Two well separated halves nearly always exceed it from 32 replicas on, and often
 * do not below 24. */
#ifndef MCKEAN_FLUCTUATIONS_BIMODALITY_H
#define MCKEAN_FLUCTUATIONS_BIMODALITY_H

#include "study/analysis.h"

#define BIMODALITY_RELATIVE 0.2
#define BIMODALITY_LIMIT    0.6
enum { BIMODALITY_REPLICAS_MIN = 8 };

struct bimodality {
  const struct study *study;                /* not owned; the loss is its loss_column */
  double *relative, *kurtosis, *bimodality; /* [times][sizes], NAN: fewer than BIMODALITY_REPLICAS_MIN replicas */
};

/* Local. The three numbers of losses [count]. */
void bimodality_of(int64_t count, const double *loss, double *relative, double *kurtosis, double *bimodality);

/* Local. study must outlive the result. FAILED: reading. */
int bimodality_create(const struct study *study, struct bimodality **bimodality);
void bimodality_free(struct bimodality *bimodality); /* accepts NULL */

/* Warnings; prints no table. */
extern const struct analysis bimodality_analysis;

#endif
