/* divergence_monitor: compares the step size with its stability limit (tangent/stability.h).
 *
 * It warns at the start of a run whose dt is a number above the limit, and when a loss grows. When a run fails because
 * values are not finite, it adds the limit to the error text. It never changes a run. */
#ifndef MCKEAN_RUN_DIVERGENCE_MONITOR_H
#define MCKEAN_RUN_DIVERGENCE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/observables.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "run/step_size.h"

struct divergence_monitor {
  double first;  /* largest loss in the first row, plus C_f; NAN before this row */
  double loss;   /* of an own network whose loss has grown, 0: none */
  bool reported; /* the warning of a grown loss */
};

/* Warns if dt of the stage at `step` is above the limit. Skips the estimate of the limit if it would cost more than a
 * hundredth of the remaining steps. Collective, at the start of a run. */
void divergence_monitor_start(struct divergence_monitor *monitor, struct step_size *step_size, int64_t step,
                              struct report *report);

/* Records whether a loss exceeds DIVERGENCE_GROWTH times the loss of the first row. observation: [locals]. Collective
 * for the first row, local for all others. */
enum { DIVERGENCE_GROWTH = 100 };
void divergence_monitor_row(struct divergence_monitor *monitor, const struct particles *particles,
                            const struct observation *observation);

/* Warns once of a loss that has grown. Collective. */
void divergence_monitor_warn(struct divergence_monitor *monitor, struct step_size *step_size, int64_t step,
                             struct report *report);

/* Adds dt and the limit in the last finite state to the current error text, and returns FAILED. That state replaces the
 * state of the particles: the checkpoint of step `saved` in folder, or for saved < 0 the initial condition of seed.
 * Collective, after a failure that all ranks have agreed on. */
int divergence_monitor_explain(struct step_size *step_size, struct particles *particles, const char *folder,
                               int64_t saved, uint64_t seed);

#endif
