#include "run/stepsize.h"

#include "base/status.h"
#include "run/config.h"

struct stepsize stepsize_create(const struct particles *particles, const struct data *data,
                                const struct schedule *schedule, enum isa isa, int threads, int64_t step,
                                const struct pace *kept) {
  const bool computed = !schedule_auto(schedule, step); /* the time so far follows from the input */
  return (struct stepsize){.particles = particles,
                           .data = data,
                           .schedule = schedule,
                           .isa = isa,
                           .threads = threads,
                           .pace = computed ? schedule_pace(schedule, step) : *kept};
}

void stepsize_free(struct stepsize *stepsize) {
  stability_free(stepsize->stability);
  stepsize->stability = NULL;
}

int stepsize_limit(struct stepsize *stepsize, int stage, double *limit, int64_t *n) {
  if (!stepsize->stability)
    TRY(stability_create(stepsize->particles, stepsize->data, stepsize->isa, stepsize->threads, STABILITY_PROBE,
                         &stepsize->stability));
  return stability_limit(stepsize->stability, stepsize->schedule, stage, limit, n);
}

int stepsize_enter(struct stepsize *stepsize, int64_t step) {
  const int stage = schedule_stage(stepsize->schedule, step);
  const struct stage *now = &stepsize->schedule->stage[stage];
  const int64_t first = schedule_first(stepsize->schedule, stage);
  const bool automatic = !(now->dt > 0);
  if (step != first && !(automatic && step % now->dt_every == 0)) return OK;
  double dt = now->dt;
  if (automatic) {
    int64_t n;
    const int status = stepsize_limit(stepsize, stage, &dt, &n);
    if (status != OK) return FAIL(status, "step %lld, dt: auto: %s", (long long)step, status_text());
    dt *= now->dt_safety;
    if (dt > DT_MAX) dt = DT_MAX; /* nothing moves f_n */
  }
  stepsize->pace = (struct pace){step, pace_time(&stepsize->pace, step), dt};
  return OK;
}
