#include "spectrum/advise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advise_noise.h"
#include "advise_replicas.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/process_memory.h"
#include "base/rng.h"
#include "forecast/pilot_run.h"
#include "tangent/stability.h"

static const double TIMING_SECONDS = 0.5; /* total time of the timed steps */

/* The quantities of one network, as sent to rank 0. */
struct record {
  int64_t network, member;
  double value[ADVICE_QUANTITIES];
};

/* How to combine the values of all networks of one size. */
static const enum combination {
  MEAN,
  LARGEST,
  LEAST
} combination[ADVICE_QUANTITIES] = {
    [ADVICE_LAMBDA] = LARGEST,   [ADVICE_ERROR] = LARGEST,  [ADVICE_BOUND] = LARGEST,
    [ADVICE_DIAGONAL] = LARGEST, [ADVICE_LIMIT_GD] = LEAST, [ADVICE_LIMIT] = LEAST,
};

/* ---- one network ---- */

/* Sets S and |G|^2 (spectrum/advise.h) from disjoint batches of the probe. whole: the probe is the whole data set.
 * Returns false if the network has diverged. */
static bool measure_noise(struct jacobian *jacobian, const struct local_network *local, int count, const double *r,
                          bool whole, double *value) {
  struct jacobian_batch batch[ADVISE_BATCHES + 1];
  const int batches = count < ADVISE_BATCHES ? count : ADVISE_BATCHES, points = count / batches;
  for (int b = 0; b < batches; b++) batch[b] = (struct jacobian_batch){.first = b * points, .count = points};
  batch[batches] = (struct jacobian_batch){.first = 0, .count = batches * points};
  if (!jacobian_squares(jacobian, local, TEAM_LARGE, r, batches + 1, batch)) return false;
  double mean = 0;
  for (int b = 0; b < batches; b++) mean += batch[b].gradient / batches;
  const double of_mean = batch[batches].gradient, B = batches;
  value[ADVICE_NOISE] = batches > 1 ? points * B / (B - 1) * (mean - of_mean) : NAN;
  value[ADVICE_GRADIENT2] = whole ? of_mean : of_mean - value[ADVICE_NOISE] / (B * points);
  return true;
}

/* Sets sup M(x,x) and V_bound from the first JACOBIAN_BATCHES points of the probe, or from all its points if they are
 * fewer. scale: ensemble_scale; f [count]: outputs; ones [count]: work space. Returns false if the network has
 * diverged. */
static bool measure_points(struct jacobian *jacobian, const struct local_network *local, double scale, int count,
                           const double *f, double *ones, double *value) {
  struct jacobian_batch point[JACOBIAN_BATCHES];
  const int points = count < JACOBIAN_BATCHES ? count : JACOBIAN_BATCHES;
  for (int p = 0; p < count; p++) ones[p] = 1;
  for (int p = 0; p < points; p++) point[p] = (struct jacobian_batch){.first = p, .count = 1};
  if (!jacobian_squares(jacobian, local, TEAM_LARGE, ones, points, point)) return false;
  double units = 0, square = 0;
  value[ADVICE_DIAGONAL] = 0;
  for (int p = 0; p < points; p++) {
    value[ADVICE_DIAGONAL] = fmax(value[ADVICE_DIAGONAL], point[p].gradient);
    units += scale * scale * point[p].output / points;
    square += f[p] * f[p] / points;
  }
  value[ADVICE_V_BOUND] = local->n > 1 ? (units - square) / (double)(local->n - 1) : NAN;
  return true;
}

/* Returns the standard error of lambda due to the choice of the points (spectrum/advise.h), or NAN if the network has
 * diverged. The eigenvector is that of power iterations. v, w [count]: work space. */
