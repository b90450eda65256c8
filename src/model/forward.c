#include "model/forward.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact.h"
#include "base/status.h"

enum {
  CHUNK_BYTES = 256 << 10, /* points of a chunk: half of a common L2 cache */
  CHUNK_MIN = 48,          /* chunks are multiples of this: the kernels' inner blocks */
  CHUNK_MAX = 4032
};

static int chunk_points(int d, enum precision precision) {
  const int points = CHUNK_BYTES / (int)((size_t)(d + 1) * precision_real(precision)) / CHUNK_MIN * CHUNK_MIN;
  return points < CHUNK_MIN ? CHUNK_MIN : points > CHUNK_MAX ? CHUNK_MAX : points;
}

static int create_local(struct forward *forward) {
  const int d = forward->particles->d, chunk = forward->chunk;
  for (int s = 0; s < SLOTS; s++) TRY(points_alloc(&forward->slot[s].points, forward->particles->precision, chunk, d));
  TRY(status_array((void **)&forward->x, (int64_t)chunk * d, sizeof(double), "points"));
  const size_t outputs = forward_scratch(chunk), gradients = gradient_scratch(d);
  for (int t = 0; t < forward->threads; t++) {
    struct worker *worker = &forward->worker[t];
    TRY(status_array(&worker->real_tiles, BLOCK_TILES, sizeof(double) * (size_t)((d + FIELD_A) * TILE), "a block"));
    TRY(status_array(&worker->scratch, 1, outputs > gradients ? outputs : gradients, "kernel scratch"));
    TRY(status_array((void **)&worker->sum, chunk, sizeof(double), "sums of a block"));
    TRY(status_array((void **)&worker->limbs, EXACT_LIMBS(chunk), sizeof(int64_t), "sums over blocks"));
  }
  return OK;
}

int forward_create(const struct particles *particles, const struct data *data, const struct kernel *kernel, int threads,
                   struct forward **out) {
  struct forward *forward = status_malloc(sizeof *forward);
  *forward = (struct forward){.particles = particles,
                              .data = data,
                              .kernel = kernel,
                              .threads = threads,
                              .worker = calloc((size_t)threads, sizeof(struct worker)),
                              .chunk = chunk_points(particles->d, particles->precision)};
  if (!forward->worker) die("no memory for %d threads", threads);
  *out = forward;
  return create_local(forward);
}

static void slot_free(struct slot *slot) {
  free(slot->limbs);
  free(slot->f);
  free(slot->y);
  free(slot->r);
  slot->limbs = NULL;
  slot->f = slot->y = slot->r = NULL;
  slot->capacity = 0;
}

void forward_free(struct forward *forward) {
  if (!forward) return;
  for (int s = 0; s < SLOTS; s++) {
    slot_free(&forward->slot[s]);
    points_free(&forward->slot[s].points);
  }
  for (int t = 0; t < forward->threads; t++) {
    free(forward->worker[t].real_tiles);
    free(forward->worker[t].scratch);
    free(forward->worker[t].sum);
    free(forward->worker[t].limbs);
  }
  free(forward->worker);
  free(forward->x);
  free(forward);
}

static int64_t limb_words(const struct forward *forward, int64_t count) {
  return 3 * count + (count + forward->chunk - 1) / forward->chunk;
}

int forward_reserve(struct forward *forward, int64_t count) {
  for (int s = 0; s < SLOTS; s++) {
    struct slot *slot = &forward->slot[s];
    const bool used = s == SLOTS - 1 || s < forward->particles->split;
    if (!used || count <= slot->capacity) continue;
    slot_free(slot);
    TRY(status_array((void **)&slot->limbs, limb_words(forward, count), sizeof(int64_t), "sums over units"));
    TRY(status_array((void **)&slot->f, count, sizeof(double), "network outputs"));
    TRY(status_array((void **)&slot->y, count, sizeof(double), "labels"));
    TRY(status_array(&slot->r, count + POINT_PAD, precision_real(forward->particles->precision), "residuals"));
    slot->capacity = count;
  }
  return OK;
}

/* Points first .. first+count-1 of a batch into forward->x, in pieces: each is a pure function of its place. */
static void draw(const struct forward *forward, const struct data_place *place, int64_t first, int count, double *y) {
  enum { PIECE = 48 };
  const int d = forward->particles->d;
#pragma omp parallel for num_threads(forward->threads) schedule(static)
  for (int p = 0; p < count; p += PIECE)
    data_points(forward->data, place, first + p, count - p < PIECE ? count - p : PIECE,
                forward->x + (size_t)p * (size_t)d, y ? y + p : NULL);
}

