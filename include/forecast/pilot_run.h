/* pilot_run: measures the time of the steps of a run on this machine.
 *
 * Runs steps of the problem itself if a step is expected to take a few hundredths of a second or less. Otherwise runs
 * steps of a scaled-down problem, each of which takes about this time. The replicas are reduced first, then the units,
 * then the batches. */
#ifndef MCKEAN_FORECAST_PILOT_RUN_H
#define MCKEAN_FORECAST_PILOT_RUN_H

#include <stdbool.h>

#include "run/problem.h"
#include "tangent/limit_estimate.h"

/* Times of a stage in seconds on the slowest rank. Those of a scaled-down problem are scaled to the whole problem: step
 * by the number of pairs (schedule_pairs), the others by the number of units. */
struct pilot_run_stage {
  double step;
  double row;   /* additional time of a step with a row of the history */
  double field; /* computing f_n at the test and training points, q_n (dynamics/second_moment.h) for each of these
                 * sets, and overlaps if they are recorded; 0 if the run records no fields */
  double limit; /* one estimate of the stability limit; 0 unless dt is auto */
};

/* The estimate of lambda for the networks of one size in their initial state (tangent/limit_estimate.h). */
struct pilot_run_stability {
  int64_t n;                  /* units; fewer than in the run if the measured problem is scaled down */
  int64_t batch;              /* P of limit.limit, which may be less than in the run; 0: all points */
  struct network_limit limit; /* of the network with the largest dt/limit */
};

struct pilot_run {
  struct pilot_run_stage stage[STAGES_MAX];
  bool whole; /* measured on the problem itself, not scaled down */
  /* Of the measured problem: */
  double networks; /* number of networks */
  int64_t n;       /* units of the largest network */
  int64_t batch;   /* points in the largest batch */
  double pairs;    /* pairs (schedule_pairs) of a measured step in the first stage */
  int sizes;       /* length of stability; 0 if dt is auto in all stages */
  struct pilot_run_stability stability[ENSEMBLE_MAX];
  double particle_bytes; /* peak bytes of this rank's units during the measurement */
};

/* Measures the steps of a problem. Uses the data of the problem, but creates and frees its own particles and dynamics.
 * Collective. FAILED: no memory. USAGE: as for dynamics_create. Cost: one or two seconds. */
int pilot_run_measure(const struct problem *problem, struct pilot_run *result);

/* Returns the seconds of one step in the current stage of the dynamics, on the slowest rank. Repeats the step with
 * dt = 0, which moves no unit, for about `seconds`. Collective. */
double pilot_run_step(const struct particles *particles, struct dynamics *dynamics, int64_t step, double seconds);

#endif
