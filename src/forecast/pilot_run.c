#include "forecast/pilot_run.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/overlaps.h"
#include "run/stability_watch.h"
#include "tangent/stability.h"

/* PILOT_FLOPS: the largest number of flops per thread in a measured step; they take a few hundredths of a second.
 * UNIT_FLOPS: flops per (unit x point) pair in addition to 6 d. */
static const double PILOT_FLOPS = 2e9, UNIT_FLOPS = 50;
static const double PILOT_SECONDS = 1; /* of all measurements together, approximately */
enum { PILOT_BATCH = 4096 };           /* larger mini-batches are reduced to this size */

/* ---- the scaled-down problem ---- */

static double most_pairs(const struct config *config, const struct dataset *data) {
  double most = 0;
  for (int s = 0; s < config->schedule.stages; s++) {
    const double pairs = schedule_pairs(&config->schedule, s, &config->ensemble, data);
    if (pairs > most) most = pairs;
  }
  return most;
}

static double units_of(const struct config *config) {
  double units = 0;
  for (int e = 0; e < config->ensemble.members; e++)
    units += (double)config->ensemble.n[e] * (double)config->ensemble.replicas;
  return units;
}

/* Makes the problem smaller: halves the replicas if there are more networks than ranks and more than one replica;
 * otherwise halves the units of each network, down to one block per rank; otherwise reduces the batches of one stage.
 * Returns false if none of these applies. */
static bool shrink(struct config *config, const struct dataset *data, int ranks) {
  struct ensemble_spec *ensemble = &config->ensemble;
  const int64_t least = BLOCK * (int64_t)ranks; /* units of one block per rank */
  if (ensemble->members * ensemble->replicas > ranks && ensemble->replicas > 1) {
    ensemble->replicas = (ensemble->replicas + 1) / 2;
    return true;
  }
  bool any = false;
  for (int e = 0; e < ensemble->members; e++)
    if (ensemble->n[e] > least) {
      ensemble->n[e] = ensemble->n[e] / 2 > least ? ensemble->n[e] / 2 : least;
      any = true;
    }
  for (int s = 0; s < config->schedule.stages && !any; s++) {
    struct stage *stage = &config->schedule.stage[s];
    const int64_t batch = schedule_batch(&config->schedule, s, ensemble->n[ensemble->members - 1], data->samples);
    if (batch <= PILOT_BATCH || batch == data->samples) continue;
    stage->batch = PILOT_BATCH;
    any = true;
  }
  return any;
}

/* ---- times ---- */

struct timing {
  const struct particles *particles;
  const struct dataset *data;
  struct dynamics *dynamics;
  struct stability *stability; /* NULL if dt is auto in no stage */
  const struct schedule *schedule;
  int stage;
  int64_t step;
  struct observation *observation; /* [locals] */
  double *f, *mean;                /* [locals][points], [locals] */
  bool overlaps;                   /* are part of a field */
  int threads;
};

static void do_step(struct timing *timing) {
  dynamics_step(timing->dynamics, timing->step, 0, NULL);
}

static void do_row(struct timing *timing) {
  dynamics_step(timing->dynamics, timing->step, 0, timing->observation);
}

static void do_field(struct timing *timing) {
  const int64_t points[] = {[POINTS_TEST] = timing->data->tests, [POINTS_TRAIN] = timing->data->samples};
  for (int set = POINTS_TEST; set <= POINTS_TRAIN; set++) {
    if (points[set] == 0) continue;
    dynamics_evaluate(timing->dynamics, timing->step, (enum point_set)set, timing->f);
    dynamics_moments(timing->dynamics, (enum point_set)set, timing->mean);
  }
  double *overlaps = NULL;
  if (timing->overlaps && overlaps_compute(timing->particles, timing->data->target, timing->threads, &overlaps) != OK)
    die("%s", error_text());
  free(overlaps);
}

static void do_limit(struct timing *timing) {
  double limit;
  int64_t n;
  (void)stability_limit(timing->stability, timing->schedule, timing->stage, &limit, &n);
}

/* Returns the seconds of one call of work on the slowest rank. Doubles the number of timed calls until they take more
 * than seconds / 2. Collective. */
