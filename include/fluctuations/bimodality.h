/* bimodality: detects recorded times at which the replicas form two groups. While networks leave a saddle, some
 * replicas have left it and others have not. Then V_n is O(1), which does not contradict the CLT.
 *
 *   relative     sd / mean of the loss over the R replicas
 *   kurtosis     excess kurtosis of log loss: 0 for a Gaussian, large and positive if a few replicas are outliers
 *   bimodality   Sarle's coefficient of log loss, (g^2 + 1)/(k + 3 (R-1)^2 / ((R-2)(R-3))) with the sample skewness g
 *                and excess kurtosis k: 1/3 for a Gaussian, 5/9 for a uniform law, up to 1 for two separate groups
 *
 * There is a warning for each time and n with relative > BIMODALITY_RELATIVE and bimodality > BIMODALITY_LIMIT. If the
 * CLT holds, log losses are nearly Gaussian: bimodality then exceeds the limit in at most 5 of 1000 cases for few
 * replicas, and in less than 1 of 1000 for 32 or more. For two well-separated groups of equal size, bimodality nearly
 * always exceeds the limit with 32 or more replicas, but often does not with fewer than 24. */
#ifndef MCKEAN_FLUCTUATIONS_BIMODALITY_H
#define MCKEAN_FLUCTUATIONS_BIMODALITY_H

#include "study/analysis.h"

#define BIMODALITY_RELATIVE 0.2
#define BIMODALITY_LIMIT    0.6
enum { BIMODALITY_REPLICAS_MIN = 8 };

struct bimodality {
  const struct study *study;                /* not owned; the losses are its loss_column */
  double *relative, *kurtosis, *bimodality; /* [times][sizes], NAN: fewer than BIMODALITY_REPLICAS_MIN replicas */
};

/* Local. Computes the three numbers from loss [count], one value per replica; NAN for too few replicas. */
void bimodality_of(int64_t count, const double *loss, double *relative, double *kurtosis, double *bimodality);

/* Local. study must outlive the result. FAILED: a history cannot be read. */
int bimodality_create(const struct study *study, struct bimodality **bimodality);
void bimodality_free(struct bimodality *bimodality); /* accepts NULL */

/* Adds warnings and named arrays; prints no table. */
extern const struct analysis bimodality_analysis;

#endif
