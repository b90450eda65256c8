#include "dry_run_stability.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "run/stability_watch.h"
#include "store/history.h"
#include "store/history_file.h"
#include "tangent/limit_estimate.h"

/* An estimate for the networks of one size. */
struct estimate {
  int64_t n, step, batch;     /* n: units of the estimated network; batch: P of limit.limit, 0: all points */
  struct network_limit limit; /* lambda, error, limit and points are set */
};

/* ---- the stages to come ---- */

/* Returns whether a stage follows in which dt is a number. */
static bool is_to_come(const struct dry_run *plan, int stage) {
  const struct schedule *schedule = &plan->config->schedule;
  const int64_t end = schedule_first(schedule, stage) + schedule->stage[stage].steps;
  return end > plan->first_step && schedule->stage[stage].dt > 0;
}

/* Compares dt of the networks of n units in a stage with its limit. */
static struct dry_run_stability compare(const struct dry_run *plan, const struct dataset *data, int stage, int64_t n,
                                        const struct estimate *estimate, double *dt) {
  const struct schedule *schedule = &plan->config->schedule;
  const struct loss_spec *loss = &plan->config->data.loss;
  const struct update_spec *update = &schedule->update;
  const int64_t P = schedule_batch(schedule, stage, n, data->samples), batch = P == data->samples ? 0 : P;
  struct network_limit limit = estimate->limit;
  double diagonal = limit_estimate_diagonal(loss, update, estimate->batch, &limit);
  const bool noise = batch > 0 && update_table[update->rule].noise, unknown = noise && estimate->batch == 0;
  if (unknown) diagonal = limit.lambda; /* sup M(x,x) is not smaller */
  *dt = schedule_network_dt(schedule->stage[stage].dt, schedule->stage[stage].dt_power, n);
  limit_estimate_ratio(loss, update, batch, diagonal, limit.points == data->samples, *dt, &limit);
  return (struct dry_run_stability){.n = n,
                                    .step = estimate->step,
                                    .stage = stage,
                                    .ratio = limit.ratio,
                                    .error = limit.ratio_error,
                                    .limit = limit.limit,
                                    .above = limit.above,
                                    .scaled_down = estimate->n != n,
                                    .without_noise = unknown};
}

static bool is_worse(const struct dry_run_stability *a, const struct dry_run_stability *b) {
  if (a->above != b->above) return a->above;
  return isnan(b->ratio) ? false : isnan(a->ratio) || a->ratio > b->ratio;
}

/* Writes the warning. dt: of the networks of this size in the stage. */
static void write_warning(const struct dry_run *plan, const struct dataset *data, double dt,
                          struct dry_run_stability *size) {
  const struct schedule *schedule = &plan->config->schedule;
  const double values[HISTORY_LIMITS] = {
      [LIMIT_DT] = dt, [LIMIT_LIMIT] = size->limit, [LIMIT_RATIO] = size->ratio, [LIMIT_ABOVE] = size->above};
  char sentence[STABILITY_WATCH_SENTENCE], others[64] = "";
  stability_watch_text(plan->config, data, size->stage, size->n, values, sentence);
  if (size->stages_above > 1)
    snprintf(others, sizeof others, ", and in %d other%s", size->stages_above - 1, size->stages_above > 2 ? "s" : "");
  snprintf(size->text, sizeof size->text, "%s in stage %d%s, with lambda at step %lld; results %s", sentence,
           size->stage, others, (long long)size->step,
           schedule_beyond_limit(schedule, schedule_first(schedule, size->stage)));
}

/* Adds the networks of n units, unless dt is auto in all stages to come and there is no warning of the steps so far.
 * recorded: that warning, as in struct dry_run_stability. */
static void add_size(struct dry_run *plan, const struct dataset *data, int64_t n, const struct estimate *estimate,
                     const char *recorded) {
  struct dry_run_stability worst = {.n = n};
  double dt = 0;
  int stages = 0, above = 0;
  for (int s = 0; s < plan->config->schedule.stages; s++) {
    double own_dt;
    if (!is_to_come(plan, s)) continue;
    const struct dry_run_stability own = compare(plan, data, s, n, estimate, &own_dt);
    above += own.above;
    if (stages++ > 0 && !is_worse(&own, &worst)) continue;
    worst = own;
    dt = own_dt;
  }
  worst.stages = stages;
  worst.stages_above = above;
  if (above > 0) write_warning(plan, data, dt, &worst);
  snprintf(worst.recorded, sizeof worst.recorded, "%s", recorded);
  if (stages > 0 || *recorded) plan->stability[plan->sizes++] = worst;
}

/* ---- estimates ---- */

/* Adds a size with the estimate of the pilot run. */
static void add_pilot(struct dry_run *plan, const struct dataset *data, int member) {
  const struct pilot_run_stability *size = &plan->pilot.stability[member];
  const struct estimate estimate = {.n = size->n, .batch = size->batch, .limit = size->limit};
  if (member < plan->pilot.sizes) add_size(plan, data, plan->config->ensemble.n[member], &estimate, "");
}

/* Adds a size with the last estimate in the history. was: the input of the run that recorded it. */
static void add_recorded(struct dry_run *plan, const struct dataset *data, int member, const struct config *was,
                         const struct summary_stability *size) {
  const struct schedule *schedule = &was->schedule;
  const int64_t P = schedule_batch(schedule, schedule_stage(schedule, size->last_step), size->n, data->samples);
  const struct estimate estimate = {.n = size->n,
                                    .step = size->last_step,
                                    .batch = P == data->samples ? 0 : P,
                                    .limit = {.lambda = size->last_lambda,
                                              .error = size->last_lambda_error,
                                              .limit = size->last_limit,
                                              .points = size->last_points}};
  char limit[SUMMARY_SENTENCE], rises[SUMMARY_SENTENCE], recorded[DRY_RUN_SENTENCE] = "";
  summary_stability_text(size, limit, rises);
  if (*limit) snprintf(recorded, sizeof recorded, "n = %lld: %s", (long long)size->n, limit);
  add_size(plan, data, plan->config->ensemble.n[member], &estimate, recorded);
}

/* Reads the last estimates of the run to resume, and the input with which they were recorded. sizes [members] are
 * unchanged after a failure; last_step < 0: there is no estimate. */
static void read_recorded(const struct dry_run *plan, struct config **was, struct summary_stability *sizes) {
  char path[PATH_BYTES], *text = NULL;
  struct h5 *file = NULL;
  snprintf(path, sizeof path, "%s/history.h5", plan->config->output);
  int status = history_file_open(path, &file);
  if (status == OK) status = h5_get_text(file, "/", "config", &text);
  if (status == OK) status = config_parse(path, text, was);
  for (int e = 0; e < plan->config->ensemble.members && status == OK; e++)
    status = history_stability(file, plan->config, e, &sizes[e]);
  free(text);
  h5_close(file);
}

void dry_run_stability(struct dry_run *plan, const struct dataset *data) {
  const int members = plan->config->ensemble.members;
  struct summary_stability sizes[ENSEMBLE_MAX];
  struct config *was = NULL;
  for (int e = 0; e < members; e++) sizes[e] = (struct summary_stability){.last_step = -1};
  if (plan->first_step > 0) read_recorded(plan, &was, sizes);
  for (int e = 0; e < members; e++) {
    if (sizes[e].last_step >= 0)
      add_recorded(plan, data, e, was, &sizes[e]);
    else
      add_pilot(plan, data, e);
  }
  config_free(was);
}
