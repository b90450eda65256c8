#include "run/stability_watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/heartbeat.h"

/* Above this multiple of the limit, the limit itself is not printed: the network is about to overflow. Above TWICE the
 * limit without batch noise, the loss grows too fast for lambda to adapt. */
static const double RATIO_PRINTED = 1e6, TWICE = 2;

/* A growth of lambda since the first estimate by more than this factor is printed: the limit is then probably that of a
 * network which diverges. */
static const double GROWTH_PRINTED = 1000;

int stability_watch_create(const struct config *config, struct step_size *step_size, int64_t step,
                           struct stability_watch *watch) {
  *watch = (struct stability_watch){
      .config = config, .step_size = step_size, .plan = history_limit_plan(config, step_size->data)};
  watch->next = limit_plan_next(&watch->plan, -1);
  while (watch->next < step) watch->next = limit_plan_next(&watch->plan, watch->next);
  return limit_estimator_create(step_size->particles, step_size->data, step_size->schedule, step_size->isa,
                                step_size->threads, &watch->estimator);
}

void stability_watch_free(struct stability_watch *watch) {
  limit_estimator_free(watch->estimator);
  watch->estimator = NULL;
}

/* ---- an estimate ---- */

/* The estimate of one network, sent to rank 0. */
struct record {
  int64_t member, replica;
  struct network_limit limit;
};

/* Returns whether a has the larger dt/limit; a network that is not finite counts as the largest. */
static bool is_larger(const struct network_limit *a, const struct network_limit *b) {
  return isnan(b->ratio) ? false : isnan(a->ratio) || a->ratio > b->ratio;
}

/* Fills in values from all records, in the order of members and replicas, so that ties do not depend on the ranks. */
static void reduce(int64_t count, const struct record *record, int members, const double *dt, double *values) {
  for (int e = 0; e < members; e++) {
    const struct record *largest = NULL;
    int64_t networks = 0;
    for (int64_t i = 0; i < count; i++) {
      if (record[i].member != e) continue;
      networks++;
      if (!largest || is_larger(&record[i].limit, &largest->limit) ||
          (!is_larger(&largest->limit, &record[i].limit) && record[i].replica < largest->replica))
        largest = &record[i];
    }
    if (!largest) die("no estimate of the stability limit for size %d", e);
    const struct network_limit *limit = &largest->limit;
    const double row[HISTORY_LIMITS] = {[LIMIT_LAMBDA] = limit->lambda,
                                        [LIMIT_BOUND] = limit->bound,
                                        [LIMIT_ERROR] = limit->error,
                                        [LIMIT_DT] = dt[e],
                                        [LIMIT_LIMIT] = limit->limit,
                                        [LIMIT_RATIO] = limit->ratio,
                                        [LIMIT_RATIO_ERROR] = limit->ratio_error,
                                        [LIMIT_ABOVE] = limit->above,
                                        [LIMIT_NETWORKS] = (double)networks,
                                        [LIMIT_POINTS] = limit->points};
    memcpy(values + e * HISTORY_LIMITS, row, sizeof row);
  }
}

void stability_watch_estimate(struct stability_watch *watch, int64_t step, int stage, const double *dt,
                              double *values) {
  const struct particles *particles = watch->step_size->particles;
  const struct limit_size size = limit_plan_size(&watch->plan, step);
  const int members = particles->ensemble.members, locals = particles->locals;
  struct network_limit *limit = alloc_small(sizeof *limit * (size_t)(locals + 1));
  struct record *own = alloc_small(sizeof *own * (size_t)(locals + 1));
  limit_estimate(watch->estimator, stage, &size, dt, limit);
  int64_t count = 0;
  for (int s = 0; s < locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->lead && local->replica < size.replicas)
      own[count++] = (struct record){local->member, local->replica, limit[s]};
  }
  void *all;
  const int64_t records = comm_sum(particles->comm, count);
  comm_gather(particles->comm, own, (int64_t)sizeof *own * count, &all, NULL);
  if (all) reduce(records, all, members, dt, values);
  comm_bcast(particles->comm, values, (int64_t)sizeof *values * members * HISTORY_LIMITS, 0);
  free(all);
  free(own);
  free(limit);
}

/* ---- text ---- */

bool stability_watch_above(const double *values) {
  return values[LIMIT_ABOVE] > 0;
}

/* Writes the formula of the limit. */
static void formula(const struct config *config, const struct dataset *data, int stage, int64_t n, char text[200]) {
  const struct update_spec *update = &config->schedule.update;
  const int64_t P = schedule_batch(&config->schedule, stage, n, data->samples);
  const double curvature = loss_row(&config->data.loss)->curvature(&config->data.loss);
  const char *ridge = update_ridge(update) > 0 ? " and the ridge" : "";
  char bound[48] = "";
  if (curvature != 1) snprintf(bound, sizeof bound, " times %g, the bound of l''", curvature);
  if (P == data->samples || !update_table[update->rule].noise)
    snprintf(text, 200, "%s of %s%s%s", update_table[update->rule].limit_formula, stability_operator(data), bound,
             ridge);
  else
    snprintf(text, 200, "with batch noise: 2/(lambda (1 - 1/P) + sup M(x,x)/P) of the tangent kernel%s%s, P = %lld",
             bound, ridge, (long long)P);
}

