#include "run/step_size.h"

#include "base/error.h"
#include "config/config.h"

struct step_size step_size_create(const struct particles *particles, const struct dataset *data,
                                  const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                  const struct dt_segment *kept) {
  const bool computed = !schedule_auto(schedule, step); /* the time so far follows from the input */
  return (struct step_size){.particles = particles,
                            .data = data,
                            .schedule = schedule,
                            .isa = isa,
                            .threads = threads,
                            .segment = computed ? schedule_segment(schedule, step) : *kept};
}

void step_size_free(struct step_size *stepsize) {
  stability_free(stepsize->stability);
  stepsize->stability = NULL;
}

int step_size_limit(struct step_size *stepsize, int stage, double *limit, int64_t *n) {
  if (!stepsize->stability)
    TRY(stability_create(stepsize->particles, stepsize->data, stepsize->isa, stepsize->threads, STABILITY_PROBE,
                         &stepsize->stability));
  return stability_limit(stepsize->stability, stepsize->schedule, stage, limit, n);
}

int step_size_enter(struct step_size *stepsize, int64_t step) {
  const int stage = schedule_stage(stepsize->schedule, step);
  const struct stage *now = &stepsize->schedule->stage[stage];
  const int64_t first = schedule_first(stepsize->schedule, stage);
  const bool automatic = !(now->dt > 0);
  if (step != first && !(automatic && step % now->dt_every == 0)) return OK;
  double dt = now->dt;
  if (automatic) {
    int64_t n;
    const int status = step_size_limit(stepsize, stage, &dt, &n);
    if (status != OK) return FAIL(status, "step %lld, dt: auto: %s", (long long)step, error_text());
    dt *= now->dt_safety;
    if (dt > DT_MAX) dt = DT_MAX; /* nothing moves f_n */
  }
  stepsize->segment = (struct dt_segment){step, dt_segment_time(&stepsize->segment, step), dt};
  return OK;
}
