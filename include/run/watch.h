/* watch: is the step size one that the networks bear?
 *
 * It warns at the start of a run whose dt, a number, is above the limit of stability (model/stability.h), and when the
 * loss grows; it tells the limit when a run fails because its numbers left their range. It never changes a run. */
#ifndef MCKEAN_RUN_WATCH_H
#define MCKEAN_RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/comm.h"
#include "model/observe.h"
#include "run/report.h"
#include "run/stepsize.h"

struct watch {
  double first; /* largest loss of the first row, plus C_f; NAN before it */
  double loss;  /* of a network that has grown, 0: none */
  bool told;
};

/* Collective, the same on all ranks, at the start. Compares dt of the step entered with the limit unless the estimate
 * would cost more than a hundredth of the steps to come. */
void watch_start(struct watch *watch, struct stepsize *stepsize, int64_t step, struct report *report);

/* Collective for the first row, local for all others: notes a loss WATCH_GROWTH times that of the start. */
enum { WATCH_GROWTH = 100 };
void watch_row(struct watch *watch, const struct particles *particles, const struct observation *observation);

/* Collective, now and then: warns, once, of a loss that has grown. */
void watch_tell(struct watch *watch, struct stepsize *stepsize, int64_t step, struct report *report);

/* Collective, after a failure that all ranks agreed on: FAILED with its text, dt and the limit in the last good state.
 * That state, the checkpoint of step saved in folder or, for saved < 0, the initial condition of seed, replaces that of
 * the particles. */
int watch_explain(struct stepsize *stepsize, struct particles *particles, const char *folder, int64_t saved,
                  uint64_t seed);

#endif
