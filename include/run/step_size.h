/* step_size: the step size dt of each step, and the time t.
 *
 * dt of a stage is a number, or auto: dt_safety times the smallest stability limit of all networks
 * (tangent/stability.h), estimated at the first step of the stage and at each step that is a multiple of dt_every. All
 * networks have the same dt, and therefore the same times. dt of a step is a pure function of the trajectory up to this
 * step: its bits do not depend on the number of ranks. A checkpoint contains the current segment (struct dt_segment),
 * so a resumed run continues with the same dt. */
#ifndef MCKEAN_RUN_STEP_SIZE_H
#define MCKEAN_RUN_STEP_SIZE_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"
#include "tangent/stability.h"

struct step_size {
  struct particles *particles;
  const struct dataset *data;
  const struct schedule *schedule;
  enum isa isa;
  int threads;
  struct stability *stability; /* NULL until it is first needed */
  struct dt_segment segment;   /* the one that contains the step of the last step_size_enter */
};

/* Creates the step size of a run that starts or resumes at a step. The pointers are not owned. saved: the segment in
 * the checkpoint; its dt is 0 if unknown. If the input sets another dt for the following steps, this rescales the
 * update rule's own fields of particles; if dt is auto in this or an earlier step, step_size_enter does it instead.
 * Local. */
struct step_size step_size_create(struct particles *particles, const struct dataset *data,
                                  const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                  const struct dt_segment *saved);
void step_size_free(struct step_size *step_size); /* Local; frees what it holds. */

/* Sets segment for a step. Call it before each step, after dynamics_enter_stage. If dt changes, it rescales the update
 * rule's own fields (dynamics/update.h). Collective. FAILED, only if dt is auto: a network has diverged, so there is no
 * limit; or no memory. */
int step_size_enter(struct step_size *step_size, int64_t step);

/* Returns the step size of the networks with n units if dt of the stage is `dt`. Local. */
double step_size_of_network(const struct step_size *step_size, int64_t n, double dt);

/* *limit: the smallest stability limit of all networks in their current state, for the batches of a stage. *n: the size
 * of the network that has this limit. Collective. FAILED: a network has diverged, or no memory. */
int step_size_limit(struct step_size *step_size, int stage, double *limit, int64_t *n);

#endif
