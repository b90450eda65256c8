/* stability_watch: estimates dt/limit of the networks during a run (tangent/limit_estimate.h), records it in the
 * history, and warns at once when dt exceeds the limit of a size by more than the error of the estimate. It never
 * changes the trajectory.
 *
 * Above 2/lambda, steps in the direction of the largest eigenvalue overshoot. Often the loss then oscillates at the
 * edge of stability while lambda adapts to 2/dt, and the run does not diverge; but it no longer follows the gradient
 * flow. */
#ifndef MCKEAN_RUN_STABILITY_WATCH_H
#define MCKEAN_RUN_STABILITY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "log/report.h"
#include "run/step_size.h"
#include "store/history.h"
#include "tangent/limit_estimate.h"

struct stability_watch {
  const struct config *config;
  struct step_size *step_size;
  struct limit_plan plan;
  struct limit_estimator *estimator;
  int64_t next;             /* the next step with an estimate */
  bool above[ENSEMBLE_MAX]; /* dt of this size was above its limit in the last estimate, and the warning was printed */
};

/* Prepares the estimates of a run that starts or resumes at a step. The pointers are not owned. Collective. FAILED: no
 * memory. */
int stability_watch_create(const struct config *config, struct step_size *step_size, int64_t step,
                           struct stability_watch *watch);
void stability_watch_free(struct stability_watch *watch); /* Local; frees what it holds. */

/* Estimates dt/limit if an estimate is due before this step; step_size must have entered the step. Records it in
 * history and prints warnings. first: this is the first step since the start or resume; the estimate is then always
 * made, but recorded only if it is due. Collective. */
void stability_watch_step(struct stability_watch *watch, int64_t step, bool first, struct history *history,
                          struct report *report);

/* Estimates dt/limit of the networks of each size now, with dt of the current segment of step_size. values
 * [members][HISTORY_LIMITS], the same on all ranks. Collective. */
void stability_watch_estimate(struct stability_watch *watch, int64_t step, double *values);

/* Writes a sentence about values [HISTORY_LIMITS] of one size: how dt compares with the limit. Local. */
enum { STABILITY_WATCH_SENTENCE = 512 };
void stability_watch_text(const struct stability_watch *watch, int64_t step, int member, const double *values,
                          char text[STABILITY_WATCH_SENTENCE]);

/* Returns whether dt exceeds the limit by more than the error, or lambda is not finite. Local. */
bool stability_watch_above(const double *values);

#endif
