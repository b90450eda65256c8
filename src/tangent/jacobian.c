#include "tangent/jacobian.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"
#include "particles/number.h"

/* Work space of one thread. */
struct jacobian_thread {
  void *real_tiles; /* the parameters of a block as reals (particles/kernel.h); used in mixed precision */
  void *direction;  /* g_i of these units, in the layout of real_tiles */
  void *scratch;
  double *grad, *parameters; /* [tile_rows(d)][TILE]: gradient and stored parameters of a tile */
  double *sum;               /* [sums_max]: the terms of a block */
  int64_t *words;            /* the exact sums over the blocks of this thread */
};

/* Work space that the threads of one team share. */
struct jacobian_team {
  void *r;        /* real [points + POINT_PAD]: the weights of the points */
  int64_t *words; /* exact sums over this rank's blocks of a network, then over the ranks that share it */
};

struct jacobian {
  const struct particles *particles;
  const struct kernel *kernel;
  const struct points *points;
  int sums_max; /* largest number of sums in one call */
  int threads;
  struct jacobian_thread *thread; /* [threads] */
  struct jacobian_team *team;     /* [threads], indexed by the first thread of a team */
};

/* A block of units of one network. */
struct block {
  struct jacobian_thread *space; /* of the thread that computes it */
  int tiles, units;
  const void *stored, *real; /* the parameters of its tiles: as stored, and as reals */
};

/* Sums over the units of one network. */
struct network_sum {
  const struct jacobian *jacobian;
  const struct local_network *local;
  struct team team;
  int batches; /* batches and batch: the arguments of jacobian_squares */
  const struct jacobian_batch *batch;
  int in, in_count, out, out_count; /* the ranges of points of jacobian_apply_between */
};

/* ---- create ---- */

static int thread_alloc(const struct jacobian *jacobian, struct jacobian_thread *space) {
  const size_t outputs = forward_scratch(jacobian->points->count), gradients = gradient_sums(jacobian->particles->d);
  const size_t tile = sizeof(double) * tile_numbers(jacobian->particles->d);
  TRY(alloc_array(&space->real_tiles, BLOCK_TILES, tile, "a block"));
  TRY(alloc_array(&space->direction, BLOCK_TILES, tile, "directions of a block"));
  TRY(alloc_array(&space->scratch, 1, outputs > gradients ? outputs : gradients, "kernel scratch"));
  TRY(alloc_array((void **)&space->grad, 1, tile, "the gradient of a tile"));
  TRY(alloc_array((void **)&space->parameters, 1, tile, "the parameters of a tile"));
  TRY(alloc_array((void **)&space->sum, jacobian->sums_max, sizeof(double), "sums of a block"));
  return alloc_array((void **)&space->words, unit_sum_words(UNIT_SUM_NARROW, jacobian->sums_max), sizeof(int64_t),
                     "sums over blocks");
}

static int create_local(struct jacobian *jacobian) {
  for (int t = 0; t < jacobian->threads; t++) {
    struct jacobian_team *space = &jacobian->team[t];
    TRY(thread_alloc(jacobian, &jacobian->thread[t]));
    TRY(alloc_array(&space->r, jacobian->points->count + POINT_PAD, sizeof(double), "weights of points"));
    TRY(alloc_array((void **)&space->words, unit_sum_words(UNIT_SUM_NARROW, jacobian->sums_max), sizeof(int64_t),
                    "sums over units"));
  }
  return OK;
}

int jacobian_create(const struct particles *particles, const struct kernel *kernel, const struct points *points,
                    int threads, struct jacobian **out) {
  struct jacobian *jacobian = alloc_small(sizeof *jacobian);
  *jacobian = (struct jacobian){.particles = particles,
                                .kernel = kernel,
                                .points = points,
                                .sums_max = points->count > 2 * JACOBIAN_BATCHES ? points->count : 2 * JACOBIAN_BATCHES,
                                .threads = threads};
  jacobian->thread = calloc((size_t)threads, sizeof *jacobian->thread);
  jacobian->team = calloc((size_t)threads, sizeof *jacobian->team);
  if (!jacobian->thread || !jacobian->team) die("no memory for %d threads", threads);
  const int status = create_local(jacobian);
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
    const struct jacobian_thread *space = &jacobian->thread[t];
    void *owned[] = {space->real_tiles, space->direction,    space->scratch,
                     space->grad,       space->parameters,   space->sum,
                     space->words,      jacobian->team[t].r, jacobian->team[t].words};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  }
  free(jacobian->thread);
  free(jacobian->team);
  free(jacobian);
}

