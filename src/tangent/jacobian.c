#include "tangent/jacobian.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/exact_sum.h"
#include "parallel/heartbeat.h"

/* Work space of one thread. */
struct worker {
  void *real_tiles, *direction; /* a block: units, and g_i in their layout */
  void *scratch, *r;            /* r: real [points + POINT_PAD] */
  double *grad;                 /* [d+2][TILE] */
  double *sum;                  /* of a block */
  int64_t *limbs, *total;       /* over this thread's blocks; over all blocks */
};

struct jacobian {
  const struct particles *particles;
  const struct kernel *kernel;
  const struct points *points;
  int threads, most; /* most: numbers in a sum */
  struct worker *worker;
};

/* A block of units on its way through a sum. */
struct block {
  struct worker *worker;
  int tiles, units;
  char *stored; /* tiles in stored precision */
  const void *real;
};

/* One sum over the units of a network. */
struct task {
  const struct jacobian *jacobian;
  const struct local_network *local;
  int threads;
  struct worker *worker; /* [threads] */
  int batches;           /* for squares */
  const struct jacobian_batch *batch;
};

static size_t tile_numbers(const struct jacobian *jacobian) {
  return (size_t)tile_rows(jacobian->particles->d) * TILE;
}

static int worker_alloc(const struct jacobian *jacobian, struct worker *worker) {
  const int d = jacobian->particles->d, count = jacobian->points->count;
  const size_t outputs = forward_scratch(count), gradients = gradient_scratch(d);
  const size_t block = sizeof(double) * tile_numbers(jacobian);
  TRY(alloc_array(&worker->real_tiles, BLOCK_TILES, block, "a block"));
  TRY(alloc_array(&worker->direction, BLOCK_TILES, block, "directions of a block"));
  TRY(alloc_array(&worker->scratch, 1, outputs > gradients ? outputs : gradients, "kernel scratch"));
  TRY(alloc_array(&worker->r, count + POINT_PAD, sizeof(double), "a vector over points"));
  TRY(alloc_array((void **)&worker->grad, 1, block, "the gradient of a tile"));
  TRY(alloc_array((void **)&worker->sum, jacobian->most, sizeof(double), "sums of a block"));
  TRY(alloc_array((void **)&worker->limbs, EXACT_LIMBS(jacobian->most), sizeof(int64_t), "sums over blocks"));
  return alloc_array((void **)&worker->total, EXACT_LIMBS(jacobian->most), sizeof(int64_t), "sums over blocks");
}

int jacobian_create(const struct particles *particles, const struct kernel *kernel, const struct points *points,
                    int threads, struct jacobian **out) {
  struct jacobian *jacobian = alloc_small(sizeof *jacobian);
  const int most = points->count > 2 * JACOBIAN_BATCHES ? points->count : 2 * JACOBIAN_BATCHES;
  *jacobian = (struct jacobian){particles, kernel, points, threads, most, NULL};
  jacobian->worker = calloc((size_t)threads, sizeof *jacobian->worker);
  if (!jacobian->worker) die("no memory for %d threads", threads);
  int status = OK;
  for (int t = 0; t < threads && status == OK; t++) status = worker_alloc(jacobian, &jacobian->worker[t]);
  if (status != OK) {
    jacobian_free(jacobian);
    return status;
  }
  *out = jacobian;
  return OK;
}

void jacobian_free(struct jacobian *jacobian) {
  if (!jacobian) return;
  for (int t = 0; t < jacobian->threads; t++) {
    struct worker *worker = &jacobian->worker[t];
    void *owned[] = {worker->real_tiles, worker->direction, worker->scratch, worker->r,
                     worker->grad,       worker->sum,       worker->limbs,   worker->total};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  }
  free(jacobian->worker);
  free(jacobian);
}

/* ---- sums over units ---- */

static struct task task_of(const struct jacobian *jacobian, const struct local_network *local, int thread) {
  return (struct task){.jacobian = jacobian,
                       .local = local,
                       .threads = thread < 0 ? jacobian->threads : 1,
                       .worker = jacobian->worker + (thread < 0 ? 0 : thread)};
}

