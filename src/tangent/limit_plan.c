#include "tangent/limit_plan.h"

#include <math.h>

/* Share of the work of all steps, and of the steps of a single network, that an estimate may take. */
static const double SHARE = 0.01, OWN_SHARE = 0.1, SECOND = 5;
static const double RATIO = 0.1; /* distance between estimates / steps so far */

/* Costs, in pairs of a step: of a product of Lanczos's method, of all other terms of a sample, per unit and point; of
 * M(x,x) at STABILITY_POINTS points, per unit. Lanczos's method usually needs 6 to 8 products for an error of a few
 * percent. */
static const double PRODUCT = 1.5, SECOND_SAMPLE = 1, DIAGONAL = 200;
enum { PRODUCTS_LEAST = 6, PRODUCTS_SAMPLE = 8, PRODUCTS_MOST = 30 };

static double units_of_sizes(const struct limit_plan *plan) {
  double units = 0;
  for (int e = 0; e < plan->ensemble->members; e++) units += (double)plan->ensemble->n[e];
  return units;
}

static bool is_rkhs(const struct limit_plan *plan) {
  return plan->data->spec.mode == DATA_RKHS;
}

/* Returns the cost of a product for one replica of each size: with the tangent kernel on the whole fixed set, or with
 * the Hessian. */
static double product_pairs(const struct limit_plan *plan) {
  if (!is_rkhs(plan)) return PRODUCT * (double)plan->data->samples * units_of_sizes(plan);
  double pairs = 0;
  for (int e = 0; e < plan->ensemble->members; e++)
    pairs += (double)plan->ensemble->n[e] * (double)plan->ensemble->n[e];
  return pairs;
}

/* Returns the cost of all terms but the products. potential_hessian_start costs as much as a product. */
static double fixed_pairs(const struct limit_plan *plan) {
  return is_rkhs(plan) ? product_pairs(plan) : DIAGONAL * units_of_sizes(plan);
}

/* Returns the cost of a number of samples of one replica of each size. */
static double sample_pairs(const struct limit_plan *plan, int points) {
  return units_of_sizes(plan) * (points * (PRODUCT * PRODUCTS_SAMPLE + SECOND_SAMPLE) + DIAGONAL);
}

/* Returns the cost of the smallest estimate of one replica of each size. */
static double least_pairs(const struct limit_plan *plan) {
  return is_rkhs(plan) ? PRODUCTS_LEAST * product_pairs(plan) + fixed_pairs(plan)
                       : sample_pairs(plan, LIMIT_PLAN_LEAST);
}

/* Returns the number of steps of a stage for which SHARE of their work equals the cost of the smallest estimate. */
static int64_t least_distance(const struct limit_plan *plan, int stage) {
  const double pairs = schedule_pairs(plan->schedule, stage, plan->ensemble, plan->data);
  const double steps = ceil(least_pairs(plan) / (SHARE * pairs));
  return steps < 1 ? 1 : steps < 0x1p53 ? (int64_t)steps : INT64_C(1) << 53;
}

/* Returns the nominal distance from a step to the next estimate. */
static int64_t distance(const struct limit_plan *plan, int64_t step) {
  const int64_t least = least_distance(plan, schedule_stage(plan->schedule, step)),
                tenth = (int64_t)(RATIO * (double)step);
  return tenth > least ? tenth : least;
}

int64_t limit_plan_next(const struct limit_plan *plan, int64_t step) {
  const int64_t end = schedule_steps(plan->schedule);
  if (step < 0) return 0;
  if (step >= end) return INT64_MAX;
  const int stage = schedule_stage(plan->schedule, step);
  const int64_t least = least_distance(plan, stage);
  int64_t next = step + distance(plan, step);
  for (int i = 0; i < plan->fields; i++)
    if (plan->field[i] >= step + least && plan->field[i] < next) next = plan->field[i];
  const int64_t stage_end = schedule_first(plan->schedule, stage) + plan->schedule->stage[stage].steps;
  return next < stage_end ? next : stage_end;
}

