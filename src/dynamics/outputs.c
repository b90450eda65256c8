#include "dynamics/outputs.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"
#include "parallel/rank_gather.h"
#include "parallel/rank_sum.h"

enum { PIECES = 2 }; /* a pipelined batch has two pieces */

/* Work space of one thread. */
struct outputs_thread {
  void *real_tiles, *scratch;
  double *sum;    /* [chunk]: sums over one block */
  int64_t *words; /* words of the exact sums over the blocks of this thread, for one chunk */
};

/* Work space of one team: the outputs of its network at a batch. */
struct outputs_team {
  int64_t capacity;     /* points */
  int64_t *words;       /* for each piece: the words of its sums, then labels if the ranks divide them */
  int64_t *received;    /* work space of the sums over ranks of a split network, for batches of one chunk */
  struct rank_sum *sum; /* for each piece: the sum over ranks */
  double *f;            /* [capacity] */
  bool finite;          /* all terms of the completed pieces were finite and in range */
  struct batch_space batch;
  struct activations activations;
};

struct outputs {
  const struct particles *particles;
  const struct dataset *data;
  const struct kernel *kernel;
  int chunk, threads;            /* chunk: points */
  int64_t chunk_words;           /* words of the sums of a chunk and of its labels */
  struct outputs_thread *thread; /* [threads] */
  struct outputs_team *team;     /* [team_count(threads)] */
  double waited;
};

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
  for (int t = 0; t < outputs->threads; t++) TRY(thread_alloc(outputs, &outputs->thread[t]));
  for (int i = 0; i < team_count(outputs->threads); i++)
    TRY(batch_space_create(outputs->particles, outputs->data, &outputs->team[i].batch));
  return OK;
}

int outputs_create(const struct particles *particles, const struct dataset *data, const struct kernel *kernel,
                   int threads, struct outputs **out) {
  struct outputs *outputs = alloc_small(sizeof *outputs);
  *outputs = (struct outputs){.particles = particles,
                              .data = data,
                              .kernel = kernel,
                              .threads = threads,
                              .chunk = batch_chunk_size(particles->d, particles->precision)};
  outputs->chunk_words = unit_sum_words(UNIT_SUM_NARROW, outputs->chunk) + outputs->chunk;
  outputs->thread = calloc((size_t)threads, sizeof *outputs->thread);
  outputs->team = calloc((size_t)team_count(threads), sizeof *outputs->team);
  if (!outputs->thread || !outputs->team) die("no memory for %d threads", threads);
  *out = outputs;
  return create_local(outputs);
}

static void team_empty(struct outputs_team *space) {
  void *owned[] = {space->sum, space->words, space->received, space->f};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  *space = (struct outputs_team){.batch = space->batch, .activations = space->activations};
}

