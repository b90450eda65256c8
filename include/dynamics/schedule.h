/* schedule: which step size and batch size hold at which step. The stages of a run follow one another; a change of
 * steps, dt or batch between them is a "quench". Local and pure. */
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
  double dt;        /* 0: auto, dt_safety times the limit of stability, estimated anew every dt_every steps */
  double dt_safety; /* auto */
  int64_t dt_every; /* auto: at the stage's first step and at multiples of this */
  int64_t batch;    /* P, or 0: floor(batch_scale * n^batch_power), at least 1; gd: 0, the whole set or population */
  double batch_scale;
  double batch_power;
};

struct schedule {
  int scheme;                /* enum scheme */
  struct update_spec update; /* the rule of a step */
  int stages;
  struct stage stage[STAGES_MAX];
};

int64_t schedule_steps(const struct schedule *schedule);            /* of all stages */
int schedule_stage(const struct schedule *schedule, int64_t step);  /* the last stage for step >= schedule_steps */
int64_t schedule_first(const struct schedule *schedule, int stage); /* first step of a stage */
double schedule_time(const struct schedule *schedule,
                     int64_t step);                                /* sum of dt over the steps before step, none auto */
bool schedule_auto(const struct schedule *schedule, int64_t step); /* is dt auto in a step before step? */

/* Time goes on evenly: t = time + (step - segment.step) dt, up to the next change of dt. */
struct dt_segment {
  int64_t step;
  double time, dt;
};
double dt_segment_time(const struct dt_segment *segment, int64_t step);

/* The pace in which a step is taken, where no step before it has dt auto; dt 0 if its own is. */
struct dt_segment schedule_segment(const struct schedule *schedule, int64_t step);

/* P of a network of n units in a stage, at most BATCH_LIMIT; samples: size of the fixed set, 0 if the data are online.
 */
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

/* USAGE if that is more than the samples of a fixed set, or than 2^31 - 1. */
int schedule_check(const struct schedule *schedule, int stage, int64_t n, int64_t samples);

/* True if two stages have the same rule for P, whatever n. */
bool schedule_same_batch(const struct schedule *schedule, int stage, int other);

/* True if the two give the same trajectory through step. */
bool schedule_agree(const struct schedule *a, const struct schedule *b, int64_t step);

#endif
