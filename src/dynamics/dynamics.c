#include "dynamics/dynamics.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/gradient.h"
#include "dynamics/outputs.h"
#include "dynamics/population.h"
#include "dynamics/second_moment.h"
#include "parallel/heartbeat.h"
#include "particles/nonfinite.h"

enum { GRAD_BYTES = 64 << 20 }; /* gradients held at a time when a batch has several chunks of points */

struct task;

struct dynamics {
  struct particles *particles;
  const struct dataset *data;
  const struct schedule *schedule;
  const struct kernel *kernel;
  struct outputs *forward;
  struct points test, train; /* whole sets in kernel form */
  int stage;
  double dt;
  int64_t order_start; /* step at which the batch size last changed */
  int order;           /* changes of the batch size before */
  double pairs;
  struct nonfinite fault;
  /* How all units learn of the target: through points, or by the exact potential. */
  void (*advance)(struct dynamics *dynamics, const struct task *task);
  struct population *population; /* NULL: through points */
};

/* One use of a pass. */
struct task {
  struct dynamics *dynamics;
  int64_t step;
  bool move;
  struct observation *observation; /* [locals] or NULL */
  enum point_set set;
  double *f; /* [locals][points of the set] */
};

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* ---- create, stages ---- */

static void train_on_points(struct dynamics *dynamics, const struct task *task);
static void train_on_population(struct dynamics *dynamics, const struct task *task);

static int whole_set(const struct dynamics *dynamics, int64_t count, const double *x, struct points *points) {
  if (count == 0) return OK;
  const struct particles *particles = dynamics->particles;
  TRY(points_alloc(points, particles->precision, count, particles->d));
  points_set(points, particles->precision, &particles->unit, (int)count, particles->d, x);
  return OK;
}

static int create_local(struct dynamics *dynamics, int threads) {
  const struct dataset *data = dynamics->data;
  if (data->spec.mode == DATA_POPULATION) {
    dynamics->advance = train_on_population;
    TRY(population_create(dynamics->particles, data, dynamics->kernel, threads, &dynamics->population));
  }
  TRY(whole_set(dynamics, data->samples, data->x, &dynamics->train));
  TRY(whole_set(dynamics, data->tests, data->test_x, &dynamics->test));
  return outputs_create(dynamics->particles, data, dynamics->kernel, threads, &dynamics->forward);
}

int dynamics_create(struct particles *particles, const struct dataset *data, const struct schedule *schedule,
                    enum isa isa, int threads, struct dynamics **out) {
  struct dynamics *dynamics = alloc_small(sizeof *dynamics);
  *dynamics = (struct dynamics){.particles = particles,
                                .data = data,
                                .schedule = schedule,
                                .kernel = kernel_find(particles->unit.type, particles->precision, isa),
                                .stage = -1,
                                .advance = train_on_points};
  const int status = comm_agree(particles->comm, create_local(dynamics, threads));
  if (status != OK) {
    dynamics_free(dynamics);
    return status;
  }
  *out = dynamics;
  return OK;
}

void dynamics_free(struct dynamics *dynamics) {
  if (!dynamics) return;
  outputs_free(dynamics->forward);
  points_free(&dynamics->test);
  points_free(&dynamics->train);
  population_free(dynamics->population);
  free(dynamics);
}

static int64_t gradient_tiles(int d) {
  const int64_t fit = GRAD_BYTES / ((int64_t)sizeof(double) * TILE * (d + FIELD_A));
  return fit > 1 ? fit : 1;
}

double dynamics_gradients(int d, enum precision precision, int64_t batch, int64_t tiles) {
  if (batch <= outputs_chunk_size(d, precision)) return 0;
  return (double)min64(tiles, gradient_tiles(d)) * (double)((d + FIELD_A) * TILE) * sizeof(double);
}