static double sampling_error(struct jacobian *jacobian, const struct local_network *local, int count, double lambda,
                             double *v, double *w) {
  enum { ITERATIONS = 8 };
  const struct rng rng = {0, RNG_LANCZOS, 0, 0};
  double fourth = 0;
  rng_normal(&rng, 0, count, v);
  for (int i = 0; i < ITERATIONS; i++) {
    double square = 0;
    if (!jacobian_apply(jacobian, local, TEAM_LARGE, v, w)) return NAN;
    for (int p = 0; p < count; p++) square += w[p] * w[p];
    if (!(square > 0)) return 0;
    for (int p = 0; p < count; p++) v[p] = w[p] / sqrt(square);
  }
  for (int p = 0; p < count; p++) fourth += v[p] * v[p] * v[p] * v[p];
  return lambda * sqrt(fmax(fourth - 1.0 / count, 0));
}

/* Sets the measured quantities of a network. If it has diverged, those that cannot be measured are NAN. work
 * [2][count]: work space. */
static void measure(struct stability *stability, const struct local_network *local, const struct kernel_bounds *bounds,
                    const struct update_spec *update, int64_t batch, double *work, double *value) {
  const struct probe *probe = stability->probe;
  const int count = probe->count;
  const bool whole = stability->data->samples == count;
  double *f = work, *r = work + count, loss = 0;
  for (int q = 0; q < ADVICE_QUANTITIES; q++) value[q] = NAN;
  value[ADVICE_LAMBDA] = bounds->lambda;
  value[ADVICE_BOUND] = bounds->bound;
  value[ADVICE_BATCH] = (double)batch;
  if (!jacobian_outputs(stability->jacobian, local, TEAM_LARGE, f)) return;
  for (int p = 0; p < count; p++) {
    r[p] = f[p] - probe->y[p];
    loss += r[p] * r[p] / (2.0 * count);
  }
  value[ADVICE_LOSS] = loss;
  if (!measure_noise(stability->jacobian, local, count, r, whole, value)) return;
  const double scale = ensemble_scale(&stability->particles->ensemble, local->member);
  if (!measure_points(stability->jacobian, local, scale, count, f, r, value)) return;
  value[ADVICE_ERROR] = bounds->bound;
  if (!whole) value[ADVICE_ERROR] += sampling_error(stability->jacobian, local, count, bounds->lambda, f, r);
  const struct loss_spec squared = {.type = LOSS_SQUARED}; /* advise_create refuses other losses */
  const struct kernel_bounds known = {.lambda = bounds->lambda, .diagonal = value[ADVICE_DIAGONAL]};
  value[ADVICE_LIMIT_GD] = kernel_bounds_limit(&known, 0, &squared, update);
  value[ADVICE_LIMIT] = kernel_bounds_limit(&known, batch, &squared, update);
}

/* ---- all networks ---- */

static int by_network(const void *a, const void *b) {
  const int64_t x = ((const struct record *)a)->network, y = ((const struct record *)b)->network;
  return x < y ? -1 : x > y;
}

static void combine(struct advice *size, const struct record *record) {
  const double count = (double)size->networks++;
  for (int q = 0; q < ADVICE_QUANTITIES; q++) {
    const double value = record->value[q], old = size->value[q];
    size->value[q] = count == 0                   ? value
                     : isnan(value) || isnan(old) ? NAN
                     : combination[q] == MEAN     ? old + (value - old) / (count + 1)
                     : combination[q] == LARGEST  ? fmax(old, value)
                                                  : fmin(old, value);
  }
}

/* Collective. Combines the records of all ranks on rank 0, in the order of the networks. */
static void gather(const struct config *config, const struct comm *comm, const struct record *record, int64_t records,
                   struct advise *advise) {
  void *all;
  int64_t *bytes = alloc_small(sizeof *bytes * (size_t)comm->size), total = 0;
  comm_gather(comm, record, (int64_t)sizeof *record * records, &all, bytes);
  for (int rank = 0; rank < comm->size && all; rank++) total += bytes[rank] / (int64_t)sizeof *record;
  if (all) qsort(all, (size_t)total, sizeof *record, by_network);
  for (int e = 0; e < advise->members; e++) advise->size[e] = (struct advice){.n = config->ensemble.n[e]};
  for (int64_t i = 0; i < total; i++) {
    const struct record *one = (const struct record *)all + i;
    combine(&advise->size[one->member], one);
  }
  free(all);
  free(bytes);
}