int64_t limit_plan_count(const struct limit_plan *plan, int64_t step) {
  int64_t count = 0;
  for (int64_t at = limit_plan_next(plan, -1); at < step; at = limit_plan_next(plan, at)) count++;
  return count;
}

/* Returns the estimate that a budget of pairs for one replica of each size pays for; at least the smallest one. */
static struct limit_points points_for(const struct limit_plan *plan, double pairs) {
  const int64_t samples = plan->data->samples;
  const bool small = is_rkhs(plan) || (samples > 0 && samples <= 2 * LIMIT_PLAN_LEAST);
  const double products = floor((pairs - fixed_pairs(plan)) / product_pairs(plan));
  if (small || (samples > 0 && samples <= LIMIT_PLAN_WHOLE && products >= PRODUCTS_LEAST))
    return (struct limit_points){(int)samples, products > PRODUCTS_MOST    ? PRODUCTS_MOST
                                               : products > PRODUCTS_LEAST ? (int)products
                                                                           : PRODUCTS_LEAST};
  const double each = pairs / units_of_sizes(plan) - DIAGONAL;
  const double points = floor(each / (PRODUCT * PRODUCTS_SAMPLE + SECOND_SAMPLE));
  const int count = points < LIMIT_PLAN_LEAST    ? LIMIT_PLAN_LEAST
                    : points > LIMIT_PLAN_SAMPLE ? LIMIT_PLAN_SAMPLE
                                                 : (int)points;
  return (struct limit_points){samples > 0 && 2 * count > samples ? (int)(samples / 2) : count, PRODUCTS_MOST};
}

static double cost_of(const struct limit_plan *plan, const struct limit_points *size) {
  if (size->points != plan->data->samples) return sample_pairs(plan, size->points);
  return size->products * product_pairs(plan) + fixed_pairs(plan);
}

/* Returns the second estimate at a step of a run on a fixed set: of the whole set, if the work of the steps since the
 * last step with such a budget pays for it; otherwise none. */
static struct limit_points second_whole(const struct limit_plan *plan, int64_t step) {
  const double replicas = (double)plan->ensemble->replicas, share = SECOND * fmin(SHARE, OWN_SHARE / replicas);
  const int64_t end = schedule_steps(plan->schedule);
  struct limit_points second = {0};
  double work = 0;
  for (int64_t at = 0, next; at <= step && at <= end; at = next) {
    next = limit_plan_next(plan, at);
    second = points_for(plan, share * work);
    if (second.points == plan->data->samples) work = 0;
    if (next <= end) work += schedule_work(plan->schedule, plan->ensemble, plan->data, at, next);
  }
  return second.points == plan->data->samples ? second : (struct limit_points){0};
}

struct limit_size limit_plan_size(const struct limit_plan *plan, int64_t step) {
  const int64_t end = schedule_steps(plan->schedule), all = plan->ensemble->replicas;
  const int stage = schedule_stage(plan->schedule, step);
  const bool special = step >= end || step == schedule_first(plan->schedule, stage);
  const double work = (double)distance(plan, step) * schedule_pairs(plan->schedule, stage, plan->ensemble, plan->data);
  const double least = special ? LIMIT_PLAN_PAIRS : 0, pairs = fmax(SHARE * work, least),
               own = fmax(OWN_SHARE * work / (double)all, least);
  struct limit_size size = {.first = points_for(plan, fmin(pairs, own)),
                            .second = points_for(plan, SECOND * fmin(pairs, own))};
  const int64_t samples = plan->data->samples;
  if (samples > 0 && samples <= LIMIT_PLAN_WHOLE) size.second = second_whole(plan, step);
  if (size.second.points == size.first.points) size.second = (struct limit_points){0};
  const double replicas = floor(pairs / cost_of(plan, &size.first));
  size.replicas = replicas < 1 ? 1 : replicas < (double)all ? (int64_t)replicas : all;
  return size;
}