/* Grows work space to what the own networks need at the current stage. */
static int reserve(struct dynamics *dynamics) {
  const struct particles *particles = dynamics->particles;
  const struct dataset *data = dynamics->data;
  int64_t batch = 1;
  for (int s = 0; s < particles->locals; s++) {
    const int64_t n = particles->local[s].n;
    const int64_t count = schedule_batch(dynamics->schedule, dynamics->stage, n, data->samples);
    if (count > batch) batch = count;
  }
  int64_t most = batch > data->tests ? batch : data->tests;
  if (data->samples > most) most = data->samples;

  if (dynamics->population) TRY(population_reserve(dynamics->population));
  return outputs_reserve(dynamics->forward, most, batch <= dynamics->forward->chunk ? 0 : gradient_tiles(particles->d));
}

int dynamics_enter_stage(struct dynamics *dynamics, int stage) {
  if (stage == dynamics->stage) return OK;
  struct particles *particles = dynamics->particles;
  const struct schedule *schedule = dynamics->schedule;
  dynamics->stage = stage;
  dynamics->dt = schedule->stage[stage].dt;
  dynamics->order_start = dynamics->order = 0;
  int64_t start = 0;
  for (int s = 1; s <= stage; s++) {
    start += schedule->stage[s - 1].steps;
    if (schedule_same_batch(schedule, s - 1, s)) continue;
    dynamics->order_start = start;
    dynamics->order++;
  }
  double cost[ENSEMBLE_MAX];
  schedule_costs(schedule, stage, &particles->ensemble, dynamics->data, cost);
  TRY(particles_balance(particles, cost));
  return comm_agree(particles->comm, reserve(dynamics));
}

void dynamics_set_dt(struct dynamics *dynamics, double dt) {
  dynamics->dt = dt;
}

/* ---- residual, gradient, move ---- */

/* r = f - y into slot->r as reals, padded with zeros; returns half the mean square. */
static double residuals(const struct dynamics *dynamics, struct slot *slot, const struct source *source) {
  const double *y = source->whole ? source->y : slot->y;
  const size_t real = precision_real(dynamics->particles->precision);
  double square = 0;
  for (int64_t p = 0; p < source->count; p++) {
    const double r = slot->f[p] - y[p];
    square += r * r;
    if (real == sizeof(float))
      ((float *)slot->r)[p] = (float)r;
    else
      ((double *)slot->r)[p] = r;
  }
  memset((char *)slot->r + real * (size_t)source->count, 0, real * POINT_PAD);
  return square / (2 * (double)source->count);
}

/* What the tiles of a network move by. */
struct motion {
  const struct dynamics *dynamics;
  const struct local_network *local;
  struct slot *slot;
  const struct source *source;
  double scale, rate;
};

/* grad += the gradient of own tile t over the points of a chunk, the first of which is number `first` of the source. */
static void add_gradient(const struct motion *motion, struct worker *worker, const struct points *points, int64_t first,
                         int64_t t, double *grad) {
  const struct dynamics *dynamics = motion->dynamics;
  const void *r = (char *)motion->slot->r + precision_real(dynamics->particles->precision) * (size_t)first;
  const void *tile =
      outputs_real_tiles(dynamics->forward, worker, move_own_tile(dynamics->particles, motion->local, t), 1);
  dynamics->kernel->gradient(tile, points, r, worker->scratch, grad);
}

/* Points that are at hand without being drawn: each thread forms the gradient of a tile and moves it at once. sums:
 * NULL or this thread's. */
static void move_tiles(const struct motion *motion, int64_t tiles, struct move_sums *sums) {
  struct outputs *forward = motion->dynamics->forward;
  const size_t fields = (size_t)(motion->dynamics->particles->d + FIELD_A) * TILE;
  struct worker *worker = &motion->slot->worker[omp_get_thread_num()];
#pragma omp for schedule(static)
  for (int64_t t = 0; t < tiles; t++) {
    memset(worker->grad, 0, sizeof(double) * fields);
    for (int64_t first = 0; first < motion->source->count; first += forward->chunk) {
      const struct points points = outputs_chunk(forward, motion->slot, motion->source, first, false);
      add_gradient(motion, worker, &points, first, t, worker->grad);
    }
    move_tile(motion->dynamics->kernel, motion->dynamics->particles, motion->local, t, worker->grad, motion->scale,
              motion->rate, sums);
  }
}

