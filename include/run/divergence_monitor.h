/* watch: is the step size one that the networks bear?
 *
 * It warns at the start of a run whose dt, a number, is above the limit of stability (tangent/stability.h), and when the
 * loss grows; it tells the limit when a run fails because its numbers left their range. It never changes a run. */
#ifndef MCKEAN_RUN_DIVERGENCE_MONITOR_H
#define MCKEAN_RUN_DIVERGENCE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/observables.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "run/step_size.h"

struct divergence_monitor {
  double first; /* largest loss of the first row, plus C_f; NAN before it */
  double loss;  /* of a network that has grown, 0: none */
  bool told;
};

/* Collective, the same on all ranks, at the start. Compares dt of the step entered with the limit unless the estimate
 * would cost more than a hundredth of the steps to come. */
void divergence_monitor_start(struct divergence_monitor *watch, struct step_size *stepsize, int64_t step,
                              struct report *report);

/* Collective for the first row, local for all others: notes a loss DIVERGENCE_GROWTH times that of the start. */
enum { DIVERGENCE_GROWTH = 100 };
void divergence_monitor_row(struct divergence_monitor *watch, const struct particles *particles,
                            const struct observation *observation);

/* Collective, now and then: warns, once, of a loss that has grown. */
void divergence_monitor_warn(struct divergence_monitor *watch, struct step_size *stepsize, int64_t step,
                             struct report *report);

/* Collective, after a failure that all ranks agreed on: FAILED with its text, dt and the limit in the last good state.
 * That state, the checkpoint of step saved in folder or, for saved < 0, the initial condition of seed, replaces that of
 * the particles. */
int divergence_monitor_explain(struct step_size *stepsize, struct particles *particles, const char *folder,
                               int64_t saved, uint64_t seed);

#endif
