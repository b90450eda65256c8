/* pilot_run: the time of the steps of a run on this machine.
 *
 * The times are measured by the step itself, on the problem or on a scaled-down one: fewer replicas, then fewer units,
 * then smaller batches, until a step takes a few hundredths of a second. */
#ifndef MCKEAN_FORECAST_PILOT_RUN_H
#define MCKEAN_FORECAST_PILOT_RUN_H

#include <stdbool.h>

#include "run/problem.h"

/* Seconds on the slowest rank, scaled to the whole problem: a step by (unit x sample) pairs, the others by units. */
struct pilot_run_stage {
  double step;
  double row;   /* additional time of a step with a row of the history */
  double field; /* f_n and c2phi2 at test and training points */
  double limit; /* an estimate of the stability limit; 0 if dt is a number */
};

struct pilot_run {
  struct pilot_run_stage stage[STAGES_MAX];
  bool whole;            /* measured on the problem itself, not scaled down */
  double networks;       /* number of networks measured */
  int64_t n;             /* units of the largest network */
  int64_t batch;         /* points in the largest batch */
  double pairs;          /* pairs of a step in the first stage */
  double particle_bytes; /* largest number of bytes of own units during the measurement */
};

/* Measures the steps of a problem that has target and data. Collective. FAILED: no memory. Takes a second or two. */
int pilot_run_measure(const struct problem *problem, struct pilot_run *result);

/* Returns the seconds of one step in the current stage of the dynamics, on the slowest rank, measured for about
 * `seconds`. No unit moves. Collective. */
double pilot_run_step(const struct particles *particles, struct dynamics *dynamics, int64_t step, double seconds);

#endif