/* Points drawn chunk by chunk: once per group of tiles, whose gradients are held together. */
static void move_groups(const struct motion *motion, int64_t tiles, struct move_sums *sums) {
  struct outputs *forward = motion->dynamics->forward;
  struct slot *slot = motion->slot;
  const size_t fields = (size_t)(motion->dynamics->particles->d + FIELD_A) * TILE;
  for (int64_t begin = 0; begin < tiles; begin += slot->grad_tiles) {
    const int64_t count = min64(slot->grad_tiles, tiles - begin);
    memset(slot->grad, 0, sizeof(double) * fields * (size_t)count);
    for (int64_t first = 0; first < motion->source->count; first += forward->chunk) {
      const struct points points = outputs_chunk(forward, slot, motion->source, first, false);
#pragma omp parallel for num_threads(slot->threads) schedule(static)
      for (int64_t t = 0; t < count; t++)
        add_gradient(motion, &slot->worker[omp_get_thread_num()], &points, first, begin + t,
                     slot->grad + fields * (size_t)t);
    }
#pragma omp parallel num_threads(slot->threads)
    {
      struct move_sums own = {0};
#pragma omp for schedule(static)
      for (int64_t t = 0; t < count; t++)
        move_tile(motion->dynamics->kernel, motion->dynamics->particles, motion->local, begin + t,
                  slot->grad + fields * (size_t)t, motion->scale, motion->rate, sums ? &own : NULL);
      if (sums) move_sums_add(&own, sums);
    }
  }
}

/* The gradient of every own tile and its move. */
static void move(const struct dynamics *dynamics, const struct local_network *local, struct slot *slot,
                 const struct source *source, double dt, struct observation *observation) {
  const int64_t tiles = network_tiles(local_network_units(local));
  const struct motion motion = {.dynamics = dynamics,
                                .local = local,
                                .slot = slot,
                                .source = source,
                                .scale = 1 / (double)source->count,
                                .rate = dt / (double)source->count};
  struct move_sums sums = {0};
  if (forward_draws(dynamics->forward, source)) {
    move_groups(&motion, tiles, observation ? &sums : NULL);
  } else {
#pragma omp parallel num_threads(slot->threads) if (tiles > 1)
    {
      struct move_sums own = {0};
      move_tiles(&motion, tiles, observation ? &own : NULL);
      if (observation) move_sums_add(&own, &sums);
    }
  }
  if (observation) move_means(local, &sums, observation);
}

/* ---- what passes do ---- */

static struct observation *observation_of(const struct task *task, const struct local_network *local) {
  return task->observation ? &task->observation[local - task->dynamics->particles->local] : NULL;
}

static struct source batch_of(const void *context, const struct local_network *local) {
  const struct task *task = context;
  const struct dynamics *dynamics = task->dynamics;
  const struct dataset *data = dynamics->data;
  const int64_t batch = schedule_batch(dynamics->schedule, dynamics->stage, local->n, data->samples);
  const bool whole = batch == data->samples;
  return (struct source){.count = batch,
                         .whole = whole ? &dynamics->train : NULL,
                         .y = whole ? data->y : NULL,
                         .place = {.network = network_key(local->n, local->replica),
                                   .step = task->step,
                                   .epoch_step = task->step - dynamics->order_start,
                                   .stage = dynamics->order,
                                   .batch = batch}};
}

