#include "run/divergence_monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "store/checkpoint.h"

/* A network is about to overflow, and its limit is not printed, if a loss has grown by more than LOSS_GROWTH and the
 * limit has decreased by more than LIMIT_DECREASE, or if dt exceeds the limit by more than LIMIT_EXCESS. The first two
 * conditions are both needed: if only c is trained, the limit does not depend on the loss, and from small parameters
 * the limit decreases although the loss does too. */
static const double LOSS_GROWTH = 1e6, LIMIT_DECREASE = 1e3, LIMIT_EXCESS = 1e6;

/* Returns dt n^power. n: as returned by step_size_limit; it is NO_SIZE if the limit is infinite. */
static const int64_t NO_SIZE = INT64_C(1) << 62;
static double own_dt(double dt, double power, int64_t n) {
  return isfinite(dt) && n < NO_SIZE ? schedule_network_dt(dt, power, n) : dt;
}

void divergence_monitor_start(struct divergence_monitor *monitor) {
  *monitor = (struct divergence_monitor){.reference = NAN};
}

void divergence_monitor_row(struct divergence_monitor *monitor, const struct particles *particles,
                            const struct observation *observation) {
  double largest = 0;
  for (int s = 0; s < particles->locals; s++)
    if (observation[s].loss > largest) largest = observation[s].loss;
  if (isnan(monitor->reference))
    monitor->reference = comm_max(particles->comm, largest + (particles->locals > 0 ? observation[0].loss_0 : 0));
  if (largest > DIVERGENCE_GROWTH * monitor->reference) monitor->grown_loss = largest;
}

/* Returns the largest mean loss of a network over the probe of step_size, which step_size_limit has created; 0 without
 * a probe, infinite if a network has diverged. Collective. */
static double probe_loss(const struct step_size *step_size) {
  const struct stability *stability = step_size->stability;
  const struct particles *particles = step_size->particles;
  const struct probe *probe = stability->probe;
  double largest = 0;
  if (!probe) return 0;
  double *f = alloc_small(sizeof *f * (size_t)probe->count);
  for (int s = 0; s < particles->locals; s++) {
    const bool finite = jacobian_outputs(stability->jacobian, &particles->local[s], TEAM_LARGE, f);
    const double loss = finite ? loss_mean(&step_size->data->spec.loss, probe->count, f, probe->y) : NAN;
    largest = isfinite(loss) ? fmax(largest, loss) : INFINITY;
  }
  free(f);
  return comm_max(particles->comm, largest);
}

/* Returns the limit of the networks of n units in the first estimate of watch, without batch noise; 0: there is no such
 * size. */
static double first_limit(const struct stability_watch *watch, int64_t n) {
  const struct config *config = watch->config;
  double limit = 0;
  for (int e = 0; e < config->ensemble.members; e++) {
    const struct kernel_bounds bounds = {.lambda = watch->lambda[e]};
    if (config->ensemble.n[e] == n)
      limit = kernel_bounds_limit(&bounds, 0, &config->data.loss, &config->schedule.update);
  }
  return limit;
}

/* Returns whether a network is about to overflow. dt, limit: of the networks of n units; step_size_limit has just
 * computed the limit. Collective. */
static bool overflows(const struct divergence_monitor *monitor, const struct stability_watch *watch, double dt,
                      double limit, int64_t n) {
  return (limit * LIMIT_DECREASE < first_limit(watch, n) &&
          probe_loss(watch->step_size) > LOSS_GROWTH * monitor->reference) ||
         limit * LIMIT_EXCESS < dt;
}

void divergence_monitor_warn(struct divergence_monitor *monitor, const struct stability_watch *watch, int64_t step,
                             struct report *report) {
  struct step_size *step_size = watch->step_size;
  const struct comm *comm = step_size->particles->comm;
  if (monitor->warned || !comm_any(comm, monitor->grown_loss > 0)) return;
  double limit;
  int64_t n = NO_SIZE;
  const int stage = schedule_stage(step_size->schedule, step_size->segment.step); /* of the step before `step` */
  const double power = step_size->segment.power;
  monitor->warned = true;
  const double loss = comm_max(comm, monitor->grown_loss);
  char now[64];
  snprintf(now, sizeof now, "%s is no longer finite", stability_operator(step_size->data));
  const int status = step_size_limit(step_size, stage, &limit, &n);
  const double dt = own_dt(step_size->segment.dt, power, n);
  if (status == OK) {
    limit = own_dt(limit, power, n);
    snprintf(now, sizeof now,
             overflows(monitor, watch, dt, limit, n) ? "a network is about to overflow"
                                                     : "the stability limit is now %.3g",
             limit);
  }
  report_line(report, "warning: unstable: a loss has grown to %.3g by step %lld; dt = %g, %s", loss, (long long)step,
              dt, now);
}

static int restore(struct problem *problem, const char *folder, int64_t saved) {
  if (saved < 0) return problem_initialize(problem);
  char *path = checkpoint_path(folder, saved);
  const int status = checkpoint_read(problem->comm, path, problem->particles);
  free(path);
  return status;
}

/* Returns the last step that moved the units of a network before it was found to have diverged. failure: the error
 * text, which begins with the step at which it was found (particles/nonfinite.h). step: that of the current state. */
static int64_t last_move(const char *failure, int64_t step) {
  long long found;
  if (sscanf(failure, "step %lld:", &found) == 1 && found < step) step = found;
  return step > 0 ? step - 1 : 0;
}

/* Returns dt of a step, without the factor n^dt_power. If dt is auto, the step must be in the current segment of
 * step_size or be the last step of the segment before it. */
static double dt_of_step(const struct step_size *step_size, int64_t step) {
  const struct stage *stage = &step_size->schedule->stage[schedule_stage(step_size->schedule, step)];
  const struct dt_segment *segment = &step_size->segment;
  return stage->dt > 0 ? stage->dt : step >= segment->step ? segment->dt : segment->last_dt;
}

int divergence_monitor_explain(const struct divergence_monitor *monitor, const struct stability_watch *watch,
                               struct problem *problem, const char *folder, int64_t saved, int64_t step) {
  struct step_size *step_size = watch->step_size;
  char failure[4096];
  double limit;
  int64_t n;
  snprintf(failure, sizeof failure, "%s", error_text());
  const int64_t from = saved < 0 ? 0 : saved, move = last_move(failure, step);
  const int stage = schedule_stage(step_size->schedule, move);
  if (restore(problem, folder, saved) != OK || step_size_limit(step_size, stage, &limit, &n) != OK)
    return FAIL(FAILED, "%s", failure);
  const double power = step_size->schedule->stage[stage].dt_power;
  const double dt = own_dt(dt_of_step(step_size, move), power, n);
  limit = own_dt(limit, power, n);
  const char *state = saved < 0 ? "the start" : "the last checkpoint";
  if (saved > 0 && overflows(monitor, watch, dt, limit, n))
    return FAIL(FAILED,
                "%s; dt was %g, the stability limit at step %lld (%s) is not known: a network was about to overflow",
                failure, dt, (long long)from, state);
  return FAIL(FAILED, "%s; dt was %g, the stability limit at step %lld (%s) is %.4g, for n = %lld%s", failure, dt,
              (long long)from, state, limit, (long long)n,
              dt > limit ? "" : ": it has decreased since then, or nonlinear terms dominate");
}