static int measure_all(const struct config *config, struct stability *stability, struct advise *advise) {
  const struct particles *particles = stability->particles;
  const size_t locals = (size_t)particles->locals;
  struct kernel_bounds *bounds = alloc_small(sizeof *bounds * (locals + 1));
  struct record *record = alloc_small(sizeof *record * (locals + 1));
  double *work = alloc_small(sizeof *work * 2 * (size_t)stability->probe->count);
  int64_t records = 0;
  stability_bounds(stability, &config->schedule, advise->stage, ADVISE_REPLICAS, bounds);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->replica >= ADVISE_REPLICAS) continue;
    record[records] = (struct record){.network = local->network, .member = local->member};
    measure(stability, local, &bounds[s], &config->schedule.update,
            stability_batch(stability, &config->schedule, advise->stage, local->n), work, record[records].value);
    records += local->lead;
  }
  gather(config, particles->comm, record, records, advise);
  free(bounds);
  free(record);
  free(work);
  return OK;
}

/* ---- time and memory ---- */

static void estimate_times(const struct config *config, const struct dataset *data, struct advise *advise) {
  const double now = schedule_pairs(&config->schedule, advise->stage, &config->ensemble, data);
  int64_t first = 0;
  for (int s = 0; s < config->schedule.stages; s++) {
    const struct stage *stage = &config->schedule.stage[s];
    const int64_t end = first + stage->steps, from = first > advise->step ? first : advise->step;
    const double dt = stage->dt > 0 ? stage->dt : advise->dt;
    if (from < end) advise->time_to_come += dt * (double)(end - from);
    for (int e = 0; e < advise->members && from < end; e++) {
      const double seconds = advise->step_seconds * (double)(end - from) *
                             schedule_member_pairs(&config->schedule, s, &config->ensemble, data, e) / now;
      advise->size[e].value[ADVICE_SECONDS] += seconds;
      advise->run_seconds += seconds;
    }
    first = end;
  }
}

/* Sets V_init and V_seen. */
static void set_init(const struct advise *advise, bool common_data, const struct advise_variances *variances,
                     struct advice *size) {
  double *value = size->value;
  struct estimate init = variances->init; /* NAN with one stream */
  const double batches = common_data ? 0 : value[ADVICE_V_SGD];
  if (isnan(init.value)) {
    init = variances->total;
    init = (struct estimate){init.value - batches, init.low - batches, init.high - batches};
  }
  size->from_bound = advise->step > 0 && isnan(variances->total.value);
  if (advise->step == 0 || size->from_bound) init = (struct estimate){value[ADVICE_V_BOUND], NAN, NAN};
  value[ADVICE_V_INIT] = init.value;
  value[ADVICE_V_INIT_LOW] = init.low;
  value[ADVICE_V_INIT_HIGH] = init.high;
  value[ADVICE_V_SEEN] = variances->sgd.value;
}

/* Sets dt, the limit, and the quantities that follow from the measured ones. common_data: all replicas have used the
 * same points at every step. variances [members]; noise: NULL without noise and ridge. */
static void derive(const struct problem *problem, bool common_data, const struct advise_variances *variances,
                   const struct advise_noise *noise, struct advise *advise) {
  const double safety = problem->config->schedule.stage[advise->stage].dt_safety,
               friction = advise->update.rule == UPDATE_BAOAB ? advise->update.gamma : 1;
  advise->limit = INFINITY;
  for (int e = 0; e < advise->members; e++) {
    const struct advice *size = &advise->size[e];
    const double limit = size->value[ADVICE_LIMIT] / schedule_network_dt(1, advise->power, size->n);
    if (isnan(limit) || limit < advise->limit) advise->limit = limit; /* once NAN, it remains NAN */
  }
  if (!(advise->dt > 0)) advise->dt = safety * advise->limit;
  if (advise->dt > DT_MAX) advise->dt = DT_MAX; /* the limit is infinite if the tangent kernel is zero */
  for (int e = 0; e < advise->members; e++) {
    double *value = advise->size[e].value;
    const double dt = value[ADVICE_DT] = schedule_network_dt(advise->dt, advise->power, advise->size[e].n);
    value[ADVICE_NOISE_BATCH] = value[ADVICE_GRADIENT2] > 0 ? value[ADVICE_NOISE] / value[ADVICE_GRADIENT2] : NAN;
    value[ADVICE_V_SGD] = value[ADVICE_BATCH] > 0 ? dt * value[ADVICE_NOISE] / (2 * friction * value[ADVICE_BATCH]) : 0;
    set_init(advise, common_data, &variances[e], &advise->size[e]);
    value[ADVICE_SGD_BATCH] =
        value[ADVICE_V_INIT] > 0 ? dt * value[ADVICE_NOISE] / (2 * friction * value[ADVICE_V_INIT]) : NAN;
    value[ADVICE_SECONDS] = 0;
    if (noise) advise_noise_set(noise, problem, advise->stage, e, value);
  }
}

