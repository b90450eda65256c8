#include "run/step_size.h"

#include "base/error.h"
#include "config/config.h"

/* Returns the segment at a step. The update rule's own fields in a checkpoint are scaled for the dt of the checkpoint;
 * if the input now sets another dt for the following steps, this function rescales them; if dt is auto in this or an
 * earlier step, step_size_enter does it instead. */
static struct dt_segment resume_segment(struct particles *particles, const struct schedule *schedule, int64_t step,
                                        const struct dt_segment *saved) {
  if (schedule_auto(schedule, step)) return *saved;
  struct dt_segment segment = schedule_segment(schedule, step);
  if (!(saved->dt > 0) || segment.dt == saved->dt) return segment;
  if (segment.dt > 0)
    update_change_dt(&schedule->update, particles, segment.dt / saved->dt);
  else
    segment.dt = saved->dt; /* until step_size_enter computes dt for this stage (dt: auto) */
  return segment;
}

struct step_size step_size_create(struct particles *particles, const struct dataset *data,
                                  const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                  const struct dt_segment *saved) {
  return (struct step_size){.particles = particles,
                            .data = data,
                            .schedule = schedule,
                            .isa = isa,
                            .threads = threads,
                            .segment = resume_segment(particles, schedule, step, saved)};
}

void step_size_free(struct step_size *step_size) {
  stability_free(step_size->stability);
  step_size->stability = NULL;
}

int step_size_limit(struct step_size *step_size, int stage, double *limit, int64_t *n) {
  if (!step_size->stability)
    TRY(stability_create(step_size->particles, step_size->data, step_size->isa, step_size->threads, STABILITY_PROBE,
                         &step_size->stability));
  return stability_limit(step_size->stability, step_size->schedule, stage, limit, n);
}

int step_size_enter(struct step_size *step_size, int64_t step) {
  const int stage = schedule_stage(step_size->schedule, step);
  const struct stage *now = &step_size->schedule->stage[stage];
  const int64_t first = schedule_first(step_size->schedule, stage);
  const bool automatic = !(now->dt > 0);
  if (step != first && !(automatic && step % now->dt_every == 0)) return OK;
  double dt = now->dt;
  if (automatic) {
    int64_t n;
    const int status = step_size_limit(step_size, stage, &dt, &n);
    if (status != OK) return FAIL(status, "step %lld, dt: auto: %s", (long long)step, error_text());
    dt *= now->dt_safety;
    if (dt > DT_MAX) dt = DT_MAX; /* the limit is infinite if the tangent kernel is zero */
  }
  const double before = step_size->segment.dt;
  if (before > 0 && dt != before) update_change_dt(&step_size->schedule->update, step_size->particles, dt / before);
  step_size->segment = (struct dt_segment){step, dt_segment_time(&step_size->segment, step), dt};
  return OK;
}

double step_size_of_network(const struct step_size *step_size, int64_t n, double dt) {
  (void)step_size;
  (void)n;
  return dt;
}
