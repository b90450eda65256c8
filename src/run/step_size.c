#include "run/step_size.h"

#include <stdio.h>

#include "base/error.h"
#include "config/config.h"

/* Rescales the update rule's own fields where dt changes between two segments. */
static void change_dt(struct particles *particles, const struct schedule *schedule, const struct dt_segment *from,
                      const struct dt_segment *to) {
  if (!(from->dt > 0) || (to->dt == from->dt && to->power == from->power)) return;
  const struct ensemble_spec *ensemble = &particles->ensemble;
  double factor[ENSEMBLE_MAX];
  for (int e = 0; e < ensemble->members; e++)
    factor[e] = dt_segment_dt(to, ensemble, e) / dt_segment_dt(from, ensemble, e);
  update_change_dt(&schedule->update, particles, factor);
}

/* Returns the segment at a step. The update rule's own fields in a checkpoint are scaled for the dt of the checkpoint;
 * if the input now sets another dt for the following steps, this function rescales them; if dt is auto in this or an
 * earlier step, step_size_enter does it instead. */
static struct dt_segment resume_segment(struct particles *particles, const struct schedule *schedule, int64_t step,
                                        const struct dt_segment *saved) {
  if (schedule_auto(schedule, step)) return *saved;
  struct dt_segment segment = schedule_segment(schedule, &particles->ensemble, step);
  if (segment.dt > 0) {
    change_dt(particles, schedule, saved, &segment);
  } else { /* until step_size_enter computes dt for this stage (dt: auto) */
    segment.dt = saved->dt;
    segment.power = saved->power;
  }
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

double step_size_dt(const struct step_size *step_size, int member) {
  return dt_segment_dt(&step_size->segment, &step_size->particles->ensemble, member);
}

double step_size_time(const struct step_size *step_size, int member, int64_t step) {
  return dt_segment_time(&step_size->segment, &step_size->particles->ensemble, member, step);
}

static void value_text(const struct ensemble_spec *ensemble, int smallest, int largest, double first, double last,
                       char text[STEP_SIZE_TEXT]) {
  if (first == last)
    snprintf(text, STEP_SIZE_TEXT, "%g", first);
  else
    snprintf(text, STEP_SIZE_TEXT, "%g (n = %lld) and %g (n = %lld)", first, (long long)ensemble->n[smallest], last,
             (long long)ensemble->n[largest]);
}

void step_size_time_text(const struct step_size *step_size, int64_t step, char text[STEP_SIZE_TEXT]) {
  const struct ensemble_spec *ensemble = &step_size->particles->ensemble;
  int smallest, largest;
  ensemble_extremes(ensemble, &smallest, &largest);
  value_text(ensemble, smallest, largest, step_size_time(step_size, smallest, step),
             step_size_time(step_size, largest, step), text);
}

void step_size_dt_text(const struct step_size *step_size, char text[STEP_SIZE_TEXT]) {
  const struct ensemble_spec *ensemble = &step_size->particles->ensemble;
  int smallest, largest;
  ensemble_extremes(ensemble, &smallest, &largest);
  value_text(ensemble, smallest, largest, step_size_dt(step_size, smallest), step_size_dt(step_size, largest), text);
}

int step_size_limit(struct step_size *step_size, int stage, double *limit, int64_t *n) {
  if (!step_size->stability)
    TRY(stability_create(step_size->particles, step_size->data, step_size->isa, step_size->threads, STABILITY_PROBE,
                         PROBE_EVEN, &step_size->stability));
  return stability_limit(step_size->stability, step_size->schedule, stage, limit, n);
}

int step_size_enter(struct step_size *step_size, int64_t step) {
  const struct ensemble_spec *ensemble = &step_size->particles->ensemble;
  const int stage = schedule_stage(step_size->schedule, step);
  const struct stage *now = &step_size->schedule->stage[stage];
  const int64_t first = schedule_first(step_size->schedule, stage);
  const bool automatic = !(now->dt > 0);
  if (step != first && !(automatic && step % now->dt_every == 0)) return OK;
  const struct dt_segment *last = &step_size->segment;
  const bool later = step > last->step;
  struct dt_segment segment = {.step = step,
                               .dt = now->dt,
                               .power = now->dt_power,
                               .last_dt = later ? last->dt : last->last_dt,
                               .last_power = later ? last->power : last->last_power};
  if (automatic) {
    int64_t n;
    const int status = step_size_limit(step_size, stage, &segment.dt, &n);
    if (status != OK) return FAIL(status, "step %lld, dt: auto: %s", (long long)step, error_text());
    segment.dt *= now->dt_safety;
    const double most = schedule_dt_most(now->dt_power, ensemble, DT_MAX);
    if (segment.dt > most) segment.dt = most; /* the limit is infinite if lambda is 0 */
  }
  for (int e = 0; e < ensemble->members; e++) segment.time[e] = step_size_time(step_size, e, step);
  change_dt(step_size->particles, step_size->schedule, &step_size->segment, &segment);
  step_size->segment = segment;
  return OK;
}