/* ---- sums over units ---- */

static struct network_sum network_sum_of(const struct jacobian *jacobian, const struct local_network *local, int team) {
  return (struct network_sum){.jacobian = jacobian, .local = local, .team = team_of(team, jacobian->threads)};
}

/* Sets the weights of points first .. first+count-1 to v [count]. */
static void set_r(const struct network_sum *network, int first, int count, const double *v) {
  const struct jacobian *jacobian = network->jacobian;
  const size_t real = precision_real(jacobian->particles->precision);
  void *r = jacobian->team[network->team.first].r;
  for (int p = 0; p < count + POINT_PAD; p++) number_put(real, r, (size_t)(first + p), p < count ? v[p] : 0);
}

/* Returns points first .. first+count-1. */
static struct points range(const struct jacobian *jacobian, int first, int count) {
  const size_t real = precision_real(jacobian->particles->precision);
  const int d = jacobian->particles->d;
  return (struct points){.count = count,
                         .d = d,
                         .x = (char *)jacobian->points->x + real * (size_t)first * (size_t)d,
                         .q = (char *)jacobian->points->q + real * (size_t)first};
}

/* Returns tile t of consecutive tiles whose numbers have `size` bytes each. */
static void *tile_of(const struct jacobian *jacobian, size_t size, const void *tiles, int t) {
  return (char *)tiles + size * tile_numbers(jacobian->particles->d) * (size_t)t;
}

static const void *stored_tile(const struct jacobian *jacobian, const struct block *block, int t) {
  return tile_of(jacobian, precision_stored(jacobian->particles->precision), block->stored, t);
}

/* Returns block `index` of this rank's blocks of a network. thread: the thread that computes it. */
static struct block block_of(const struct network_sum *network, int thread, int64_t index) {
  const struct jacobian *jacobian = network->jacobian;
  const struct particles *particles = jacobian->particles;
  struct block block = {.space = &jacobian->thread[thread],
                        .units = block_units(network->local->n, network->local->first_block + index),
                        .stored = local_network_block(particles, network->local, index)};
  block.tiles = (int)network_tiles(block.units);
  block.real = kernel_real_tiles(jacobian->kernel, particles->d, block.stored, block.tiles, block.space->real_tiles);
  return block;
}

/* Stores the terms of a block in block->space->sum. */
typedef void block_terms(const struct network_sum *network, const struct block *block);

/* The sums over the blocks of a network. */
struct block_sums {
  const struct network_sum *network;
  int count; /* sums */
  block_terms *terms;
  int64_t *total;
};

static void sum_blocks(const void *context, int thread, int64_t begin, int64_t end) {
  const struct block_sums *sums = context;
  const int64_t words = unit_sum_words(UNIT_SUM_NARROW, sums->count);
  int64_t *own = sums->network->jacobian->thread[thread].words;
  memset(own, 0, sizeof *own * (size_t)words);
  for (int64_t i = begin; i < end; i++) {
    if (thread == sums->network->team.first) heartbeat_beat(); /* a block with many points is slow */
    const struct block block = block_of(sums->network, thread, i);
    sums->terms(sums->network, &block);
    unit_sum_add(UNIT_SUM_NARROW, sums->count, block.space->sum, own);
  }
  unit_sum_merge(words, own, sums->total);
}

/* mean [count] = (1/n) sum of the terms of all blocks of a network. Returns whether all terms were finite and in
 * range. */
static bool mean_over_units(const struct network_sum *network, int count, block_terms *terms, double *mean) {
  const struct jacobian *jacobian = network->jacobian;
  const struct local_network *local = network->local;
  const struct team *team = &network->team;
  const int64_t words = unit_sum_words(UNIT_SUM_NARROW, count);
  int64_t *total = jacobian->team[team->first].words;
  memset(total, 0, sizeof *total * (size_t)words);
  const struct block_sums sums = {.network = network, .count = count, .terms = terms, .total = total};
  team_run(team, local->blocks, sum_blocks, &sums);
  unit_sum_over_ranks(local, words, total);
  const bool finite = unit_sum_values(UNIT_SUM_NARROW, count, total, mean);
  for (int i = 0; i < count; i++) mean[i] /= (double)local->n;
  return finite;
}

