#include "dynamics/outputs.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"

enum {
  CHUNK_BYTES = 256 << 10, /* memory for the points of a chunk: half of a typical L2 cache */
  CHUNK_MIN = 48,          /* chunk sizes are multiples of this, which equals INNER in kernel_isa.c */
  CHUNK_MAX = 4032
};

/* Work space of one thread. */
struct outputs_thread {
  void *real_tiles, *scratch;
  double *sum;    /* [chunk]: sums over one block */
  int64_t *words; /* words of the exact sums over the blocks of this thread, for one chunk */
};

/* Work space of one team: the outputs of its network at a batch. */
struct outputs_team {
  int64_t capacity;     /* points */
  int64_t *words;       /* for each chunk: the words of its sums, then labels if divides_labels */
  struct comm_sum *sum; /* for each chunk: the sum over ranks */
  double *f, *y;        /* [capacity] */
  struct points points; /* the last chunk that was drawn */
  double *x;            /* [chunk][d]: its points in double precision */
  int64_t drawn;        /* index of its first point; -1 if no chunk of this batch has been drawn */
  int64_t labels[2];    /* the range of points for which draw() computes labels */
  struct activations activations;
};

struct outputs {
  const struct particles *particles;
  const struct dataset *data;
  const struct kernel *kernel;
  int chunk, threads;            /* chunk: points */
  int64_t chunk_words;           /* of the sums of a chunk, then of its labels */
  struct outputs_thread *thread; /* [threads] */
  struct outputs_team *team;     /* [team_count(threads)] */
  double waited;
};

int outputs_chunk_size(int d, enum precision precision) {
  const int points = CHUNK_BYTES / (int)((size_t)(d + 1) * precision_real(precision)) / CHUNK_MIN * CHUNK_MIN;
  return points < CHUNK_MIN ? CHUNK_MIN : points > CHUNK_MAX ? CHUNK_MAX : points;
}

/* ---- create, reserve ---- */

static int thread_alloc(const struct outputs *outputs, struct outputs_thread *space) {
  const int d = outputs->particles->d, chunk = outputs->chunk;
  const size_t tile = sizeof(double) * tile_numbers(d);
  TRY(alloc_array(&space->real_tiles, BLOCK_TILES, tile, "a block"));
  TRY(alloc_array(&space->scratch, 1, forward_scratch(chunk), "kernel scratch"));
  TRY(alloc_array((void **)&space->sum, chunk, sizeof(double), "sums of a block"));
  return alloc_array((void **)&space->words, unit_sum_words(UNIT_SUM_NARROW, chunk), sizeof(int64_t),
                     "sums over blocks");
}

static int create_local(struct outputs *outputs) {
  const struct particles *particles = outputs->particles;
  for (int t = 0; t < outputs->threads; t++) TRY(thread_alloc(outputs, &outputs->thread[t]));
  for (int i = 0; i < team_count(outputs->threads); i++) {
    struct outputs_team *space = &outputs->team[i];
    TRY(points_alloc(&space->points, particles->precision, outputs->chunk, particles->d));
    TRY(alloc_array((void **)&space->x, (int64_t)outputs->chunk * particles->d, sizeof(double), "points"));
  }
  return OK;
}

int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **out) {
  struct outputs *outputs = alloc_small(sizeof *outputs);
  *outputs = (struct outputs){.particles = particles,
                              .data = data,
                              .kernel = kernel,
                              .threads = threads,
                              .chunk = outputs_chunk_size(particles->d, particles->precision)};
  outputs->chunk_words = unit_sum_words(UNIT_SUM_NARROW, outputs->chunk) + outputs->chunk;
  outputs->thread = calloc((size_t)threads, sizeof *outputs->thread);
  outputs->team = calloc((size_t)team_count(threads), sizeof *outputs->team);
  if (!outputs->thread || !outputs->team) die("no memory for %d threads", threads);
  *out = outputs;
  return create_local(outputs);
}

static void team_empty(struct outputs_team *space) {
  void *owned[] = {space->sum, space->words, space->f, space->y};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  *space = (struct outputs_team){.points = space->points, .x = space->x, .activations = space->activations};
}

void outputs_free(struct outputs *outputs) {
  if (!outputs) return;
  for (int i = 0; i < team_count(outputs->threads); i++) {
    team_empty(&outputs->team[i]);
    points_free(&outputs->team[i].points);
    activations_free(&outputs->team[i].activations);
    free(outputs->team[i].x);
  }
  for (int t = 0; t < outputs->threads; t++) {
    const struct outputs_thread *space = &outputs->thread[t];
    void *owned[] = {space->real_tiles, space->scratch, space->sum, space->words};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  }
  free(outputs->thread);
  free(outputs->team);
  free(outputs);
}

