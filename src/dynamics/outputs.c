#include "dynamics/outputs.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/exact_sum.h"
#include "parallel/heartbeat.h"

enum {
  CHUNK_BYTES = 256 << 10, /* points of a chunk: half of a common L2 cache */
  CHUNK_MIN = 48,          /* chunks are multiples of this: the kernels' inner blocks */
  CHUNK_MAX = 4032,
  SMALL_BLOCKS = 8 /* per thread: fewer blocks than this are shared badly */
};

int outputs_chunk_size(int d, enum precision precision) {
  const int points = CHUNK_BYTES / (int)((size_t)(d + 1) * precision_real(precision)) / CHUNK_MIN * CHUNK_MIN;
  return points < CHUNK_MIN ? CHUNK_MIN : points > CHUNK_MAX ? CHUNK_MAX : points;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

static int worker_alloc(const struct outputs *forward, struct worker *worker) {
  const int d = forward->particles->d, chunk = forward->chunk;
  const size_t outputs = forward_scratch(chunk), gradients = gradient_scratch(d);
  TRY(alloc_array(&worker->real_tiles, BLOCK_TILES, sizeof(double) * (size_t)((d + FIELD_A) * TILE), "a block"));
  TRY(alloc_array(&worker->scratch, 1, outputs > gradients ? outputs : gradients, "kernel scratch"));
  TRY(alloc_array((void **)&worker->grad, TILE * (d + FIELD_A), sizeof(double), "the gradient of a tile"));
  TRY(alloc_array((void **)&worker->sum, chunk, sizeof(double), "sums of a block"));
  return alloc_array((void **)&worker->limbs, EXACT_LIMBS(chunk), sizeof(int64_t), "sums over blocks");
}

static int create_local(struct outputs *forward) {
  const struct particles *particles = forward->particles;
  for (int t = 0; t < forward->threads; t++) TRY(worker_alloc(forward, &forward->worker[t]));
  for (int s = 0; s < forward->slots; s++) {
    struct slot *slot = &forward->slot[s];
    const bool small = s >= SLOT_SMALL;
    slot->threads = small ? 1 : forward->threads;
    slot->worker = forward->worker + (small ? s - SLOT_SMALL : 0);
    TRY(points_alloc(&slot->points, particles->precision, forward->chunk, particles->d));
    TRY(alloc_array((void **)&slot->x, (int64_t)forward->chunk * particles->d, sizeof(double), "points"));
  }
  return OK;
}

int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **out) {
  struct outputs *forward = alloc_small(sizeof *forward);
  *forward = (struct outputs){.particles = particles,
                              .data = data,
                              .kernel = kernel,
                              .threads = threads,
                              .slots = SLOT_SMALL + (threads > 1 ? threads : 0),
                              .chunk = outputs_chunk_size(particles->d, particles->precision)};
  forward->worker = calloc((size_t)threads, sizeof *forward->worker);
  forward->slot = calloc((size_t)forward->slots, sizeof *forward->slot);
  if (!forward->worker || !forward->slot) die("no memory for %d threads", threads);
  *out = forward;
  return create_local(forward);
}

static void slot_empty(struct slot *slot) {
  free(slot->sum);
  free(slot->words);
  free(slot->f);
  free(slot->y);
  free(slot->r);
  slot->sum = NULL;
  slot->words = NULL;
  slot->f = slot->y = slot->r = NULL;
  slot->capacity = 0;
}

void outputs_free(struct outputs *forward) {
  if (!forward) return;
  for (int s = 0; s < forward->slots; s++) {
    slot_empty(&forward->slot[s]);
    points_free(&forward->slot[s].points);
    free(forward->slot[s].grad);
    free(forward->slot[s].x);
  }
  for (int t = 0; t < forward->threads; t++) {
    free(forward->worker[t].real_tiles);
    free(forward->worker[t].scratch);
    free(forward->worker[t].grad);
    free(forward->worker[t].sum);
    free(forward->worker[t].limbs);
  }
  free(forward->worker);
  free(forward->slot);
  free(forward);
}