static double repeat(void (*work)(struct timing *timing), struct timing *timing, double seconds) {
  work(timing); /* not timed: the first access to memory is slow */
  for (int64_t times = 1;; times *= 2) {
    comm_barrier(timing->particles->comm);
    const double began = comm_time();
    for (int64_t i = 0; i < times; i++) work(timing);
    const double took = comm_max(timing->particles->comm, comm_time() - began);
    if (took > seconds / 2) return took / (double)times;
  }
}

double pilot_run_step(const struct particles *particles, struct dynamics *dynamics, int64_t step, double seconds) {
  struct timing timing = {.particles = particles, .dynamics = dynamics, .step = step};
  return repeat(do_step, &timing, seconds);
}

static void time_stage(struct timing *timing, double seconds, bool fields, struct pilot_run_stage *times) {
  times->step = repeat(do_step, timing, seconds);
  const double row = repeat(do_row, timing, seconds) - times->step;
  times->row = row > 0 ? row : 0;
  if (fields) times->field = repeat(do_field, timing, seconds);
  if (!(timing->schedule->stage[timing->stage].dt > 0)) times->limit = repeat(do_limit, timing, seconds);
}

/* Enters a stage. Raises *most to the bytes of this rank's units during the change, unless *most is already larger. If
 * blocks change owners, the old and the new tiles exist at the same time. */
static int enter_stage(struct particles *particles, struct timing *timing, int stage, double *most) {
  const int64_t before = particles->tile_count;
  const void *tiles = particles->tiles;
  TRY(dynamics_enter_stage(timing->dynamics, stage));
  const int64_t count = particles->tile_count + (particles->tiles != tiles ? before : 0);
  const double bytes = (double)count * (double)particles->tile_bytes * (1 + particles->fields.rule_fields);
  if (bytes > *most) *most = bytes;
  return OK;
}

/* Measures each stage. Stages with the same batch rule and the same kind of dt (a number or auto) are measured once. */
static int time_stages(const struct config *config, struct particles *particles, struct timing *timing,
                       struct pilot_run *result) {
  const struct schedule *schedule = &config->schedule;
  const double seconds = PILOT_SECONDS / (4 * schedule->stages);
  for (int s = 0; s < schedule->stages; s++) {
    int same = 0;
    const bool automatic = !(schedule->stage[s].dt > 0);
    while (!schedule_same_batch(schedule, same, s) || automatic != !(schedule->stage[same].dt > 0)) same++;
    result->stage[s] = result->stage[same];
    if (same < s) continue;
    TRY(enter_stage(particles, timing, s, &result->particle_bytes));
    const int64_t tests = timing->data->tests, samples = timing->data->samples, locals = particles->locals;
    int status = alloc_array((void **)&timing->f, locals * (tests > samples ? tests : samples), sizeof(double), "f_n");
    TRY(comm_agree(particles->comm, status));
    timing->observation = alloc_small(sizeof *timing->observation * (size_t)locals);
    timing->mean = alloc_small(sizeof(double) * (size_t)locals);
    timing->stage = s;
    timing->step = schedule_first(schedule, s);
    time_stage(timing, seconds, config->fields.count > 0, &result->stage[s]);
    free(timing->observation);
    free(timing->mean);
    free(timing->f);
    timing->f = NULL;
  }
  return OK;
}

/* Returns P of the networks of n units in a stage, or 0 if a step uses all points. */
static int64_t mini_batch(const struct schedule *schedule, int stage, int64_t n, const struct dataset *data) {
  const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
  return batch == data->samples ? 0 : batch;
}

/* Returns the stage whose batches the estimate uses: stage 0 or, so that the estimate includes sup M(x,x) if a limit
 * depends on it, the first stage with mini-batches. */
static int stage_of_estimate(const struct config *config, const struct dataset *data) {
  const struct schedule *schedule = &config->schedule;
  for (int s = 0; s < schedule->stages && update_table[schedule->update.rule].noise; s++)
    for (int e = 0; e < config->ensemble.members; e++)
      if (mini_batch(schedule, s, config->ensemble.n[e], data) > 0) return s;
  return 0;
}