static void put(const struct jacobian *jacobian, void *array, size_t i, double value) {
  if (precision_real(jacobian->particles->precision) == sizeof(float))
    ((float *)array)[i] = (float)value;
  else
    ((double *)array)[i] = value;
}

static double stored(const struct jacobian *jacobian, const void *tile, size_t i) {
  const bool single = precision_stored(jacobian->particles->precision) == sizeof(float);
  return single ? ((const float *)tile)[i] : ((const double *)tile)[i];
}

static void *real_tile(const struct jacobian *jacobian, const void *tiles, int t) {
  return (char *)tiles + precision_real(jacobian->particles->precision) * tile_numbers(jacobian) * (size_t)t;
}

/* Where all threads of a task read it. */
static void set_r(const struct task *task, const double *v) {
  const int count = task->jacobian->points->count;
  for (int p = 0; p < count + POINT_PAD; p++) put(task->jacobian, task->worker->r, (size_t)p, p < count ? v[p] : 0);
}

static struct block block_at(const struct task *task, struct worker *worker, int64_t index) {
  const struct particles *particles = task->jacobian->particles;
  struct block block = {.worker = worker, .units = block_units(task->local->n, task->local->first_block + index)};
  block.tiles = (int)network_tiles(block.units);
  block.stored = local_network_block(particles, task->local, index);
  block.real = block.stored;
  if (particles->precision == PRECISION_MIXED) {
    for (int t = 0; t < block.tiles; t++)
      task->jacobian->kernel->narrow(particles->d, block.stored + (size_t)t * particles->tile_bytes,
                                     real_tile(task->jacobian, worker->real_tiles, t));
    block.real = worker->real_tiles;
  }
  return block;
}

typedef void block_work(const struct task *task, const struct block *block);

/* out [count] = (1/n) sum over blocks of what work leaves in worker->sum. */
static bool sum_over_units(const struct task *task, int count, block_work *work, double *out) {
  const struct local_network *local = task->local;
  const int64_t words = EXACT_LIMBS(count);
  int64_t *total = task->worker->total;
  memset(total, 0, sizeof *total * (size_t)words);
#pragma omp parallel num_threads(task->threads) if (task->threads > 1 && local->blocks > 1)
  {
    struct worker *worker = &task->worker[task->threads > 1 ? omp_get_thread_num() : 0];
    memset(worker->limbs, 0, sizeof *worker->limbs * (size_t)words);
#pragma omp for schedule(static)
    for (int64_t i = 0; i < local->blocks; i++) {
      if (omp_get_thread_num() == 0) heartbeat_beat(); /* an estimate may take long */
      const struct block block = block_at(task, worker, i);
      work(task, &block);
      exact_sum_add(count, worker->sum, worker->limbs);
    }
#pragma omp critical(jacobian)
    for (int64_t i = 0; i < words; i++) total[i] += worker->limbs[i];
  }
  if (local->group) {
    struct comm_sum sum;
    comm_sum_begin(local->group, total, words, false, &sum);
    comm_sum_end(&sum);
  }
  const bool sound = exact_sum_value(count, total, out);
  for (int i = 0; i < count && sound; i++) out[i] /= (double)local->n;
  return sound;
}

/* The kernel's gradient of tile t over `count` points from `first` on, weighted by r. */
static void gradient_of(const struct task *task, const struct block *block, int t, int first, int count) {
  const struct jacobian *jacobian = task->jacobian;
  const size_t real = precision_real(jacobian->particles->precision);
  const int d = jacobian->particles->d;
  const struct points points = {.count = count,
                                .d = d,
                                .x = (char *)jacobian->points->x + real * (size_t)first * (size_t)d,
                                .q = (char *)jacobian->points->q + real * (size_t)first};
  memset(block->worker->grad, 0, sizeof(double) * tile_numbers(jacobian));
  jacobian->kernel->gradient(real_tile(jacobian, block->real, t), &points,
                             (char *)task->worker->r + real * (size_t)first, block->worker->scratch,
                             block->worker->grad);
}

/* ---- M v ---- */