struct points forward_chunk(struct forward *forward, struct slot *slot, const struct source *source, int64_t first,
                            bool labels) {
  const struct particles *particles = forward->particles;
  const int64_t left = source->count - first;
  const int d = particles->d, count = (int)(left < forward->chunk ? left : forward->chunk);
  if (source->whole) {
    const size_t real = precision_real(particles->precision);
    return (struct points){.count = count,
                           .d = d,
                           .x = (char *)source->whole->x + real * (size_t)(first * d),
                           .q = (char *)source->whole->q + real * (size_t)first};
  }
  if (slot->drawn != first) {
    draw(forward, &source->place, first, count, labels ? slot->y + first : NULL);
    points_set(&slot->points, particles->precision, &particles->unit, count, d, forward->x);
    slot->drawn = first;
  }
  return slot->points;
}

const void *forward_real_tiles(const struct forward *forward, struct worker *worker, const void *tiles, int count) {
  const struct particles *particles = forward->particles;
  if (particles->precision != PRECISION_MIXED) return tiles;
  const size_t real_bytes = particles->tile_bytes / sizeof(double) * sizeof(float);
  for (int t = 0; t < count; t++)
    forward->kernel->narrow(particles->d, (const char *)tiles + (size_t)t * particles->tile_bytes,
                            (char *)worker->real_tiles + (size_t)t * real_bytes);
  return worker->real_tiles;
}

static int block_tiles(const struct share *share, int64_t block) {
  return (block_units(share->n, share->first_block + block) + TILE - 1) / TILE;
}

/* Adds a thread's own part of n f_n at the points of a chunk to limbs. */
static void sum_blocks(const struct forward *forward, const struct share *share, const struct points *points,
                       int64_t *limbs) {
  const int64_t words = EXACT_LIMBS(points->count);
#pragma omp parallel num_threads(forward->threads) if (share->blocks > 1)
  {
    struct worker *worker = &forward->worker[omp_get_thread_num()];
    memset(worker->limbs, 0, sizeof(int64_t) * (size_t)words);
#pragma omp for schedule(static)
    for (int64_t block = 0; block < share->blocks; block++) {
      const int tiles = block_tiles(share, block);
      const void *real = forward_real_tiles(forward, worker, share_block(forward->particles, share, block), tiles);
      forward->kernel->forward(tiles, real, points, worker->scratch, worker->sum);
      exact_add(points->count, worker->sum, worker->limbs);
    }
#pragma omp critical
    for (int64_t i = 0; i < words; i++) limbs[i] += worker->limbs[i];
  }
}

/* The own part of n f_n at all points of the source, in limbs. */
static void sum_units(struct forward *forward, const struct share *share, struct slot *slot,
                      const struct source *source) {
  int64_t *limbs = slot->limbs;
  slot->drawn = -1;
  for (int64_t first = 0; first < source->count; first += forward->chunk) {
    const struct points points = forward_chunk(forward, slot, source, first, true);
    memset(limbs, 0, sizeof(int64_t) * (size_t)EXACT_LIMBS(points.count));
    sum_blocks(forward, share, &points, limbs);
    limbs += EXACT_LIMBS(points.count);
  }
}

/* f_n from the limbs; all NAN and false if a term was not finite or out of range. */
static bool read_outputs(const struct forward *forward, const struct share *share, struct slot *slot, int64_t count) {
  const int64_t *limbs = slot->limbs;
  bool sound = true;
  for (int64_t first = 0; first < count; first += forward->chunk) {
    const int points = (int)(count - first < forward->chunk ? count - first : forward->chunk);
    sound &= exact_value(points, limbs, slot->f + first);
    limbs += EXACT_LIMBS(points);
  }
  for (int64_t p = 0; p < count; p++) slot->f[p] = sound ? slot->f[p] / (double)share->n : NAN;
  return sound;
}

static void finish(struct forward *forward, const struct share *share, struct slot *slot, const struct source *source,
                   const struct pass *pass) {
  const bool sound = read_outputs(forward, share, slot, source->count);
  pass->then(pass->context, share, slot, source, sound);
}

void forward_pass(struct forward *forward, const struct pass *pass) {
  const struct particles *particles = forward->particles;
  struct source source[SLOTS];
  for (int s = 0; s < particles->split; s++) {
    const struct share *share = &particles->share[s];
    struct slot *slot = &forward->slot[s];
    source[s] = pass->source(pass->context, share);
    sum_units(forward, share, slot, &source[s]);
    const double began = comm_time();
    comm_sum_begin(share->group, slot->limbs, limb_words(forward, source[s].count), &slot->sum);
    forward->waited += comm_time() - began;
  }
  struct slot *own = &forward->slot[SLOTS - 1];
  for (int s = particles->split; s < particles->shares; s++) {
    const struct share *share = &particles->share[s];
    source[SLOTS - 1] = pass->source(pass->context, share);
    sum_units(forward, share, own, &source[SLOTS - 1]);
    finish(forward, share, own, &source[SLOTS - 1], pass);
  }
  for (int s = 0; s < particles->split; s++) {
    const double began = comm_time();
    comm_sum_end(&forward->slot[s].sum);
    forward->waited += comm_time() - began;
    finish(forward, &particles->share[s], &forward->slot[s], &source[s], pass);
  }
}
