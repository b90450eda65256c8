/* stepsize: the step size of each step, and the time.
 *
 * A stage's dt is a number, or auto: dt_safety times the least limit of stability of all networks (tangent/stability.h),
 * estimated at the stage's first step and at every step that is a multiple of dt_every. One dt is common to all
 * networks, so that they have their times in common. It is a pure function of the trajectory so far, the same bits on
 * any number of ranks; with the pace that a checkpoint keeps, a resumed run goes on in the same steps. */
#ifndef MCKEAN_RUN_STEP_SIZE_H
#define MCKEAN_RUN_STEP_SIZE_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"
#include "tangent/stability.h"

struct step_size {
  const struct particles *particles;
  const struct dataset *data;
  const struct schedule *schedule;
  enum isa isa;
  int threads;
  struct stability *stability; /* NULL before it is first needed */
  struct dt_segment segment;   /* of the step entered last */
};

/* Local. The run starts, or goes on, at a step. kept: the pace of the checkpoint, dt 0 if that is unknown. */
struct step_size step_size_create(const struct particles *particles, const struct dataset *data,
                                  const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                  const struct dt_segment *kept);
void step_size_free(struct step_size *stepsize); /* frees what it holds */

/* Collective, before each step, in its stage: sets segment. FAILED: no limit, since numbers left their range. */
int step_size_enter(struct step_size *stepsize, int64_t step);

/* Collective. The least limit now, for the batches of a stage, and the n it is for. FAILED as above; no memory. */
int step_size_limit(struct step_size *stepsize, int stage, double *limit, int64_t *n);

#endif
