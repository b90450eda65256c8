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
  double dt_power;    /* a network of n units has the step size dt n^dt_power */
  double dt_safety;   /* used if dt is auto */
  int64_t dt_every;   /* if dt is auto: it is estimated at the first step of the stage, and if step % dt_every = 0 */
  int64_t batch;      /* P; 0: floor(batch_scale * n^batch_power), at least 1; gd: 0 or N, all points */
  double batch_scale; /* used if batch is 0; 0: all points of the fixed set, or the population */
  double batch_power;
  double temperature; /* networks of n units have the temperature tau = temperature n^temperature_power */
  double temperature_power;
};

struct schedule {
  int scheme;                /* enum scheme */
  struct update_spec update; /* the rule of a step */
  int stages;
  struct stage stage[STAGES_MAX];
};

/* Returns the number of steps of all stages. */
int64_t schedule_steps(const struct schedule *schedule);

/* schedule_stage returns the stage of a step; for step >= schedule_steps, the last stage. schedule_first returns the
 * first step of a stage. */
int schedule_stage(const struct schedule *schedule, int64_t step);
int64_t schedule_first(const struct schedule *schedule, int stage);

/* Returns dt n^power, the step size of a network of n units: with power 0, dt itself. */
double schedule_network_dt(double dt, double power, int64_t n);

/* Sets move [members], the moves of the networks of each size at a step of a stage, from the previous moves. dt:
 * without the factor n^dt_power; 0: only observes, no unit moves. Then last_dt remains that of the last move. */
void schedule_moves(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble, int64_t step,
                    double dt, struct update_move *move);

/* Returns the largest dt for which dt n^power is at most `most` for all sizes. */
double schedule_dt_most(double power, const struct ensemble_spec *ensemble, double most);

/* Returns whether dt depends on n in any step before `step`. Networks of different n may then have different t. */
bool schedule_dt_varies(const struct schedule *schedule, int64_t step);

/* Returns whether steps draw random numbers of their own for each network: noise of a temperature, except with baoab
 * without friction, or births and deaths. */
bool schedule_is_random(const struct schedule *schedule);

/* Returns what dt above the stability limit means at a step, with or without a temperature: the end of a sentence that
 * begins with "results". */
const char *schedule_beyond_limit(const struct schedule *schedule, int64_t step);

/* schedule_auto returns whether dt is auto in any step before `step`. If not, schedule_time returns t of a network of n
 * units: the sum of its dt over the steps before `step`. */
bool schedule_auto(const struct schedule *schedule, int64_t step);
double schedule_time(const struct schedule *schedule, int64_t n, int64_t step);

/* A range of steps with one dt and one dt_power. The range starts at the first step of a stage or, if dt is auto, at an
 * estimate of dt. */
struct dt_segment {
  int64_t step;
  double dt, power;           /* a network of n units has the step size dt n^power */
  double last_dt, last_power; /* of the step before the segment; last_dt 0: none, or unknown */
  double time[ENSEMBLE_MAX];  /* [members]: t of the networks of each size at the first step of the segment */
};

/* Return the step size of the networks of a size, and their t at a step of the segment. */
double dt_segment_dt(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member);
double dt_segment_time(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member,
                       int64_t step);

/* Returns the step size of the networks of a size in the step before a step of the segment, 0 before step 0. */
double dt_segment_last_dt(const struct dt_segment *segment, const struct ensemble_spec *ensemble, int member,
                          int64_t step);

/* Returns the segment of a step, provided that dt is auto in no earlier step. The dt of the segment is 0 if dt is auto
 * in the step itself. */
struct dt_segment schedule_segment(const struct schedule *schedule, const struct ensemble_spec *ensemble, int64_t step);

/* Returns P of a network of n units in a stage. If P is computed from batch_scale, it is at most BATCH_LIMIT. samples:
 * N of the fixed set, or 0 without a fixed set. */
#define BATCH_LIMIT (INT64_C(1) << 31)
int64_t schedule_batch(const struct schedule *schedule, int stage, int64_t n, int64_t samples);

/* Returns the largest P of all stages and network sizes. */
int64_t schedule_largest_batch(const struct schedule *schedule, const struct ensemble_spec *ensemble, int64_t samples);

/* Return the number of pairs (unit, point), or (unit, unit) with the exact potential, in one step of all networks of
 * one size, and of all networks. */
double schedule_member_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                             const struct dataset *data, int member);
double schedule_pairs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                      const struct dataset *data);

/* Returns the number of pairs in the steps first .. end-1 of all networks. */
double schedule_work(const struct schedule *schedule, const struct ensemble_spec *ensemble, const struct dataset *data,
                     int64_t first, int64_t end);

/* Checks the batch size of a network of n units in a stage. USAGE: P is larger than the fixed set or, without a fixed
 * set, is 2^31 or larger. */
int schedule_check(const struct schedule *schedule, int stage, int64_t n, int64_t samples);

/* Returns whether two stages have the same rule for P, and thus the same P for every n. */
bool schedule_same_batch(const struct schedule *schedule, int stage, int other);

/* Returns whether two schedules have the same scheme, and the same rules for dt, P and the temperature in every step
 * before `step`. While dt is auto, stages must also begin at the same steps. Does not compare the update rules. */
bool schedule_agree(const struct schedule *a, const struct schedule *b, int64_t step);

#endif
