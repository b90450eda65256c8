/* advise_replicas: the variances of f_n over the replicas of a checkpoint, for spectrum/advise.h. Private to advise*.c.
 *
 * The estimators and intervals are those of `analyze` (fluctuations/fluctuations.h) with its default options, at the
 * first ADVISE_POINTS test points, or without test points at points of a probe, and over the first ADVISE_NETWORKS
 * networks of each size. */
#ifndef MCKEAN_SPECTRUM_ADVISE_REPLICAS_H
#define MCKEAN_SPECTRUM_ADVISE_REPLICAS_H

#include "run/problem.h"
#include "study/estimate.h"

enum { ADVISE_POINTS = 256, ADVISE_NETWORKS = 128 };

/* Variances of one size; ESTIMATE_NONE: fewer than two initial conditions, or a network has diverged. */
struct advise_variances {
  struct estimate total, init, sgd; /* V, V_init, V_sgd; the last two need several streams */
};

/* Collective. Sets variances [members] on rank 0. FAILED: no memory. */
int advise_replicas(const struct problem *problem, struct advise_variances *variances);

#endif