void outputs_free(struct outputs *outputs) {
  if (!outputs) return;
  for (int i = 0; i < team_count(outputs->threads); i++) {
    team_empty(&outputs->team[i]);
    batch_space_free(&outputs->team[i].batch);
    activations_free(&outputs->team[i].activations);
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

static int team_reserve(const struct outputs *outputs, int index, int64_t count, int64_t kept_points) {
  struct outputs_team *space = &outputs->team[index];
  const int64_t tiles = team_tiles(outputs->particles, outputs->threads, index);
  const int threads = team_of(index, outputs->threads).threads;
  if (tiles == 0) return OK;
  TRY(activations_reserve(&space->activations, outputs->kernel, threads, tiles, kept_points));
  const bool split = index < TEAM_LARGE;
  TRY(batch_space_reserve(&space->batch, count, split && outputs->data->spec.mode == DATA_ONLINE));
  if (count <= space->capacity) return OK;
  team_empty(space);
  const int64_t chunks = (count + outputs->chunk - 1) / outputs->chunk, sums = chunks < PIECES ? PIECES : chunks;
  const int64_t received = split ? PIECES * rank_sum_received(outputs->chunk_words) : 0;
  TRY(alloc_array((void **)&space->sum, sums, sizeof(struct rank_sum), "chunks"));
  TRY(alloc_array((void **)&space->words, sums * outputs->chunk_words, sizeof(int64_t), "sums over units"));
  TRY(alloc_array((void **)&space->received, received, sizeof(int64_t), "sums over units"));
  TRY(alloc_array((void **)&space->f, count, sizeof(double), "network outputs"));
  space->capacity = count;
  return OK;
}

int outputs_reserve(struct outputs *outputs, int64_t count, int64_t kept_points) {
  for (int i = 0; i < team_count(outputs->threads); i++) TRY(team_reserve(outputs, i, count, kept_points));
  return OK;
}

void outputs_recompute(struct outputs *outputs) {
  for (int i = 0; i < team_count(outputs->threads); i++) activations_free(&outputs->team[i].activations);
}

struct points outputs_points(struct outputs *outputs, const struct team *team, const struct batch *batch,
                             int64_t first) {
  return batch_points(&outputs->team[team->index].batch, team, batch, first);
}

/* ---- sums over units ---- */

const void *outputs_real_tiles(const struct outputs *outputs, int thread, const void *tiles, int count) {
  return kernel_real_tiles(outputs->kernel, outputs->particles->d, tiles, count, outputs->thread[thread].real_tiles);
}

void *outputs_activations(const struct outputs *outputs, const struct team *team, int64_t t, int64_t first, int count) {
  return activations_at(&outputs->team[team->index].activations, outputs->kernel, t, first, count);
}

/* Adds c phi of the units of local block `block` to the exact sums `words`. The kernel sums over the units in a fixed
 * order; its result is one term per point. */
static void sum_block(const struct outputs *outputs, const struct team *team, int thread,
                      const struct local_network *local, int64_t block, const struct points *points, int64_t first,
                      int64_t *words) {
  const struct outputs_thread *space = &outputs->thread[thread];
  const int tiles = (int)network_tiles(block_units(local->n, local->first_block + block));
  const int together = local->group ? 1 : tiles;
  const size_t bytes = tile_numbers(points->d) * precision_real(outputs->particles->precision);
  const char *real = outputs_real_tiles(outputs, thread, local_network_block(outputs->particles, local, block), tiles);
  for (int t = 0; t < tiles; t += together) {
    if (thread == 0) rank_gather_progress(); /* sums of other pieces and networks */
    void *kept = outputs_activations(outputs, team, block * BLOCK_TILES + t, first, points->count);
    double *sum = t + together == tiles ? space->sum : NULL;
    outputs->kernel->forward(together, real + bytes * (size_t)t, points, t > 0, space->scratch, kept, sum);
  }
  unit_sum_add(UNIT_SUM_NARROW, points->count, space->sum, words);
}

/* The sums over the units of a network, at the points of the piece that starts at point `first`. */
struct piece_sums {
  const struct outputs *outputs;
  const struct team *team;
  const struct local_network *local;
  struct points points;
  int64_t first;
  int64_t *words;
};

/* Adds c phi of the units of blocks begin .. end-1 to the exact sums. */
static void sum_blocks(const void *context, int thread, int64_t begin, int64_t end) {
  const struct piece_sums *sums = context;
  const int64_t count = unit_sum_words(UNIT_SUM_NARROW, sums->points.count);
  const bool alone = begin == 0 && end == sums->local->blocks; /* no other thread adds to the sums */
  int64_t *own = alone ? sums->words : sums->outputs->thread[thread].words;
  if (!alone) memset(own, 0, sizeof *own * (size_t)count);
  for (int64_t block = begin; block < end; block++)
    sum_block(sums->outputs, sums->team, thread, sums->local, block, &sums->points, sums->first, own);
  if (!alone) unit_sum_merge(count, own, sums->words);
}

/* The sum over ranks of a piece starts as soon as its words are complete. The rank waits for it here only if nothing is
 * left to compute meanwhile: this is the last piece of the only network, the batch is not pipelined, and no points are
 * drawn ahead. */
void outputs_begin(struct outputs *outputs, const struct team *team, const struct local_network *local,
                   const struct batch *batch) {
  struct outputs_team *space = &outputs->team[team->index];
  const bool waits = ensemble_networks(&outputs->particles->ensemble) == 1 && !batch->ahead && !batch->pipelined;
  const bool divided = batch_divides_labels(&space->batch, local, batch);
  int64_t *received = batch->count <= outputs->chunk ? space->received : NULL;
  space->finite = true;
  batch_begin(&space->batch, local, batch);
  activations_begin(&space->activations, outputs->kernel, batch->gradient, network_tiles(local_network_units(local)),
                    batch->count);
  for (int64_t first = 0; first < batch->count; first += batch_piece_points(batch, first)) {
    if (omp_get_thread_num() == 0) heartbeat_beat();
    const struct points points = outputs_points(outputs, team, batch, first);
    const int64_t k = first / batch->piece, sums = unit_sum_words(UNIT_SUM_NARROW, points.count);
    int64_t *words = space->words + k * outputs->chunk_words;
    memset(words, 0, sizeof *words * (size_t)sums);
    team_run(team, local->blocks, sum_blocks,
             &(struct piece_sums){
                 .outputs = outputs, .team = team, .local = local, .points = points, .first = first, .words = words});
    if (!local->group) continue;
    if (divided) memcpy(words + sums, batch_labels(&space->batch) + first, sizeof *words * (size_t)points.count);
    const int64_t count = sums + (divided ? points.count : 0);
    const double began = comm_time();
    space->sum[k] = (struct rank_sum){0};
    if (waits && first + points.count == batch->count)
      rank_sum_now(local->group, words, count);
    else
      rank_sum_begin(local->group, words, received ? received + k * rank_sum_received(outputs->chunk_words) : NULL,
                     count, k, &space->sum[k]);
    outputs->waited += comm_time() - began;
  }
  batch_exchange_begin(&space->batch, team);
}

/* Completes a sum over ranks. Draws points of the next step while it is under way. */
static void complete_sum(struct outputs *outputs, const struct team *team, struct rank_sum *sum) {
  struct batch_space *batch = &outputs->team[team->index].batch;
  while (!rank_sum_test(sum) && batch_draw_ahead(batch, team)) continue;
  const double began = comm_time();
  rank_sum_end(sum);
  outputs->waited += comm_time() - began;
}

void outputs_end_piece(struct outputs *outputs, const struct team *team, const struct local_network *local,
                       const struct batch *batch, int64_t first) {
  struct outputs_team *space = &outputs->team[team->index];
  const int64_t k = first / batch->piece;
  const int count = batch_piece_points(batch, first);
  const int64_t *words = space->words + k * outputs->chunk_words;
  if (local->group) complete_sum(outputs, team, &space->sum[k]);
  space->finite &= unit_sum_values(UNIT_SUM_NARROW, count, words, space->f + first);
  if (batch_divides_labels(&space->batch, local, batch))
    memcpy(batch_labels(&space->batch) + first, words + unit_sum_words(UNIT_SUM_NARROW, count),
           sizeof *words * (size_t)count);
  const double scale = ensemble_scale(&outputs->particles->ensemble, local->member);
  for (int64_t p = first; p < first + count; p++) space->f[p] = space->f[p] / (double)local->n * scale;
}

bool outputs_end(struct outputs *outputs, const struct team *team, const struct local_network *local,
                 const struct batch *batch) {
  struct outputs_team *space = &outputs->team[team->index];
  for (int64_t first = batch->pipelined ? batch->piece : 0; first < batch->count;
       first += batch_piece_points(batch, first))
    outputs_end_piece(outputs, team, local, batch, first);
  batch_labels_known(&space->batch);
  for (int64_t p = 0; p < batch->count && !space->finite; p++) space->f[p] = NAN;
  return space->finite;
}

void outputs_finish(struct outputs *outputs, int team_index) {
  const double began = comm_time();
  batch_exchange_end(&outputs->team[team_index].batch);
  outputs->waited += comm_time() - began;
}

void outputs_share_points(struct outputs *outputs, enum point_sharing sharing) {
  for (int i = 0; i < team_count(outputs->threads); i++) outputs->team[i].batch.sharing = sharing;
}

const double *outputs_f(const struct outputs *outputs, const struct team *team) {
  return outputs->team[team->index].f;
}

const double *outputs_labels(const struct outputs *outputs, const struct team *team, const struct batch *batch) {
  return batch->whole ? batch->y : batch_labels(&outputs->team[team->index].batch);
}

double outputs_waited(const struct outputs *outputs) {
  return outputs->waited;
}
