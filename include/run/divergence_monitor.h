/* divergence_monitor: warns during a run if a loss grows, and states the stability limit (tangent/stability.h).
 *
 * When a run fails because of non-finite values, it adds the limit to the error text. It never changes the
 * trajectory. */
#ifndef MCKEAN_RUN_DIVERGENCE_MONITOR_H
#define MCKEAN_RUN_DIVERGENCE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/observables.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "run/problem.h"
#include "run/stability_watch.h"

struct divergence_monitor {
  double reference;  /* in the first row since the start or resume: largest loss of all networks + loss_0; else NAN */
  double grown_loss; /* largest loss of this rank's networks in the last row in which it was too large; 0: none yet */
  bool warned;       /* the warning was printed */
};

/* Initializes the monitor. Local. */
void divergence_monitor_start(struct divergence_monitor *monitor);

/* Records whether the loss of one of this rank's networks exceeds DIVERGENCE_GROWTH * reference. observation: [locals].
 * Collective for the first row, local for all others. */
enum { DIVERGENCE_GROWTH = 100 };
void divergence_monitor_row(struct divergence_monitor *monitor, const struct particles *particles,
                            const struct observation *observation);

/* Prints one warning per run when some rank has recorded such a loss. Collective. */
void divergence_monitor_warn(struct divergence_monitor *monitor, const struct stability_watch *watch, int64_t step,
                             struct report *report);

/* Adds dt and the limit in the last saved state to the current error text, and returns FAILED. Both are those of the
 * stage in which the network diverged. The last saved state is the checkpoint of step `saved` in folder, or if
 * saved < 0 the initial condition. This function sets the particles to that state. No limit is given if a network was
 * about to overflow in the checkpoint: if a loss exceeded 10^6 reference and the limit was less than 10^-3 times that
 * of the first estimate of watch, or if dt exceeded 10^6 times the limit. If the limit cannot be computed, the text
 * does not change. step: that of the current state. Collective, after a failure of dynamics_check. */
int divergence_monitor_explain(const struct divergence_monitor *monitor, const struct stability_watch *watch,
                               struct problem *problem, const char *folder, int64_t saved, int64_t step);

#endif