static int fill(struct problem *problem, struct advise *advise) {
  const struct config *config = problem->config;
  const struct dataset *data = problem->data;
  const struct particles *particles = problem->particles;
  struct stability *stability = NULL;
  struct advise_noise *noise = NULL;
  TRY(problem_dynamics(problem));
  TRY(dynamics_enter_stage(problem->dynamics, advise->stage));
  advise->step_seconds = pilot_run_step(particles, problem->dynamics, advise->step, TIMING_SECONDS);
  struct advise_variances *variances = alloc_small(sizeof *variances * (size_t)advise->members);
  int status = stability_create(particles, data, problem->isa, config->threads, ADVISE_PROBE, PROBE_EVEN, &stability);
  if (status == OK) status = advise_replicas(problem, variances);
  if (status == OK) status = measure_all(config, stability, advise);
  if (status == OK && !update_is_descent(&advise->update)) status = advise_noise_create(problem, &noise);
  if (status == OK) {
    advise->points = stability->probe->count;
    advise->particle_bytes = comm_max(particles->comm, (double)particles->tile_count * (double)particles->tile_bytes);
    advise->peak_bytes = comm_max(particles->comm, process_memory_peak());
    const bool gd = data->spec.mode != DATA_ONLINE && config->schedule.scheme == SCHEME_GD;
    if (particles->comm->rank == 0) derive(problem, gd || data->spec.shared, variances, noise, advise);
    estimate_times(config, data, advise);
  }
  stability_free(stability);
  advise_noise_free(noise);
  free(variances);
  return status;
}

static int check_theory(const struct problem *problem) {
  TRY(loss_needs_squared(&problem->config->data.loss, "advise"));
  TRY(update_needs_langevin(&problem->config->schedule.update, "advise"));
  return dataset_refuse_rkhs(problem->data, "advise");
}

int advise_create(struct problem *problem, struct advise **out) {
  const struct config *config = problem->config;
  if (check_theory(problem) != OK)
    return FAIL(USAGE, "%s; `mckean run INPUT --dry-run` estimates dt/limit, time and memory of this run",
                error_text());
  struct advise *advise = alloc_small(sizeof *advise);
  const int stage = schedule_stage(&config->schedule, problem->info.step);
  *advise = (struct advise){.step = problem->info.step,
                            .steps = schedule_steps(&config->schedule),
                            .time = problem->info.time,
                            .stage = stage,
                            .dt = config->schedule.stage[stage].dt,
                            .power = config->schedule.stage[stage].dt_power,
                            .update = config->schedule.update,
                            .mixed = config->schedule.update.thermal && problem->info.step > 0 &&
                                     config->ensemble.streams <= 1,
                            .online = problem->data->samples == 0,
                            .members = config->ensemble.members};
  advise->size = calloc((size_t)advise->members, sizeof *advise->size);
  if (!advise->size) die("no memory for %d sizes", advise->members);
  const int status = fill(problem, advise);
  if (status != OK) {
    advise_free(advise);
    return status;
  }
  *out = advise;
  return OK;
}

void advise_free(struct advise *advise) {
  if (!advise) return;
  free(advise->size);
  free(advise);
}
