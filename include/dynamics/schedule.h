/* schedule: the step size, batch size and update rule of every step.
 *
 * A run is a sequence of stages. A change of dt or batch size between stages is a "quench". All functions are local and
 * pure. */
#ifndef MCKEAN_DYNAMICS_SCHEDULE_H
#define MCKEAN_DYNAMICS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/update.h"
#include "particles/particles.h"

enum scheme { SCHEME_GD, SCHEME_SGD, SCHEMES };
extern const char *const scheme_names[SCHEMES];

enum { STAGES_MAX = 64 };

struct stage {
  int64_t steps;
  double dt;          /* 0: auto, dt_safety times the stability limit, estimated every dt_every steps */
  double dt_safety;   /* auto */
  int64_t dt_every;   /* auto: estimates at the stage's first step and at multiples of this */
  int64_t batch;      /* P; 0: floor(batch_scale * n^batch_power), at least 1; gd: 0, the whole set or population */
  double batch_scale; /* used if batch is 0 */
  double batch_power;
};

struct schedule {
  int scheme;                /* enum scheme */
  struct update_spec update; /* the rule of a step */
  int stages;
  struct stage stage[STAGES_MAX];
};

/* The steps of all stages. */
int64_t schedule_steps(const struct schedule *schedule);

/* The stage of a step; the last stage for step >= schedule_steps. The first step of a stage. */
int schedule_stage(const struct schedule *schedule, int64_t step);
int64_t schedule_first(const struct schedule *schedule, int stage);

/* Whether dt is auto in some step before this one. If not, schedule_time returns t: the sum of dt over these steps. */
bool schedule_auto(const struct schedule *schedule, int64_t step);
double schedule_time(const struct schedule *schedule, int64_t step);

/* A range of steps with one dt, from the last change of dt on: t = time + (step - segment.step) dt. */
struct dt_segment {
  int64_t step;
  double time, dt;
};
double dt_segment_time(const struct dt_segment *segment, int64_t step);

/* The segment of a step, provided that dt is auto in no step before it; its dt is 0 if dt is auto in the step
 * itself. */
struct dt_segment schedule_segment(const struct schedule *schedule, int64_t step);

/* P of a network of n units in a stage, at most BATCH_LIMIT. samples: size of the fixed set; 0: online data. */
#define BATCH_LIMIT (INT64_C(1) << 31)
int64_t schedule_batch(const struct schedule *schedule, int stage, int64_t n, int64_t samples);

/* The largest P of all stages and network sizes. */
int64_t schedule_largest_batch(const struct schedule *schedule, const struct ensemble_spec *ensemble, int64_t samples);

/* cost [members]: the cost of one step of one unit of each network size, in pairs: P of (unit, sample), or with the
 * exact potential (data.mode population) the n of (unit, unit). particles_create and particles_balance take it. */
void schedule_costs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                    const struct dataset *data, double cost[ENSEMBLE_MAX]);

/* Pairs in one step of all networks of one size, and of all networks. */
double schedule_member_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                             const struct dataset *data, int member);
double schedule_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                      const struct dataset *data);

/* Pairs in the steps first .. end-1 of all networks. */
double schedule_work(const struct schedule *schedule, const struct ensemble_spec *ensemble, const struct dataset *data,
                     int64_t first, int64_t end);

/* Checks that P is at most the size of the fixed set, and below 2^31. USAGE: it is larger. */
int schedule_check(const struct schedule *schedule, int stage, int64_t n, int64_t samples);

/* Whether two stages have the same rule for P, so the same P for every n. */
bool schedule_same_batch(const struct schedule *schedule, int stage, int other);

/* Whether two schedules agree on every step before `step`. The update rules are not compared. */
bool schedule_agree(const struct schedule *a, const struct schedule *b, int64_t step);

#endif
