#include "forecast/pilot_run.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tangent/stability.h"

/* Of a step on each rank: some hundredths of a second of one core. */
static const double TRIAL_FLOPS = 2e9, UNIT_FLOPS = 50;
static const double TRIAL_SECONDS = 1; /* of all parts of all stages together, but at least 3 repetitions of each */
enum { TRIAL_BATCH = 4096 };           /* batches that are not made smaller */

/* ---- the like problem ---- */

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

/* Halves what is largest above a floor; false if nothing is. */
static bool halve(struct config *config, const struct dataset *data, int ranks) {
  struct ensemble_spec *ensemble = &config->ensemble;
  const int64_t least = BLOCK * (int64_t)ranks; /* a block for each rank */
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
    if (batch <= TRIAL_BATCH || batch == data->samples) continue;
    stage->batch = TRIAL_BATCH;
    any = true;
  }
  return any;
}

/* ---- times ---- */

struct parts {
  const struct particles *particles;
  const struct dataset *data;
  struct dynamics *dynamics;
  struct stability *stability; /* NULL: no stage is auto */
  const struct schedule *schedule;
  int stage;
  int64_t step;
  struct observation *observation; /* [locals] */
  double *f, *mean;                /* [locals][points], [locals] */
};

static void do_step(struct parts *parts) {
  dynamics_step(parts->dynamics, parts->step, false, NULL);
}

static void do_row(struct parts *parts) {
  dynamics_step(parts->dynamics, parts->step, false, parts->observation);
}

static void do_field(struct parts *parts) {
  const int64_t points[] = {[POINTS_TEST] = parts->data->tests, [POINTS_TRAIN] = parts->data->samples};
  for (int set = POINTS_TEST; set <= POINTS_TRAIN; set++) {
    if (points[set] == 0) continue;
    dynamics_evaluate(parts->dynamics, parts->step, (enum point_set)set, parts->f);
    dynamics_moments(parts->dynamics, (enum point_set)set, parts->mean);
  }
}

static void do_limit(struct parts *parts) {
  double limit;
  int64_t n;
  (void)stability_limit(parts->stability, parts->schedule, parts->stage, &limit, &n);
}

/* Seconds of one repetition on the slowest rank. */
static double repeat(void (*part)(struct parts *parts), struct parts *parts, double seconds) {
  part(parts); /* touch all memory */
  for (int64_t times = 1;; times *= 2) {
    comm_barrier(parts->particles->comm);
    const double began = comm_time();
    for (int64_t i = 0; i < times; i++) part(parts);
    const double took = comm_max(parts->particles->comm, comm_time() - began);
    if (took > seconds / 2) return took / (double)times;
  }
}

double pilot_run_step(const struct particles *particles, struct dynamics *dynamics, int64_t step, double seconds) {
  struct parts parts = {.particles = particles, .dynamics = dynamics, .step = step};
  return repeat(do_step, &parts, seconds);
}

static void time_stage(struct parts *parts, double seconds, bool fields, struct pilot_run_stage *times) {
  times->step = repeat(do_step, parts, seconds);
  const double row = repeat(do_row, parts, seconds) - times->step;
  times->row = row > 0 ? row : 0;
  if (fields) times->field = repeat(do_field, parts, seconds);
  if (!(parts->schedule->stage[parts->stage].dt > 0)) times->limit = repeat(do_limit, parts, seconds);
}

/* *most: bytes of units at a time, those of two owners where blocks move. */
static int enter_stage(struct particles *particles, struct parts *parts, int stage, double *most) {
  const int64_t before = particles->tile_count;
  const void *tiles = particles->tiles;
  TRY(dynamics_enter_stage(parts->dynamics, stage));
  const int64_t count = particles->tile_count + (particles->tiles != tiles ? before : 0);
  const double bytes = (double)count * (double)particles->tile_bytes;
  if (bytes > *most) *most = bytes;
  return OK;
}