static int team_reserve(const struct outputs *outputs, int index, int64_t count, int64_t kept) {
  struct outputs_team *space = &outputs->team[index];
  const int64_t tiles = team_tiles(outputs->particles, outputs->threads, index);
  const int threads = team_of(index, outputs->threads).threads;
  if (tiles == 0) return OK;
  TRY(activations_reserve(&space->activations, outputs->kernel, threads, tiles, kept));
  if (count <= space->capacity) return OK;
  team_empty(space);
  const int64_t chunks = (count + outputs->chunk - 1) / outputs->chunk;
  TRY(alloc_array((void **)&space->sum, chunks, sizeof(struct comm_sum), "chunks"));
  TRY(alloc_array((void **)&space->words, chunks * outputs->chunk_words, sizeof(int64_t), "sums over units"));
  TRY(alloc_array((void **)&space->f, count, sizeof(double), "network outputs"));
  TRY(alloc_array((void **)&space->y, count, sizeof(double), "labels"));
  space->capacity = count;
  return OK;
}

int outputs_reserve(struct outputs *outputs, int64_t count, int64_t kept) {
  for (int i = 0; i < team_count(outputs->threads); i++) TRY(team_reserve(outputs, i, count, kept));
  return OK;
}

/* ---- points ---- */

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* Draws points first .. first+count-1 of a batch into space->x. For points in the range space->labels, also computes
 * labels into space->y. Points do not depend on the division of the work among threads. */
static void draw(const struct outputs *outputs, const struct team *team, const struct batch_position *position,
                 int64_t first, int count) {
  enum { PIECE = 64 };
  const struct outputs_team *space = &outputs->team[team->index];
  const int64_t d = outputs->particles->d, end = first + count;
#pragma omp parallel for num_threads(team->threads) schedule(static)
  for (int64_t p = first; p < end; p += PIECE) {
    const int64_t stop = p + PIECE < end ? p + PIECE : end;
    const int64_t cut[] = {p, clamp(space->labels[0], p, stop), clamp(space->labels[1], p, stop), stop};
    for (int i = 0; i < 3; i++)
      if (cut[i] < cut[i + 1])
        dataset_points(outputs->data, position, cut[i], (int)(cut[i + 1] - cut[i]), space->x + (cut[i] - first) * d,
                       i == 1 ? space->y + cut[i] : NULL);
  }
}

static int chunk_count(const struct outputs *outputs, const struct batch *batch, int64_t first) {
  const int64_t left = batch->count - first;
  return (int)(left < outputs->chunk ? left : outputs->chunk);
}

struct points outputs_chunk(struct outputs *outputs, const struct team *team, const struct batch *batch,
                            int64_t first) {
  const struct particles *particles = outputs->particles;
  struct outputs_team *space = &outputs->team[team->index];
  const int d = particles->d, count = chunk_count(outputs, batch, first);
  if (batch->whole) {
    const size_t real = precision_real(particles->precision);
    return (struct points){.count = count,
                           .d = d,
                           .x = (char *)batch->whole->x + real * (size_t)(first * d),
                           .q = (char *)batch->whole->q + real * (size_t)first};
  }
  if (space->drawn != first) {
    draw(outputs, team, &batch->position, first, count);
    points_set(&space->points, particles->precision, &particles->unit, count, d, space->x);
    space->drawn = first;
  }
  return space->points;
}

/* ---- sums over units ---- */

const void *outputs_real_tiles(const struct outputs *outputs, int thread, const void *tiles, int count) {
  return kernel_real_tiles(outputs->kernel, outputs->particles->d, tiles, count, outputs->thread[thread].real_tiles);
}

void *outputs_activations(const struct outputs *outputs, const struct team *team, int64_t t, int64_t first, int count) {
  return activations_at(&outputs->team[team->index].activations, outputs->kernel, t, first, count);
}

/* Adds c phi of the units of an own block to the exact sums `words`. The kernel sums over the units in a fixed order;
 * its result is one term per point. */
static void sum_block(const struct outputs *outputs, const struct team *team, int thread,
                      const struct local_network *local, int64_t block, const struct points *points, int64_t first,
                      int64_t *words) {
  const struct outputs_thread *space = &outputs->thread[thread];
  const int tiles = (int)network_tiles(block_units(local->n, local->first_block + block));
  const void *real = outputs_real_tiles(outputs, thread, local_network_block(outputs->particles, local, block), tiles);
  void *kept = outputs_activations(outputs, team, block * BLOCK_TILES, first, points->count);
  outputs->kernel->forward(tiles, real, points, space->scratch, kept, space->sum);
  unit_sum_add(UNIT_SUM_NARROW, points->count, space->sum, words);
}