static int64_t chunks_of(const struct outputs *forward, int64_t count) {
  return (count + forward->chunk - 1) / forward->chunk;
}

/* Of a chunk: limbs, then the labels that ranks computed for one another. */
static int64_t chunk_words(int count) {
  return EXACT_LIMBS(count) + count;
}

static int slot_reserve(const struct outputs *forward, struct slot *slot, int64_t count, int64_t grad_tiles) {
  const struct particles *particles = forward->particles;
  if (count > slot->capacity) {
    slot_empty(slot);
    const int64_t chunks = chunks_of(forward, count);
    TRY(alloc_array((void **)&slot->sum, chunks, sizeof(struct comm_sum), "chunks"));
    TRY(alloc_array((void **)&slot->words, chunks * chunk_words(forward->chunk), sizeof(int64_t), "sums over units"));
    TRY(alloc_array((void **)&slot->f, count, sizeof(double), "network outputs"));
    TRY(alloc_array((void **)&slot->y, count, sizeof(double), "labels"));
    TRY(alloc_array(&slot->r, count + POINT_PAD, precision_real(particles->precision), "residuals"));
    slot->capacity = count;
  }
  free(slot->grad);
  slot->grad_tiles = grad_tiles;
  return alloc_array((void **)&slot->grad, grad_tiles, sizeof(double) * (size_t)(TILE * (particles->d + FIELD_A)),
                     "gradients");
}

/* Networks of few blocks that are wholly here go to single threads, if there are enough of them. */
static bool is_small(const struct outputs *forward, const struct local_network *local) {
  return !local->group && local->blocks < SMALL_BLOCKS * forward->threads;
}

static int small_networks(const struct outputs *forward) {
  const struct particles *particles = forward->particles;
  int small = 0;
  for (int s = particles->split; s < particles->locals; s++) small += is_small(forward, &particles->local[s]);
  return forward->threads > 1 && small >= forward->threads ? small : 0;
}

int outputs_reserve(struct outputs *forward, int64_t count, int64_t grad_tiles) {
  const struct particles *particles = forward->particles;
  int64_t most[2] = {1, 1}; /* tiles of a large, small network */
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    int64_t *tiles = &most[is_small(forward, local)];
    if (local->blocks * BLOCK_TILES > *tiles) *tiles = local->blocks * BLOCK_TILES;
  }
  const bool small = small_networks(forward) > 0;
  if (!small && most[1] > most[0]) most[0] = most[1];
  for (int s = 0; s < forward->slots; s++) {
    struct slot *slot = &forward->slot[s];
    const bool large = s == SLOT_LARGE && particles->locals > particles->split;
    const bool used = s < particles->split || large || (s >= SLOT_SMALL && small);
    const int64_t tiles = most[s >= SLOT_SMALL],
                  limit = (grad_tiles * slot->threads + forward->threads - 1) / forward->threads;
    if (used) TRY(slot_reserve(forward, slot, count, tiles < limit ? tiles : limit));
  }
  return OK;
}

/* Points first .. first+count-1 of a batch into slot->x, in pieces: each is a pure function of its place. With labels
 * for those of the slot's range. */
static void draw(const struct outputs *forward, const struct slot *slot, const struct batch_place *place, int64_t first,
                 int count, bool labels) {
  enum { PIECE = 64 };
  const int64_t d = forward->particles->d, end = first + count;
#pragma omp parallel for num_threads(slot->threads) schedule(static)
  for (int64_t p = first; p < end; p += PIECE) {
    const int64_t stop = p + PIECE < end ? p + PIECE : end;
    const int64_t cut[] = {p, clamp(slot->labels[0], p, stop), clamp(slot->labels[1], p, stop), stop};
    for (int i = 0; i < 3; i++)
      if (cut[i] < cut[i + 1])
        dataset_points(forward->data, place, cut[i], (int)(cut[i + 1] - cut[i]), slot->x + (cut[i] - first) * d,
                       labels && i == 1 ? slot->y + cut[i] : NULL);
  }
}