/* space->grad = the gradient of tile t over points first .. first+count-1, weighted by r, not projected. */
static void set_gradient(const struct network_sum *network, const struct block *block, int t, int first, int count) {
  const struct jacobian *jacobian = network->jacobian;
  const size_t real = precision_real(jacobian->particles->precision);
  const struct points points = range(jacobian, first, count);
  const void *r = (char *)jacobian->team[network->team.first].r + real * (size_t)first;
  memset(block->space->grad, 0, sizeof(double) * tile_numbers(jacobian->particles->d));
  jacobian->kernel->gradient(tile_of(jacobian, real, block->real, t), &points, r, NULL, false, block->space->scratch,
                             block->space->grad);
}

/* ---- M v, Q v ---- */

/* Projects space->grad of tile t onto the tangent space. The projection of the kernels contracts products to FMA at
 * some ISA levels; this projection gives the same bits at all levels. */
static void project_gradient(const struct jacobian *jacobian, const struct block *block, int t) {
  const struct particles *particles = jacobian->particles;
  const struct manifold *manifold = unit_manifold(particles->unit.type);
  const size_t size = precision_stored(particles->precision), a = ROW_A * TILE;
  double *parameters = block->space->parameters;
  if (!manifold->project) return;
  for (size_t i = a; i < tile_numbers(jacobian->particles->d); i++)
    parameters[i] = number_get(size, stored_tile(jacobian, block, t), i);
  for (size_t lane = 0; lane < TILE; lane++)
    manifold->project(particles->d, TILE, parameters + a + lane, block->space->grad + a + lane);
}

/* space->direction of tile t = space->grad in the trained fields of the lanes that hold a unit, 0 elsewhere. */
static void set_direction(const struct jacobian *jacobian, const struct block *block, int t) {
  const struct unit_spec *unit = &jacobian->particles->unit;
  const size_t real = precision_real(jacobian->particles->precision);
  const unsigned trained = unit->train & unit_manifold(unit->type)->fields;
  const int used = block->units - t * TILE;
  void *direction = tile_of(jacobian, real, block->space->direction, t);
  for (int row = 0; row < tile_rows(jacobian->particles->d); row++)
    for (int lane = 0; lane < TILE; lane++) {
      const size_t i = (size_t)(row * TILE + lane);
      number_put(real, direction, i, trained & tile_row_bit(row) && lane < used ? block->space->grad[i] : 0);
    }
}

static void product_terms(const struct network_sum *network, const struct block *block) {
  const struct jacobian *jacobian = network->jacobian;
  const struct jacobian_thread *space = block->space;
  const struct points points = range(jacobian, network->out, network->out_count);
  for (int t = 0; t < block->tiles; t++) {
    set_gradient(network, block, t, network->in, network->in_count);
    project_gradient(jacobian, block, t);
    set_direction(jacobian, block, t);
  }
  jacobian->kernel->directional(block->tiles, block->real, space->direction, &points, space->scratch, space->sum);
}

/* space->direction of tile t = c^2 times the derivative of space->grad in c, 0 in the other fields. */
static void set_moment_direction(const struct jacobian *jacobian, const struct block *block, int t) {
  const size_t real = precision_real(jacobian->particles->precision),
               stored = precision_stored(jacobian->particles->precision);
  void *direction = tile_of(jacobian, real, block->space->direction, t);
  for (size_t i = 0; i < tile_numbers(jacobian->particles->d); i++) number_put(real, direction, i, 0);
  for (int lane = 0; lane < TILE && t * TILE + lane < block->units; lane++) {
    const size_t i = (size_t)(ROW_C * TILE + lane);
    const double c = number_get(stored, stored_tile(jacobian, block, t), i);
    number_put(real, direction, i, c * c * block->space->grad[i]);
  }
}

static void moment_terms(const struct network_sum *network, const struct block *block) {
  const struct jacobian *jacobian = network->jacobian;
  const struct points points = range(jacobian, network->out, network->out_count);
  for (int t = 0; t < block->tiles; t++) {
    set_gradient(network, block, t, network->in, network->in_count);
    set_moment_direction(jacobian, block, t);
  }
  jacobian->kernel->directional(block->tiles, block->real, block->space->direction, &points, block->space->scratch,
                                block->space->sum);
}

