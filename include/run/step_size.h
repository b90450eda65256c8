/* step_size: the step size dt of each step, and the time t.
 *
 * dt of a stage is a number, or auto: dt_safety times the limit of stability_limit (tangent/stability.h), estimated at
 * the first step of the stage and at each step that is a multiple of dt_every. A network of n units has the step size
 * dt n^dt_power; with power 0 in all stages, all networks have the same times. dt of a step is a pure function of the
 * trajectory up to this step: its bits do not depend on the number of ranks. A checkpoint contains the current segment
 * (struct dt_segment), so a resumed run continues with the same dt. */
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

/* Return the step size of the networks of a size in this segment, and their t at a step. Local. */
double step_size_dt(const struct step_size *step_size, int member);
double step_size_time(const struct step_size *step_size, int member, int64_t step);

/* Writes t at a step: "10" or, if the sizes have different t, those of the smallest and the largest n, "10 (n = 64) and
 * 20 (n = 256)". step_size_dt_text writes dt in the same form. Local. */
enum { STEP_SIZE_TEXT = 128 };
void step_size_time_text(const struct step_size *step_size, int64_t step, char text[STEP_SIZE_TEXT]);
void step_size_dt_text(const struct step_size *step_size, char text[STEP_SIZE_TEXT]);

/* Sets segment for a step. Call it before each step, after dynamics_enter_stage. If dt changes, it rescales the update
 * rule's own fields (dynamics/update.h). Collective. FAILED, only if dt is auto: a network has diverged, so there is no
 * limit; or no memory. */
int step_size_enter(struct step_size *step_size, int64_t step);

/* *limit: the limit of a stage's dt as in stability_limit, for the networks in their current state. *n: the size of the
 * network that has this limit. Collective. FAILED: a network has diverged, or no memory. */
int step_size_limit(struct step_size *step_size, int stage, double *limit, int64_t *n);

#endif