struct points outputs_chunk(struct outputs *forward, struct slot *slot, const struct source *source, int64_t first,
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
    draw(forward, slot, &source->place, first, count, labels);
    points_set(&slot->points, particles->precision, &particles->unit, count, d, slot->x);
    slot->drawn = first;
  }
  return slot->points;
}

bool forward_draws(const struct outputs *forward, const struct source *source) {
  return !source->whole && source->count > forward->chunk;
}

const void *outputs_real_tiles(const struct outputs *forward, struct worker *worker, const void *tiles, int count) {
  const struct particles *particles = forward->particles;
  if (particles->precision != PRECISION_MIXED) return tiles;
  const size_t real_bytes = particles->tile_bytes / sizeof(double) * sizeof(float);
  for (int t = 0; t < count; t++)
    forward->kernel->narrow(particles->d, (const char *)tiles + (size_t)t * particles->tile_bytes,
                            (char *)worker->real_tiles + (size_t)t * real_bytes);
  return worker->real_tiles;
}

static int block_tiles(const struct local_network *local, int64_t block) {
  return (block_units(local->n, local->first_block + block) + TILE - 1) / TILE;
}

static void sum_block(const struct outputs *forward, struct worker *worker, const struct local_network *local,
                      int64_t block, const struct points *points, int64_t *limbs) {
  const int tiles = block_tiles(local, block);
  const void *real = outputs_real_tiles(forward, worker, local_network_block(forward->particles, local, block), tiles);
  forward->kernel->forward(tiles, real, points, worker->scratch, worker->sum);
  exact_sum_add(points->count, worker->sum, limbs);
}

/* Adds the own part of n f_n at the points of a chunk to limbs. */
static void sum_blocks(const struct outputs *forward, const struct local_network *local, const struct slot *slot,
                       const struct points *points, int64_t *limbs) {
  const int64_t words = EXACT_LIMBS(points->count);
  if (slot->threads == 1) {
    for (int64_t block = 0; block < local->blocks; block++)
      sum_block(forward, slot->worker, local, block, points, limbs);
    return;
  }
#pragma omp parallel num_threads(slot->threads) if (local->blocks > 1)
  {
    struct worker *worker = &slot->worker[omp_get_thread_num()];
    memset(worker->limbs, 0, sizeof(int64_t) * (size_t)words);
#pragma omp for schedule(static)
    for (int64_t block = 0; block < local->blocks; block++)
      sum_block(forward, worker, local, block, points, worker->limbs);
#pragma omp critical(limbs)
    for (int64_t i = 0; i < words; i++) limbs[i] += worker->limbs[i];
  }
}

/* Labels of fresh points may cost more than the points (d^3 for spins): the ranks of a network share the work, and the
 * labels ride in the sum, as words that are zero on all ranks but one. */
static bool shares_labels(const struct outputs *forward, const struct local_network *local,
                          const struct source *source) {
  return local->group && !source->whole && forward->data->spec.mode == DATA_ONLINE;
}

static void add_over_ranks(struct outputs *forward, const struct local_network *local, int64_t *words, int64_t count,
                           bool background, struct comm_sum *sum) {
  const double began = comm_time();
  comm_sum_begin(local->group, words, count, background, sum);
  forward->waited += comm_time() - began;
}

/* The own part of n f_n at all points of the source, in limbs. The sum over ranks of a chunk begins when the chunk is
 * done, in the background if some rank may have work left. */
