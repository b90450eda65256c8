/* stability_watch: estimates dt/limit of the networks during a run (tangent/limit_estimate.h), records it in the
 * history, and warns at once when dt exceeds the limit of a size by more than the error of the estimate. It warns again
 * if dt exceeds the limit in a later stage, and if the excess becomes worse (enum stability_excess). It never changes
 * the trajectory.
 *
 * Above the limit without batch noise, steps in the direction of the largest eigenvalue overshoot. Often the loss then
 * oscillates at the edge of stability while lambda adapts to dt, and the run does not diverge; but it no longer follows
 * the gradient flow. */
#ifndef MCKEAN_RUN_STABILITY_WATCH_H
#define MCKEAN_RUN_STABILITY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "log/report.h"
#include "run/step_size.h"
#include "store/history.h"
#include "tangent/limit_estimate.h"

/* How far dt exceeds the limit, from the least to the worst case. The limit without batch noise is that of the same
 * rule, loss and ridge if each step used all points. */
enum stability_excess {
  EXCESS_NONE,
  EXCESS_NOISE,     /* dt is below the limit without batch noise */
  EXCESS_EDGE,      /* dt is above the limit without batch noise, by a factor of at most two */
  EXCESS_FAR,       /* dt is more than twice the limit without batch noise */
  EXCESS_NOT_FINITE /* lambda is not finite */
};

struct stability_watch {
  const struct config *config;
  struct step_size *step_size;
  struct limit_plan plan;
  struct limit_estimator *estimator;
  int64_t next; /* the next step with an estimate */
  /* [members]: of the last warning; EXCESS_NONE: none, or dt has been below the limit since then */
  enum stability_excess excess[ENSEMBLE_MAX];
  int stage[ENSEMBLE_MAX];
  double lambda[ENSEMBLE_MAX]; /* [members]: of the first estimate since the start or resume; 0: none yet */
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

/* Estimates dt/limit of the networks of each size now, as at a step of the plan, with the batches of a stage and step
 * sizes dt [members]. values [members][HISTORY_LIMITS], the same on all ranks. Collective. */
void stability_watch_estimate(struct stability_watch *watch, int64_t step, int stage, const double *dt, double *values);

/* Writes a sentence about values [HISTORY_LIMITS] of the networks of n units in a stage: how dt compares with the
 * limit. Local. */
enum { STABILITY_WATCH_SENTENCE = 512 };
void stability_watch_text(const struct config *config, const struct dataset *data, int stage, int64_t n,
                          const double *values, char text[STABILITY_WATCH_SENTENCE]);

/* Returns whether dt exceeds the limit by more than the error, or lambda is not finite. Local. */
bool stability_watch_above(const double *values);

#endif