/* w [out_count] = the operator with these terms, applied to v [in_count], between two ranges of points. */
static bool apply_between(struct jacobian *jacobian, const struct local_network *local, int team, block_terms *terms,
                          int in, int in_count, const double *v, int out, int out_count, double *w) {
  struct network_sum network = network_sum_of(jacobian, local, team);
  network.in = in;
  network.in_count = in_count;
  network.out = out;
  network.out_count = out_count;
  set_r(&network, in, in_count, v);
  return mean_over_units(&network, out_count, terms, w);
}

bool jacobian_apply_between(struct jacobian *jacobian, const struct local_network *local, int team, int in,
                            int in_count, const double *v, int out, int out_count, double *w) {
  return apply_between(jacobian, local, team, product_terms, in, in_count, v, out, out_count, w);
}

bool jacobian_moment_between(struct jacobian *jacobian, const struct local_network *local, int team, int in,
                             int in_count, const double *v, int out, int out_count, double *w) {
  return apply_between(jacobian, local, team, moment_terms, in, in_count, v, out, out_count, w);
}

bool jacobian_apply(struct jacobian *jacobian, const struct local_network *local, int team, const double *v,
                    double *w) {
  const int count = jacobian->points->count;
  return jacobian_apply_between(jacobian, local, team, 0, count, v, 0, count, w);
}

/* ---- outputs, squares ---- */

static void output_terms(const struct network_sum *network, const struct block *block) {
  const struct jacobian *jacobian = network->jacobian;
  jacobian->kernel->forward(block->tiles, block->real, jacobian->points, false, block->space->scratch, NULL,
                            block->space->sum);
}

bool jacobian_outputs(struct jacobian *jacobian, const struct local_network *local, int team, double *f) {
  const struct network_sum network = network_sum_of(jacobian, local, team);
  const double scale = ensemble_scale(&jacobian->particles->ensemble, local->member);
  const bool finite = mean_over_units(&network, jacobian->points->count, output_terms, f);
  for (int p = 0; p < jacobian->points->count; p++) f[p] *= scale;
  return finite;
}

/* Adds the terms of tile t for one batch to sum [2]. */
static void add_squares(const struct network_sum *network, const struct block *block, int t,
                        const struct jacobian_batch *batch, double *sum) {
  const struct jacobian *jacobian = network->jacobian;
  const struct particles *particles = jacobian->particles;
  const void *tile = stored_tile(jacobian, block, t);
  const size_t size = precision_stored(particles->precision);
  const int left = block->units - t * TILE, used = left < TILE ? left : TILE;
  const double scale = 1 / (double)batch->count;
  double *grad = block->space->grad, square[TILE];
  set_gradient(network, block, t, batch->first, batch->count);
  jacobian->kernel->project(particles->d, tile, grad);
  jacobian->kernel->grad_norms(particles->d, particles->unit.train, used, scale, grad, square);
  for (int lane = 0; lane < used; lane++) {
    const size_t c = (size_t)(ROW_C * TILE + lane);
    const double output = scale * grad[c] * number_get(size, tile, c);
    sum[0] += square[lane];
    sum[1] += output * output;
  }
}

static void square_terms(const struct network_sum *network, const struct block *block) {
  double *sum = block->space->sum;
  memset(sum, 0, sizeof *sum * 2 * (size_t)network->batches);
  for (int t = 0; t < block->tiles; t++)
    for (int b = 0; b < network->batches; b++) add_squares(network, block, t, &network->batch[b], sum + 2 * b);
}

bool jacobian_squares(struct jacobian *jacobian, const struct local_network *local, int team, const double *r,
                      int batches, struct jacobian_batch *batch) {
  struct network_sum network = network_sum_of(jacobian, local, team);
  double mean[2 * JACOBIAN_BATCHES];
  if (batches > JACOBIAN_BATCHES) die("%d batches, at most %d", batches, JACOBIAN_BATCHES);
  network.batches = batches;
  network.batch = batch;
  set_r(&network, 0, jacobian->points->count, r);
  const bool finite = mean_over_units(&network, 2 * batches, square_terms, mean);
  for (int b = 0; b < batches; b++) {
    batch[b].gradient = mean[2 * b];
    batch[b].output = mean[2 * b + 1];
  }
  return finite;
}
