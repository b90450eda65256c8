/* limit_plan: the steps at which a run estimates the stability limit of dt, and the size of each estimate.
 *
 * Both are pure functions of the input, so they are the same for any number of ranks, threads and restarts. An estimate
 * is made at step 0, at the first step of each stage, and at the last step. Between them, the distance to the next
 * estimate is a tenth of the steps so far, or less if a step of output.fields comes first; but at least as
 * many steps as have 100 times the work of the smallest estimate. So if dt crosses the limit, the run
 * usually reports it after at most a tenth more steps; a short run is estimated at its start and end only.
 *
 * Work is counted in (unit x point) pairs of a step. The budget of an estimate is a hundredth of the work of the steps
 * until the next one and, for each single network, a tenth of its own work, so that ranks lose little time while they
 * wait for the estimate of one network. At the first and the last step and at the start of a stage the budget is at
 * least LIMIT_PLAN_PAIRS, about 0.1 s of one core. The budget is spent first on the points for one replica of each
 * size: on the whole fixed set if the budget suffices, otherwise on samples; then on more replicas. A sample leaves an
 * error of a few percent to a third, so a network whose dt is within the error of its limit is estimated a second time:
 * on a larger sample, with up to five times the budget, or on the whole fixed set, at the steps where a twentieth of
 * the work since the last such estimate pays for it. A run that stays near its limit pays up to 5 % of its work; a
 * short run prints the warning later. With data.mode: rkhs the pairs are (unit x unit), the budget is spent on products
 * with the Hessian (tangent/potential_hessian.h), and there is no second estimate; LIMIT_PLAN_PAIRS then take about
 * 0.5 s for alpha d = 5. */
#ifndef MCKEAN_TANGENT_LIMIT_PLAN_H
#define MCKEAN_TANGENT_LIMIT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"

enum {
  LIMIT_PLAN_LEAST = 32, /* points of the smallest sample; a fixed set of up to twice this number is used as a whole */
  LIMIT_PLAN_SAMPLE = 1024, /* points of the largest sample */
  LIMIT_PLAN_WHOLE = 16384  /* points of the largest fixed set that is used as a whole */
};
#define LIMIT_PLAN_PAIRS 1e8

/* All pointers are not owned. field [fields]: steps of output.fields, ascending. */
struct limit_plan {
  const struct schedule *schedule;
  const struct ensemble_spec *ensemble;
  const struct dataset *data;
  int fields;
  const int64_t *field;
};

/* Local. Returns the first step with an estimate after `step`; step < 0: step 0. INT64_MAX: there is none. */
int64_t limit_plan_next(const struct limit_plan *plan, int64_t step);

/* Local. Returns the number of estimates at steps before `step`. */
int64_t limit_plan_count(const struct limit_plan *plan, int64_t step);

/* An estimate of one network (tangent/limit_estimate.h). */
struct limit_points {
  int points;   /* the whole fixed set, or two samples of this number of points; 0 with data.mode: rkhs */
  int products; /* the largest number of products of Lanczos's method; 0: no estimate */
};

/* The estimates at a step. */
struct limit_size {
  struct limit_points first, second; /* second: near the limit */
  int64_t replicas;                  /* networks with replica < replicas are estimated */
};

/* Local. Returns the size of the estimate at a step. */
struct limit_size limit_plan_size(const struct limit_plan *plan, int64_t step);

#endif