static struct source set_of(const void *context, const struct local_network *local) {
  (void)local;
  const struct task *task = context;
  const struct dynamics *dynamics = task->dynamics;
  if (task->set == POINTS_TEST)
    return (struct source){.count = dynamics->data->tests, .whole = &dynamics->test, .y = dynamics->data->test_y};
  return (struct source){.count = dynamics->data->samples, .whole = &dynamics->train, .y = dynamics->data->y};
}

/* Threads may call it at the same time. */
static void note(const struct task *task, const struct local_network *local) {
#pragma omp critical(fault)
  nonfinite_note(&task->dynamics->fault, task->step, local);
}

/* A network that is not sound stays where it is; its observation, all NAN, shows it until the run stops. */
static void train_network(void *context, const struct local_network *local, struct slot *slot,
                          const struct source *source, bool sound) {
  const struct task *task = context;
  struct dynamics *dynamics = task->dynamics;
  struct observation *observation = observation_of(task, local);
  const double loss = residuals(dynamics, slot, source);
  if (observation) observation->loss = loss;
  if (!sound) note(task, local);
  if (sound || observation) move(dynamics, local, slot, source, task->move && sound ? dynamics->dt : 0, observation);
#pragma omp atomic
  dynamics->pairs += (double)source->count * (double)local_network_units(local);
}

static void train_on_points(struct dynamics *dynamics, const struct task *task) {
  forward_pass(dynamics->forward, &(struct pass){batch_of, train_network, (void *)task});
}

static void train_on_population(struct dynamics *dynamics, const struct task *task) {
  const struct particles *particles = dynamics->particles;
  const double dt = task->move ? dynamics->dt : 0;
  population_step(dynamics->population, task->step, dt, task->observation, &dynamics->fault);
  for (int s = 0; s < particles->locals; s++)
    dynamics->pairs += (double)particles->local[s].n * (double)local_network_units(&particles->local[s]);
}

static void test_network(void *context, const struct local_network *local, struct slot *slot,
                         const struct source *source, bool sound) {
  const struct task *task = context;
  if (!sound) note(task, local);
  observation_of(task, local)->test_loss = residuals(task->dynamics, slot, source);
}

static void keep_outputs(void *context, const struct local_network *local, struct slot *slot,
                         const struct source *source, bool sound) {
  const struct task *task = context;
  if (!sound) note(task, local);
  const int64_t s = local - task->dynamics->particles->local;
  memcpy(task->f + s * source->count, slot->f, sizeof(double) * (size_t)source->count);
}

void dynamics_evaluate(struct dynamics *dynamics, int64_t step, enum point_set set, double *f) {
  struct task task = {.dynamics = dynamics, .step = step, .set = set, .f = f};
  forward_pass(dynamics->forward, &(struct pass){set_of, keep_outputs, &task});
}

void dynamics_moments(struct dynamics *dynamics, enum point_set set, double *mean) {
  second_moment_means(dynamics->forward, set == POINTS_TEST ? &dynamics->test : &dynamics->train, mean);
}

void dynamics_step(struct dynamics *dynamics, int64_t step, bool moving, struct observation *observation) {
  heartbeat_step(step);
  struct task task = {
      .dynamics = dynamics, .step = step, .move = moving, .observation = observation, .set = POINTS_TEST};
  for (int s = 0; observation && s < dynamics->particles->locals; s++)
    observation[s] = (struct observation){.C_f = dynamics->data->C_f, .test_loss = NAN};
  if (observation && dynamics->data->tests > 0)
    forward_pass(dynamics->forward, &(struct pass){set_of, test_network, &task});
  dynamics->advance(dynamics, &task);
}

int dynamics_check(const struct dynamics *dynamics, int64_t step, bool units) {
  return nonfinite_check(&dynamics->fault, dynamics->particles, step, units);
}

double dynamics_pairs(const struct dynamics *dynamics) {
  return dynamics->pairs;
}

double dynamics_waited(const struct dynamics *dynamics) {
  return dynamics->forward->waited + population_waited(dynamics->population);
}
