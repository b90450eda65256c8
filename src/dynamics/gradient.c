#include "dynamics/gradient.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "parallel/heartbeat.h"
#include "parallel/rank_gather.h"

enum { GROUP_BYTES = 64 << 20 }; /* memory for the gradients of a group of tiles */

/* Work space of one thread. */
struct gradient_thread {
  void *sums;   /* of the gradient kernel, for one tile */
  double *grad; /* [tile_rows(d)][TILE] */
};

/* Work space of one team. */
struct gradient_team {
  int64_t capacity; /* points */
  void *r;          /* real [capacity + POINT_PAD] */
  double *group;    /* [group_tiles][tile_rows(d)][TILE] */
  int64_t group_tiles;
  char *sums; /* pipelined batches: the sums of the gradient kernel for each local tile */
};

struct gradient {
  struct outputs *outputs;
  const struct update *update;
  const struct particles *particles;
  const struct kernel *kernel;
  int chunk, threads;
  struct gradient_thread *thread; /* [threads] */
  struct gradient_team *team;     /* [team_count(threads)] */
};

static int64_t min64(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* ---- create, reserve ---- */

static int create_local(struct gradient *gradient) {
  const int d = gradient->particles->d;
  for (int t = 0; t < gradient->threads; t++) {
    struct gradient_thread *space = &gradient->thread[t];
    TRY(alloc_array(&space->sums, 1, gradient_sums(d), "sums of a gradient"));
    TRY(alloc_array((void **)&space->grad, (int64_t)tile_numbers(d), sizeof(double), "the gradient of a tile"));
  }
  return OK;
}

int gradient_create(struct outputs *outputs, const struct update *update, int threads, struct gradient **out) {
  struct gradient *gradient = alloc_small(sizeof *gradient);
  const struct particles *particles = update->particles;
  *gradient = (struct gradient){.outputs = outputs,
                                .update = update,
                                .particles = particles,
                                .kernel = update->kernel,
                                .chunk = batch_chunk_size(particles->d, particles->precision),
                                .threads = threads};
  gradient->thread = calloc((size_t)threads, sizeof *gradient->thread);
  gradient->team = calloc((size_t)team_count(threads), sizeof *gradient->team);
  if (!gradient->thread || !gradient->team) die("no memory for %d threads", threads);
  *out = gradient;
  return create_local(gradient);
}

void gradient_free(struct gradient *gradient) {
  if (!gradient) return;
  for (int t = 0; t < gradient->threads; t++) {
    free(gradient->thread[t].sums);
    free(gradient->thread[t].grad);
  }
  for (int i = 0; i < team_count(gradient->threads); i++) {
    free(gradient->team[i].r);
    free(gradient->team[i].group);
    free(gradient->team[i].sums);
  }
  free(gradient->thread);
  free(gradient->team);
  free(gradient);
}

/* Returns the number of tiles in a group, for a team of all threads: the largest number whose gradients fit in
 * GROUP_BYTES, but at least one. */
static int64_t group_tiles(int d) {
  const int64_t fit = GROUP_BYTES / (int64_t)(sizeof(double) * tile_numbers(d));
  return fit > 1 ? fit : 1;
}

double gradient_bytes(int d, enum precision precision, int64_t batch, int64_t tiles) {
  if (batch <= batch_chunk_size(d, precision)) return 0;
  return (double)min64(tiles, group_tiles(d)) * (double)(sizeof(double) * tile_numbers(d));
}

static int team_reserve(const struct gradient *gradient, int index, int64_t count, int64_t tiles) {
  const struct particles *particles = gradient->particles;
  struct gradient_team *space = &gradient->team[index];
  const bool pipelines = index < particles->split && batch_pipelines(particles, &particles->local[index]);
  if (count > space->capacity) {
    free(space->r);
    space->capacity = 0;
    TRY(alloc_array(&space->r, count + POINT_PAD, precision_real(particles->precision), "residuals"));
    space->capacity = count;
  }
  free(space->sums);
  space->sums = NULL;
  if (pipelines)
    TRY(alloc_array((void **)&space->sums, team_tiles(particles, gradient->threads, index), gradient_sums(particles->d),
                    "sums of gradients"));
  free(space->group);
  space->group = NULL;
  space->group_tiles = tiles;
  return alloc_array((void **)&space->group, tiles, sizeof(double) * tile_numbers(particles->d), "gradients");
}

/* The largest number of tiles in a group is proportional to the number of threads of the team. */
int gradient_reserve(struct gradient *gradient, int64_t count) {
  const int threads = gradient->threads;
  const int64_t group = count <= gradient->chunk ? 0 : group_tiles(gradient->particles->d);
  for (int i = 0; i < team_count(threads); i++) {
    const int64_t tiles = team_tiles(gradient->particles, threads, i);
    const int64_t limit = (group * team_of(i, threads).threads + threads - 1) / threads;
    if (tiles > 0) TRY(team_reserve(gradient, i, count, min64(tiles, limit)));
  }
  return OK;
}

/* ---- residuals, gradient, update ---- */

void gradient_residuals(struct gradient *gradient, const struct team *team, const struct loss_spec *loss,
                        const struct batch *batch, int64_t first, int64_t count) {
  const size_t real = precision_real(gradient->particles->precision);
  char *r = (char *)gradient->team[team->index].r + real * (size_t)first;
  const double *f = outputs_f(gradient->outputs, team), *y = outputs_labels(gradient->outputs, team, batch);
  loss_residuals(loss, count, f + first, y + first, real, r);
  memset(r + real * (size_t)count, 0, real * POINT_PAD);
}

/* Arguments of the update of one network. */
struct descent {
  struct gradient *gradient;
  const struct team *team;
  const struct local_network *local;
  const struct batch *batch;
  const struct update_move *move;
  struct particle_sums *sums; /* NULL: none are needed */
};

/* Returns P alpha: the sum over the points of the batch, divided by it, is the gradient by which the units move. */
static double divisor(const struct descent *descent) {
  return (double)descent->batch->count *
         ensemble_scale(&descent->gradient->particles->ensemble, descent->local->member);
}

/* Adds the gradient of tile t of descent->local over the piece that starts at point `first` of the batch to grad,
 * together with the first piece of a pipelined batch; or, if grad is NULL, to the sums of a pipelined batch. */
static void add_gradient(const struct descent *descent, int thread, const struct points *points, int64_t first,
                         int64_t t, double *grad) {
  if (thread == 0) {
    heartbeat_beat();       /* a large batch takes a long time */
    rank_gather_progress(); /* points of the next step, sums of other pieces and networks */
  }
  const struct gradient *gradient = descent->gradient;
  const struct particles *particles = gradient->particles;
  const struct gradient_team *space = &gradient->team[descent->team->index];
  const bool pipelined = descent->batch->pipelined;
  const void *r = (char *)space->r + precision_real(particles->precision) * (size_t)first;
  const void *tile =
      outputs_real_tiles(gradient->outputs, thread, local_network_tile(particles, descent->local, t, 0), 1);
  const void *activations = outputs_activations(gradient->outputs, descent->team, t, first, points->count);
  void *sums = pipelined ? space->sums + gradient_sums(particles->d) * (size_t)t : gradient->thread[thread].sums;
  gradient->kernel->gradient(tile, points, r, activations, pipelined && first > 0, sums, grad);
}

/* The particle means of the tiles of a thread, if they are needed: clear, update for each tile, merge. */
static void clear(const struct descent *descent, struct particle_sums *own) {
  if (descent->sums) memset(own, 0, sizeof *own);
}

/* Updates tile t by its gradient. */
static void update(const struct descent *descent, int64_t t, double *grad, struct particle_sums *own) {
  update_tile(descent->gradient->update, descent->local, t, grad, divisor(descent), descent->move,
              descent->sums ? own : NULL);
}

static void merge(const struct descent *descent, const struct particle_sums *own) {
  if (descent->sums) unit_sum_merge(PARTICLE_MEANS * WIDE_LIMBS, own->words, descent->sums->words);
}

/* For points in memory: computes the gradients of tiles begin .. end-1 over the whole batch and updates these tiles. Of
 * a pipelined batch, only the second piece is left after gradient_begin. */
static void descend_tiles(const void *context, int thread, int64_t begin, int64_t end) {
  const struct descent *descent = context;
  const struct gradient *gradient = descent->gradient;
  const struct batch *batch = descent->batch;
  double *grad = gradient->thread[thread].grad;
  struct particle_sums own;
  clear(descent, &own);
  for (int64_t t = begin; t < end; t++) {
    memset(grad, 0, sizeof *grad * tile_numbers(gradient->particles->d));
    for (int64_t first = batch->pipelined ? batch->piece : 0; first < batch->count;
         first += batch_piece_points(batch, first)) {
      const struct points points = outputs_points(gradient->outputs, descent->team, batch, first);
      add_gradient(descent, thread, &points, first, t, grad);
    }
    update(descent, t, grad, &own);
  }
  merge(descent, &own);
}

/* The gradients of some tiles over the points of a piece that starts at point `first` of the batch. */
struct piece {
  const struct descent *descent;
  struct points points;
  int64_t first;
  int64_t tile; /* the first tile */
  double *grad; /* [tiles][tile_numbers(d)]; NULL: add to the sums of a pipelined batch */
};

static double *piece_grad(const struct piece *piece, int64_t t) {
  return piece->grad ? piece->grad + tile_numbers(piece->descent->gradient->particles->d) * (size_t)t : NULL;
}

static void add_gradients(const void *context, int thread, int64_t begin, int64_t end) {
  const struct piece *piece = context;
  for (int64_t t = begin; t < end; t++)
    add_gradient(piece->descent, thread, &piece->points, piece->first, piece->tile + t, piece_grad(piece, t));
}

static void update_tiles(const void *context, int thread, int64_t begin, int64_t end) {
  (void)thread;
  const struct piece *piece = context;
  struct particle_sums own;
  clear(piece->descent, &own);
  for (int64_t t = begin; t < end; t++) update(piece->descent, piece->tile + t, piece_grad(piece, t), &own);
  merge(piece->descent, &own);
}

/* For points that are drawn chunk by chunk: draws each chunk once per group of tiles, adds its terms to the gradients
 * of these tiles, and updates the tiles after the last chunk. */
static void descend_groups(const struct descent *descent, int64_t tiles) {
  struct gradient *gradient = descent->gradient;
  const struct team *team = descent->team;
  const struct gradient_team *space = &gradient->team[team->index];
  struct piece piece = {.descent = descent, .grad = space->group};
  for (; piece.tile < tiles; piece.tile += space->group_tiles) {
    const int64_t count = min64(space->group_tiles, tiles - piece.tile);
    memset(space->group, 0, sizeof(double) * tile_numbers(gradient->particles->d) * (size_t)count);
    for (piece.first = 0; piece.first < descent->batch->count; piece.first += gradient->chunk) {
      piece.points = outputs_points(gradient->outputs, team, descent->batch, piece.first);
      team_run(team, count, add_gradients, &piece);
    }
    team_run(team, count, update_tiles, &piece);
  }
}

void gradient_begin(struct gradient *gradient, const struct team *team, const struct loss_spec *loss,
                    const struct local_network *local, const struct batch *batch) {
  const struct descent descent = {.gradient = gradient, .team = team, .local = local, .batch = batch};
  outputs_end_piece(gradient->outputs, team, local, batch, 0);
  gradient_residuals(gradient, team, loss, batch, 0, batch_piece_points(batch, 0));
  const struct piece piece = {.descent = &descent, .points = outputs_points(gradient->outputs, team, batch, 0)};
  team_run(team, network_tiles(local_network_units(local)), add_gradients, &piece);
}

void gradient_descend(struct gradient *gradient, const struct team *team, const struct local_network *local,
                      const struct batch *batch, const struct update_move *move, struct particle_sums *sums) {
  const int64_t tiles = network_tiles(local_network_units(local));
  const struct descent descent = {
      .gradient = gradient, .team = team, .local = local, .batch = batch, .move = move, .sums = sums};
  if (!batch->whole && batch->count > gradient->chunk)
    descend_groups(&descent, tiles); /* each pass over the chunks draws them again */
  else
    team_run(team, tiles, descend_tiles, &descent);
}