/* Of the gradient of tile t what moves f_n: used lanes, trained fields, on the sphere the part along the tangent. */
static void set_direction(const struct task *task, const struct block *block, int t) {
  const struct jacobian *jacobian = task->jacobian;
  const struct unit_spec *unit = &jacobian->particles->unit;
  const int d = jacobian->particles->d, used = block->units - t * TILE;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  const char *tile = block->stored + (size_t)t * jacobian->particles->tile_bytes;
  const double *grad = block->worker->grad;
  double along[TILE] = {0};
  for (int k = ROW_A; k < tile_rows(d) && sphere; k++)
    for (size_t i = 0; i < TILE; i++)
      along[i] += grad[(size_t)k * TILE + i] * stored(jacobian, tile, (size_t)k * TILE + i) / d;
  void *direction = real_tile(jacobian, block->worker->direction, t);
  for (int field = ROW_C; field < tile_rows(d); field++) {
    const unsigned flag = field == ROW_C ? FIELD_BIT_C : field == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
    const bool trained = unit->train & flag && !(sphere && field == ROW_B);
    for (size_t i = 0; i < TILE; i++) {
      const size_t at = (size_t)field * TILE + i;
      const double off = sphere && field >= ROW_A ? stored(jacobian, tile, at) * along[i] : 0;
      put(jacobian, direction, at, trained && (int)i < used ? grad[at] - off : 0);
    }
  }
}

static void block_product(const struct task *task, const struct block *block) {
  const struct jacobian *jacobian = task->jacobian;
  for (int t = 0; t < block->tiles; t++) {
    gradient_of(task, block, t, 0, jacobian->points->count);
    set_direction(task, block, t);
  }
  jacobian->kernel->along(block->tiles, block->real, block->worker->direction, jacobian->points, block->worker->scratch,
                          block->worker->sum);
}

bool jacobian_apply(struct jacobian *jacobian, const struct local_network *local, int thread, const double *v,
                    double *w) {
  const struct task task = task_of(jacobian, local, thread);
  set_r(&task, v);
  return sum_over_units(&task, jacobian->points->count, block_product, w);
}

/* ---- outputs, squares ---- */

static void block_outputs(const struct task *task, const struct block *block) {
  task->jacobian->kernel->forward(block->tiles, block->real, task->jacobian->points, block->worker->scratch,
                                  block->worker->sum);
}

bool jacobian_outputs(struct jacobian *jacobian, const struct local_network *local, int thread, double *f) {
  const struct task task = task_of(jacobian, local, thread);
  return sum_over_units(&task, jacobian->points->count, block_outputs, f);
}

static void block_squares(const struct task *task, const struct block *block) {
  const struct jacobian *jacobian = task->jacobian;
  const struct particles *particles = jacobian->particles;
  double *sum = block->worker->sum, *grad = block->worker->grad, square[TILE];
  memset(sum, 0, sizeof *sum * 2 * (size_t)task->batches);
  for (int t = 0; t < block->tiles; t++) {
    char *tile = block->stored + (size_t)t * particles->tile_bytes;
    const int left = block->units - t * TILE, used = left < TILE ? left : TILE;
    for (int b = 0; b < task->batches; b++) {
      const struct jacobian_batch *batch = &task->batch[b];
      const double scale = 1 / (double)batch->count;
      gradient_of(task, block, t, batch->first, batch->count);
      jacobian->kernel->project(particles->d, tile, grad);
      jacobian->kernel->norms(particles->d, particles->unit.train, used, scale, grad, square);
      for (int i = 0; i < used; i++) {
        const double output = scale * grad[ROW_C * TILE + i] * stored(jacobian, tile, ROW_C * TILE + (size_t)i);
        sum[2 * b] += square[i];
        sum[2 * b + 1] += output * output;
      }
    }
  }
}

bool jacobian_squares(struct jacobian *jacobian, const struct local_network *local, int thread, const double *r,
                      int batches, struct jacobian_batch *batch) {
  struct task task = task_of(jacobian, local, thread);
  double out[2 * JACOBIAN_BATCHES];
  if (batches > JACOBIAN_BATCHES) die("%d batches, at most %d", batches, JACOBIAN_BATCHES);
  task.batches = batches;
  task.batch = batch;
  set_r(&task, r);
  const bool sound = sum_over_units(&task, 2 * batches, block_squares, out);
  for (int b = 0; b < batches && sound; b++) {
    batch[b].gradient = out[2 * b];
    batch[b].output = out[2 * b + 1];
  }
  return sound;
}