/* Adds c phi of all own units, at the points of the chunk that starts at point `first`, to the exact sums `words`. */
static void sum_blocks(const struct outputs *outputs, const struct team *team, const struct local_network *local,
                       const struct points *points, int64_t first, int64_t *words) {
  const int64_t count = unit_sum_words(UNIT_SUM_NARROW, points->count);
  if (team->threads == 1) {
    for (int64_t block = 0; block < local->blocks; block++)
      sum_block(outputs, team, team->first, local, block, points, first, words);
    return;
  }
#pragma omp parallel num_threads(team->threads) if (local->blocks > 1)
  {
    const int thread = team->first + omp_get_thread_num();
    int64_t *own = outputs->thread[thread].words;
    memset(own, 0, sizeof *own * (size_t)count);
#pragma omp for schedule(static)
    for (int64_t block = 0; block < local->blocks; block++)
      sum_block(outputs, team, thread, local, block, points, first, own);
    unit_sum_merge(count, own, words);
  }
}

/* Whether ranks divide the labels: each label is computed by one rank and passes to the others in a word of the sum. */
static bool divides_labels(const struct outputs *outputs, const struct local_network *local,
                           const struct batch *batch) {
  return local->group && !batch->whole && outputs->data->spec.mode == DATA_ONLINE;
}

/* The sum over ranks of a chunk starts as soon as its words are complete, in the background if work remains. */
void outputs_begin(struct outputs *outputs, const struct team *team, const struct local_network *local,
                   const struct batch *batch) {
  struct outputs_team *space = &outputs->team[team->index];
  const bool only = ensemble_networks(&outputs->particles->ensemble) == 1;
  const bool divided = divides_labels(outputs, local, batch);
  space->drawn = -1;
  activations_begin(&space->activations, outputs->kernel, batch->gradient, network_tiles(local_network_units(local)),
                    batch->count);
  space->labels[0] = divided ? batch->count * local->group->rank / local->group->size : 0;
  space->labels[1] = divided ? batch->count * (local->group->rank + 1) / local->group->size : batch->count;
  if (divided) memset(space->y, 0, sizeof *space->y * (size_t)batch->count);
  for (int64_t first = 0; first < batch->count; first += outputs->chunk) {
    if (omp_get_thread_num() == 0) heartbeat_beat();
    const struct points points = outputs_chunk(outputs, team, batch, first);
    const int64_t chunk = first / outputs->chunk, sum = unit_sum_words(UNIT_SUM_NARROW, points.count);
    int64_t *words = space->words + chunk * outputs->chunk_words;
    memset(words, 0, sizeof *words * (size_t)sum);
    sum_blocks(outputs, team, local, &points, first, words);
    if (!local->group) continue;
    if (divided) memcpy(words + sum, space->y + first, sizeof *words * (size_t)points.count);
    const double began = comm_time();
    comm_sum_begin(local->group, words, sum + (divided ? points.count : 0),
                   !only || first + points.count < batch->count, &space->sum[chunk]);
    outputs->waited += comm_time() - began;
  }
}

bool outputs_end(struct outputs *outputs, const struct team *team, const struct local_network *local,
                 const struct batch *batch) {
  struct outputs_team *space = &outputs->team[team->index];
  const bool divided = divides_labels(outputs, local, batch);
  bool finite = true;
  for (int64_t first = 0; first < batch->count; first += outputs->chunk) {
    const int64_t chunk = first / outputs->chunk;
    const int count = chunk_count(outputs, batch, first);
    const int64_t *words = space->words + chunk * outputs->chunk_words;
    if (local->group) {
      const double began = comm_time();
      comm_sum_end(&space->sum[chunk]);
      outputs->waited += comm_time() - began;
    }
    finite &= unit_sum_values(UNIT_SUM_NARROW, count, words, space->f + first);
    if (divided)
      memcpy(space->y + first, words + unit_sum_words(UNIT_SUM_NARROW, count), sizeof *words * (size_t)count);
  }
  space->labels[0] = space->labels[1] = 0; /* chunks that are drawn again need no labels */
  for (int64_t p = 0; p < batch->count; p++) space->f[p] = finite ? space->f[p] / (double)local->n : NAN;
  return finite;
}

const double *outputs_f(const struct outputs *outputs, const struct team *team) {
  return outputs->team[team->index].f;
}

const double *outputs_labels(const struct outputs *outputs, const struct team *team, const struct batch *batch) {
  return batch->whole ? batch->y : outputs->team[team->index].y;
}

double outputs_waited(const struct outputs *outputs) {
  return outputs->waited;
}
