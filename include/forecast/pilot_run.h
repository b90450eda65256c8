/* trial: how long the steps of a run take here, measured by the step itself on a like problem that is small enough to
 * be tried: fewer replicas, then fewer units, then smaller batches, until a step takes some hundredths of a second. A
 * problem that is small anyway is tried as it is. */
#ifndef MCKEAN_FORECAST_PILOT_RUN_H
#define MCKEAN_FORECAST_PILOT_RUN_H

#include <stdbool.h>

#include "run/problem.h"

/* Seconds on the slowest rank, scaled from what was tried: a step by (unit x sample) pairs, the others by units. */
struct pilot_run_stage {
  double step;
  double row;   /* what a row of the history adds to a step */
  double field; /* f_n at test and training points, with moments */
  double limit; /* an estimate of the limit of dt; 0 where dt is a number */
};

struct pilot_run {
  struct pilot_run_stage stage[STAGES_MAX];
  bool whole;            /* the run's own ensemble and batches were tried */
  double networks;       /* what was tried: their number, */
  int64_t n;             /* units of the largest, */
  int64_t batch;         /* points of the largest batch, */
  double pairs;          /* and pairs of a step in the first stage */
  double particle_bytes; /* of the units of this rank in the trial, at most at a time */
};

/* Measures the steps of a problem that has target and data. Collective. FAILED: no memory. Takes a second or two. */
int pilot_run_measure(const struct problem *problem, struct pilot_run *trial);

/* Collective. Seconds of a step in the stage that the dynamics are in, on the slowest rank, from about `seconds` of
 * them; moves nothing. */
double pilot_run_step(const struct particles *particles, struct dynamics *dynamics, int64_t step, double seconds);

#endif