/* Estimates lambda in the initial state, with the points of the measured problem. */
static int estimate_stability(const struct problem *problem, struct pilot_run *result) {
  const struct config *config = problem->config;
  const struct schedule *schedule = &config->schedule;
  const struct dt_segment start = {0};
  const int stage = stage_of_estimate(config, problem->data);
  struct step_size step_size =
      step_size_create(problem->particles, problem->data, schedule, problem->isa, config->threads, 0, &start);
  struct stability_watch watch;
  int numbers = 0; /* stages in which dt is not auto */
  for (int s = 0; s < schedule->stages; s++) numbers += schedule->stage[s].dt > 0;
  if (numbers == 0) return OK;
  const int status = stability_watch_create(config, &step_size, 0, &watch);
  if (status == OK) {
    result->sizes = config->ensemble.members;
    double dt[ENSEMBLE_MAX], *values = alloc_small(sizeof *values * HISTORY_LIMITS * (size_t)result->sizes);
    for (int e = 0; e < result->sizes; e++)
      dt[e] = schedule_network_dt(schedule->stage[stage].dt > 0 ? schedule->stage[stage].dt : 1,
                                  schedule->stage[stage].dt_power, config->ensemble.n[e]);
    stability_watch_estimate(&watch, 0, stage, dt, values);
    for (int e = 0; e < result->sizes; e++) {
      const double *of_size = values + e * HISTORY_LIMITS;
      const int64_t n = config->ensemble.n[e];
      result->stability[e] = (struct pilot_run_stability){.n = n,
                                                          .batch = mini_batch(schedule, stage, n, problem->data),
                                                          .limit = {.lambda = of_size[LIMIT_LAMBDA],
                                                                    .error = of_size[LIMIT_ERROR],
                                                                    .limit = of_size[LIMIT_LIMIT],
                                                                    .points = (int)of_size[LIMIT_POINTS]}};
    }
    free(values);
  }
  stability_watch_free(&watch);
  step_size_free(&step_size);
  return status;
}

static int measure(struct problem *problem, struct pilot_run *result) {
  const struct config *config = problem->config;
  TRY(problem_particles(problem, 0));
  TRY(problem_initialize(problem));
  TRY(problem_dynamics(problem));
  struct timing timing = {.particles = problem->particles,
                          .data = problem->data,
                          .dynamics = problem->dynamics,
                          .schedule = &config->schedule,
                          .overlaps = config->overlaps,
                          .threads = config->threads};
  if (schedule_auto(&config->schedule, schedule_steps(&config->schedule)))
    TRY(stability_create(problem->particles, problem->data, problem->isa, config->threads, STABILITY_PROBE, PROBE_EVEN,
                         &timing.stability));
  int status = estimate_stability(problem, result);
  if (status == OK) status = time_stages(config, problem->particles, &timing, result);
  stability_free(timing.stability);
  free(timing.f);
  return status;
}

static void describe(const struct config *config, const struct dataset *data, struct pilot_run *result) {
  result->networks = (double)ensemble_networks(&config->ensemble);
  result->pairs = schedule_pairs(&config->schedule, 0, &config->ensemble, data);
  result->batch = schedule_largest_batch(&config->schedule, &config->ensemble, data->samples);
  result->n = ensemble_largest_n(&config->ensemble);
}

int pilot_run_measure(const struct problem *problem, struct pilot_run *result) {
  const struct config *config = problem->config;
  struct dataset *data = problem->data;
  const int ranks = problem->comm->size;
  const double enough = PILOT_FLOPS * ranks * config->threads / (6 * data->d + UNIT_FLOPS);
  struct config *reduced = alloc_small(sizeof *reduced);
  *reduced = *config;
  *result = (struct pilot_run){.whole = true};
  while (most_pairs(reduced, data) > enough && shrink(reduced, data, ranks)) result->whole = false;
  *reduced->unit.import.checksum = 0; /* other sizes take other units of the file */
  struct problem pilot = {
      .comm = problem->comm, .config = reduced, .isa = problem->isa, .data = data, .file = problem->file};
  const int status = measure(&pilot, result);
  const double units = units_of(config) / units_of(reduced);
  for (int s = 0; s < config->schedule.stages; s++) {
    result->stage[s].step *= schedule_pairs(&config->schedule, s, &config->ensemble, data) /
                             schedule_pairs(&reduced->schedule, s, &reduced->ensemble, data);
    result->stage[s].row *= units;
    result->stage[s].field *= units;
    result->stage[s].limit *= units;
  }
  describe(reduced, data, result);
  pilot.data = NULL; /* owned by `problem`, as the file */
  pilot.file = NULL;
  problem_free(&pilot);
  return status;
}