static void sum_units(struct outputs *forward, const struct local_network *local, struct slot *slot,
                      const struct source *source) {
  const bool only = ensemble_networks(&forward->particles->ensemble) == 1;
  const bool divided = shares_labels(forward, local, source);
  slot->drawn = -1;
  slot->labels[0] = divided ? source->count * local->group->rank / local->group->size : 0;
  slot->labels[1] = divided ? source->count * (local->group->rank + 1) / local->group->size : source->count;
  if (divided) memset(slot->y, 0, sizeof *slot->y * (size_t)source->count);
  for (int64_t first = 0; first < source->count; first += forward->chunk) {
    if (omp_get_thread_num() == 0) heartbeat_beat(); /* a pass may take long */
    const struct points points = outputs_chunk(forward, slot, source, first, true);
    const int64_t chunk = first / forward->chunk, limbs = EXACT_LIMBS(points.count);
    int64_t *words = slot->words + chunk * chunk_words(forward->chunk);
    memset(words, 0, sizeof *words * (size_t)limbs);
    sum_blocks(forward, local, slot, &points, words);
    if (!local->group) continue;
    if (divided) memcpy(words + limbs, slot->y + first, sizeof *words * (size_t)points.count);
    add_over_ranks(forward, local, words, limbs + (divided ? points.count : 0),
                   !only || first + points.count < source->count, &slot->sum[chunk]);
  }
}

/* f_n from the limbs, and the labels of other ranks; f_n all NAN and false if a term was not finite or out of range. */
static bool read_outputs(struct outputs *forward, const struct local_network *local, struct slot *slot,
                         const struct source *source) {
  const bool divided = shares_labels(forward, local, source);
  bool sound = true;
  for (int64_t first = 0; first < source->count; first += forward->chunk) {
    const int64_t chunk = first / forward->chunk, left = source->count - first;
    const int count = (int)(left < forward->chunk ? left : forward->chunk);
    const int64_t *words = slot->words + chunk * chunk_words(forward->chunk);
    if (local->group) {
      const double began = comm_time();
      comm_sum_end(&slot->sum[chunk]);
      forward->waited += comm_time() - began;
    }
    sound &= exact_sum_value(count, words, slot->f + first);
    if (divided) memcpy(slot->y + first, words + EXACT_LIMBS(count), sizeof *words * (size_t)count);
  }
  for (int64_t p = 0; p < source->count; p++) slot->f[p] = sound ? slot->f[p] / (double)local->n : NAN;
  return sound;
}

static void finish(struct outputs *forward, const struct local_network *local, struct slot *slot,
                   const struct source *source, const struct pass *pass) {
  const bool sound = read_outputs(forward, local, slot, source);
  pass->then(pass->context, local, slot, source, sound);
}

/* All of a network that is wholly here. */
static void serve(struct outputs *forward, const struct local_network *local, struct slot *slot,
                  const struct pass *pass) {
  const struct source source = pass->source(pass->context, local);
  sum_units(forward, local, slot, &source);
  finish(forward, local, slot, &source, pass);
}

void forward_pass(struct outputs *forward, const struct pass *pass) {
  const struct particles *particles = forward->particles;
  struct source source[SLOT_LARGE];
  for (int s = 0; s < particles->split; s++) {
    const struct local_network *local = &particles->local[s];
    struct slot *slot = &forward->slot[s];
    source[s] = pass->source(pass->context, local);
    sum_units(forward, local, slot, &source[s]);
  }
  const bool dealt = small_networks(forward) > 0;
  for (int s = particles->split; s < particles->locals; s++)
    if (!dealt || !is_small(forward, &particles->local[s]))
      serve(forward, &particles->local[s], &forward->slot[SLOT_LARGE], pass);
#pragma omp parallel for num_threads(forward->threads) schedule(dynamic) if (dealt)
  for (int s = particles->split; s < (dealt ? particles->locals : 0); s++)
    if (is_small(forward, &particles->local[s]))
      serve(forward, &particles->local[s], &forward->slot[SLOT_SMALL + omp_get_thread_num()], pass);
  for (int s = 0; s < particles->split; s++) finish(forward, &particles->local[s], &forward->slot[s], &source[s], pass);
}