/* Stages alike in batch and dt take the same. */
static int time_stages(const struct config *config, struct particles *particles, struct parts *parts,
                       struct pilot_run *trial) {
  const struct schedule *schedule = &config->schedule;
  const double seconds = TRIAL_SECONDS / (4 * schedule->stages);
  for (int s = 0; s < schedule->stages; s++) {
    int like = 0;
    const bool automatic = !(schedule->stage[s].dt > 0);
    while (!schedule_same_batch(schedule, like, s) || automatic != !(schedule->stage[like].dt > 0)) like++;
    trial->stage[s] = trial->stage[like];
    if (like < s) continue;
    TRY(enter_stage(particles, parts, s, &trial->particle_bytes));
    const int64_t tests = parts->data->tests, samples = parts->data->samples, locals = particles->locals;
    int status = alloc_array((void **)&parts->f, locals * (tests > samples ? tests : samples), sizeof(double), "f_n");
    TRY(comm_agree(particles->comm, status));
    parts->observation = alloc_small(sizeof *parts->observation * (size_t)locals);
    parts->mean = alloc_small(sizeof(double) * (size_t)locals);
    parts->stage = s;
    parts->step = schedule_first(schedule, s);
    time_stage(parts, seconds, config->fields.count > 0, &trial->stage[s]);
    free(parts->observation);
    free(parts->mean);
    free(parts->f);
    parts->f = NULL;
  }
  return OK;
}

static int measure(struct problem *problem, struct pilot_run *trial) {
  const struct config *config = problem->config;
  TRY(problem_particles(problem, 0));
  particles_init(problem->particles, config->seed);
  TRY(problem_dynamics(problem));
  struct parts parts = {.particles = problem->particles,
                        .data = problem->data,
                        .dynamics = problem->dynamics,
                        .schedule = &config->schedule};
  if (schedule_auto(&config->schedule, schedule_steps(&config->schedule)))
    TRY(stability_create(problem->particles, problem->data, problem->isa, config->threads, STABILITY_PROBE,
                         &parts.stability));
  const int status = time_stages(config, problem->particles, &parts, trial);
  stability_free(parts.stability);
  free(parts.f);
  return status;
}

static void describe(const struct config *config, const struct dataset *data, struct pilot_run *trial) {
  trial->networks = (double)ensemble_networks(&config->ensemble);
  trial->pairs = schedule_pairs(&config->schedule, 0, &config->ensemble, data);
  trial->batch = schedule_largest_batch(&config->schedule, &config->ensemble, data->samples);
  for (int e = 0; e < config->ensemble.members; e++)
    if (config->ensemble.n[e] > trial->n) trial->n = config->ensemble.n[e];
}

int pilot_run_measure(const struct problem *problem, struct pilot_run *trial) {
  const struct config *config = problem->config;
  struct dataset *data = problem->data;
  const int ranks = problem->comm->size;
  const double enough = TRIAL_FLOPS * ranks * config->threads / (6 * data->d + UNIT_FLOPS);
  struct config *reduced = alloc_small(sizeof *reduced);
  *reduced = *config;
  *trial = (struct pilot_run){.whole = true};
  while (most_pairs(reduced, data) > enough && halve(reduced, data, ranks)) trial->whole = false;
  struct problem pilot = {.comm = problem->comm, .config = reduced, .isa = problem->isa, .data = data};
  const int status = measure(&pilot, trial);
  const double units = units_of(config) / units_of(reduced);
  for (int s = 0; s < config->schedule.stages; s++) {
    trial->stage[s].step *= schedule_pairs(&config->schedule, s, &config->ensemble, data) /
                            schedule_pairs(&reduced->schedule, s, &reduced->ensemble, data);
    trial->stage[s].row *= units;
    trial->stage[s].field *= units;
    trial->stage[s].limit *= units;
  }
  describe(reduced, data, trial);
  pilot.data = NULL; /* it belongs to the whole problem */
  problem_free(&pilot);
  return status;
}