void stability_watch_text(const struct config *config, const struct dataset *data, int stage, int64_t n,
                          const double *values, char text[STABILITY_WATCH_SENTENCE]) {
  const double ratio = values[LIMIT_RATIO], dt = values[LIMIT_DT];
  char of[200];
  formula(config, data, stage, n, of);
  if (!isfinite(ratio))
    snprintf(text, STABILITY_WATCH_SENTENCE, "%s of the networks with n = %lld is not finite", stability_operator(data),
             (long long)n);
  else if (ratio > RATIO_PRINTED)
    snprintf(text, STABILITY_WATCH_SENTENCE,
             "dt = %g is more than %g times the stability limit of the networks with n = %lld (%s)", dt, RATIO_PRINTED,
             (long long)n, of);
  else
    snprintf(text, STABILITY_WATCH_SENTENCE, "dt = %g %s the stability limit %.3g of the networks with n = %lld (%s)",
             dt, stability_watch_above(values) ? "exceeds" : "is within", values[LIMIT_LIMIT], (long long)n, of);
}

/* Returns the limit without batch noise. */
static double limit_without_noise(const struct config *config, const double *values) {
  const struct kernel_bounds bounds = {.lambda = values[LIMIT_LAMBDA]};
  return kernel_bounds_limit(&bounds, 0, &config->data.loss, &config->schedule.update);
}

static enum stability_excess excess_of(const struct config *config, const double *values) {
  const double ratio = values[LIMIT_DT] / limit_without_noise(config, values);
  if (!stability_watch_above(values)) return EXCESS_NONE;
  if (!isfinite(values[LIMIT_RATIO])) return EXCESS_NOT_FINITE;
  return ratio > TWICE ? EXCESS_FAR : ratio > 1 ? EXCESS_EDGE : EXCESS_NOISE;
}

/* Writes what a finite excess means: the end of a warning. growth: of lambda since the first estimate, as a factor. */
enum { MEANING = 256 };
static void explain(const struct config *config, enum stability_excess excess, const double *values, double growth,
                    char text[MEANING]) {
  const double without_noise = limit_without_noise(config, values);
  char limit[64] = "the limit", grown[96] = "";
  if (growth > GROWTH_PRINTED)
    snprintf(grown, sizeof grown, "; lambda has grown by a factor of %.2g since the first estimate", growth);
  if (values[LIMIT_LIMIT] != without_noise)
    snprintf(limit, sizeof limit, "the limit without batch noise, %.3g", without_noise);
  const int used = snprintf(text, MEANING,
                            excess == EXCESS_FAR ? "more than twice %s: the loss will probably grow"
                            : excess == EXCESS_EDGE
                                ? "above %s, at the edge of stability: often the loss oscillates without diverging"
                                : "below %s: the noise of the batches is amplified",
                            limit);
  snprintf(text + used, MEANING - (size_t)used, "%s", grown);
}

/* Prints a warning if dt of a size exceeds its limit, unless the last warning was about the same stage and an excess
 * that was at least as bad. */
static void warn(struct stability_watch *watch, int64_t step, int member, const double *values, struct report *report) {
  const struct config *config = watch->config;
  char text[STABILITY_WATCH_SENTENCE], meaning[MEANING];
  const double ratio = values[LIMIT_RATIO], t = step_size_time(watch->step_size, member, step);
  const int stage = schedule_stage(&config->schedule, step);
  const enum stability_excess excess = excess_of(config, values);
  if (!(watch->lambda[member] > 0) && values[LIMIT_LAMBDA] > 0) watch->lambda[member] = values[LIMIT_LAMBDA];
  if (excess == EXCESS_NONE && ratio + values[LIMIT_RATIO_ERROR] < 1) watch->excess[member] = EXCESS_NONE;
  if (excess == EXCESS_NONE || (excess <= watch->excess[member] && stage == watch->stage[member])) return;
  watch->excess[member] = excess;
  watch->stage[member] = stage;
  stability_watch_text(config, watch->step_size->data, stage, config->ensemble.n[member], values, text);
  if (excess == EXCESS_NOT_FINITE) {
    report_line(report, "warning: step %lld: %s (t = %g)", (long long)step, text, t);
    return;
  }
  explain(config, excess, values, values[LIMIT_LAMBDA] / watch->lambda[member], meaning);
  report_line(
      report, "warning: step %lld: %s; results from here on %s (t = %g, dt/limit = %.3g +- %.2g%s; %s)",
      (long long)step, text, schedule_beyond_limit(&config->schedule, step), t, ratio, values[LIMIT_RATIO_ERROR],
      config->data.mode == DATA_ONLINE ? "; lambda varies by about 13 % between draws of the points" : "", meaning);
}

void stability_watch_step(struct stability_watch *watch, int64_t step, bool first, struct history *history,
                          struct report *report) {
  const bool due = step >= watch->next;
  if (!due && !first) return;
  const struct dt_segment *segment = &watch->step_size->segment;
  const int members = watch->config->ensemble.members;
  double *values = alloc_small(sizeof *values * HISTORY_LIMITS * (size_t)members);
  double dt[ENSEMBLE_MAX];
  for (int e = 0; e < members; e++) dt[e] = step_size_dt(watch->step_size, e);
  heartbeat_activity("an estimate of the stability limit");
  stability_watch_estimate(watch, step, schedule_stage(watch->step_size->schedule, step), dt, values);
  for (int e = 0; e < members; e++) warn(watch, step, e, values + e * HISTORY_LIMITS, report);
  if (due) {
    history_limits(history, step, segment, watch->step_size->particles, values);
    watch->next = limit_plan_next(&watch->plan, step);
  }
  free(values);
}
