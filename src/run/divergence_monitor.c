#include "run/divergence_monitor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/checkpoint.h"

/* Returns whether an estimate of the limit costs at most 1 % of the (unit x sample) pairs of the remaining steps. */
static bool is_cheap(const struct step_size *step_size, int64_t step) {
  const struct schedule *schedule = step_size->schedule;
  const struct ensemble_spec *ensemble = &step_size->particles->ensemble;
  const struct dataset *data = step_size->data;
  const int64_t samples = data->samples;
  const double points = samples > 0 && samples < STABILITY_PROBE ? (double)samples : STABILITY_PROBE;
  double estimate = 0;
  for (int e = 0; e < ensemble->members; e++)
    estimate += (double)ensemble->n[e] * (double)ensemble->replicas * points * STABILITY_STEPS;
  return estimate <= 0.01 * schedule_work(schedule, ensemble, data, step, schedule_steps(schedule));
}

/* Returns dt n^power. n: as returned by step_size_limit; it is NO_SIZE if the limit is infinite. */
static const int64_t NO_SIZE = INT64_C(1) << 62;
static double own_dt(double dt, double power, int64_t n) {
  return isfinite(dt) && n < NO_SIZE ? schedule_network_dt(dt, power, n) : dt;
}

void divergence_monitor_start(struct divergence_monitor *monitor, struct step_size *step_size, int64_t step,
                              struct report *report) {
  *monitor = (struct divergence_monitor){.reference = NAN};
  const int stage = schedule_stage(step_size->schedule, step);
  const double dt = step_size->schedule->stage[stage].dt;
  const double power = step_size->schedule->stage[stage].dt_power;
  double limit;
  int64_t n;
  if (!(dt > 0) || !is_cheap(step_size, step) || step_size_limit(step_size, stage, &limit, &n) != OK || dt <= limit)
    return;
  report_line(
      report,
      "warning: dt = %g exceeds the stability limit %.4g (n = %lld; from the tangent kernel at step %lld): the loss "
      "will probably grow; `mckean advise` prints details, and dt: auto follows the limit",
      own_dt(dt, power, n), own_dt(limit, power, n), (long long)n, (long long)step);
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

void divergence_monitor_warn(struct divergence_monitor *monitor, struct step_size *step_size, int64_t step,
                             struct report *report) {
  const struct comm *comm = step_size->particles->comm;
  if (monitor->warned || !comm_any(comm, monitor->grown_loss > 0)) return;
  double limit;
  int64_t n = NO_SIZE;
  const int stage = schedule_stage(step_size->schedule, step);
  const double power = step_size->segment.power;
  monitor->warned = true;
  const double loss = comm_max(comm, monitor->grown_loss);
  if (step_size_limit(step_size, stage, &limit, &n) != OK) limit = 0;
  report_line(report,
              "warning: unstable: a loss has grown to %.3g by step %lld; dt = %g, the stability limit is now %.3g",
              loss, (long long)step, own_dt(step_size->segment.dt, power, n), own_dt(limit, power, n));
}

static int restore(struct problem *problem, const char *folder, int64_t saved) {
  if (saved < 0) return problem_initialize(problem);
  char *path = checkpoint_path(folder, saved);
  const int status = checkpoint_read(problem->comm, path, problem->particles);
  free(path);
  return status;
}

int divergence_monitor_explain(struct step_size *step_size, struct problem *problem, const char *folder,
                               int64_t saved) {
  char failure[4096];
  double limit;
  int64_t n;
  snprintf(failure, sizeof failure, "%s", error_text());
  const int64_t step = saved < 0 ? 0 : saved;
  const int stage = schedule_stage(step_size->schedule, step);
  if (restore(problem, folder, saved) != OK || step_size_limit(step_size, stage, &limit, &n) != OK)
    return FAIL(FAILED, "%s", failure);
  const double dt = own_dt(step_size->segment.dt, step_size->segment.power, n);
  limit = own_dt(limit, step_size->schedule->stage[stage].dt_power, n);
  return FAIL(FAILED, "%s; dt was %g, the stability limit at step %lld (%s) is %.4g, for n = %lld%s", failure, dt,
              (long long)step, saved < 0 ? "the start" : "the last checkpoint", limit, (long long)n,
              dt > limit ? "" : ": it has decreased since then, or nonlinear terms dominate");
}
