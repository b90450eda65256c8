/* step_size: the step size dt of each step, and the time t.
 *
 * dt of a stage is a number, or auto: dt_safety times the smallest stability limit of all networks
 * (tangent/stability.h), estimated at the first step of the stage and at each step that is a multiple of dt_every. All
 * networks have the same dt, so that they have the same times. dt is a pure function of the trajectory up to this step,
 * the same bits on any number of ranks. A checkpoint holds the segment, so a resumed run continues with the same dt. */
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
  struct dt_segment segment;   /* of the step entered last */
};

/* For a run that starts or resumes at a step. saved: the segment in the checkpoint, dt = 0 if it is unknown. If the
 * input sets another dt for the following steps, this rescales the fields that the update rule owns. Local. */
struct step_size step_size_create(struct particles *particles, const struct dataset *data,
                                  const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                  const struct dt_segment *saved);
void step_size_free(struct step_size *step_size); /* Local; frees what it holds. */

/* Sets segment for a step. Call it before each step, after dynamics_enter_stage. A change of dt rescales the fields
 * that the update rule owns (dynamics/update.h). Collective. FAILED: values are not finite, so there is no limit; no
 * memory. */
int step_size_enter(struct step_size *step_size, int64_t step);

/* *limit: the smallest stability limit of the current state, for the batches of a stage. *n: the size of the network it
 * belongs to. Collective. FAILED: as above. */
int step_size_limit(struct step_size *step_size, int stage, double *limit, int64_t *n);

#endif
