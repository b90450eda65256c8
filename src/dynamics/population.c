#include "dynamics/population.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/exact_sum.h"
#include "dynamics/potential.h"

static const double LIMIT = 0x1p39; /* of parameters: far beyond it sums lose their range */

/* Work space of one thread, tiles of doubles. */
struct desk {
  double *z, *F, *grad_F; /* [d][TILE], [TILE], [d][TILE] */
  double *sum, *grad;     /* [d+1][TILE], [d+2][TILE] */
};

/* One own network during a step. */
struct meeting {
  int64_t row;     /* of its first particle */
  int64_t *offset; /* [ranks of the group + 1]: bytes at which their tiles begin; NULL if it is wholly here */
  bool sound;
  struct move_sums sums;
  int64_t energy[WIDE_LIMBS]; /* loss - C_f */
};

struct population {
  struct particles *particles;
  const struct kernel *kernel;
  struct potential *potential;
  double C_f;
  int threads;
  struct desk *desk;       /* [threads] */
  double *row;             /* [all units of the own networks][d + 1]: c, z before the step */
  char *gathered;          /* stored tiles of one split network */
  struct meeting *meeting; /* [meetings], of the locals */
  int meetings;
  int *owner; /* [own tiles]: the share of a tile */
  double waited;
};

/* ---- create, reserve ---- */

static int desk_alloc(int d, struct desk *desk) {
  const struct {
    double **array;
    int64_t fields;
  } tile[] = {{&desk->z, d}, {&desk->F, 1}, {&desk->grad_F, d}, {&desk->sum, d + 1}, {&desk->grad, d + FIELD_A}};
  for (size_t i = 0; i < sizeof tile / sizeof *tile; i++)
    TRY(alloc_array((void **)tile[i].array, tile[i].fields * TILE, sizeof(double), "gradients of a tile"));
  return OK;
}

int population_create(struct particles *particles, const struct dataset *data, const struct kernel *kernel, int threads,
                      struct population **out) {
  struct population *population = alloc_small(sizeof *population);
  *population = (struct population){.particles = particles, .kernel = kernel, .C_f = data->C_f, .threads = threads};
  population->desk = calloc((size_t)threads, sizeof *population->desk);
  if (!population->desk) die("no memory for %d threads", threads);
  int status = potential_create(data->target, particles->unit.alpha, &population->potential);
  for (int t = 0; t < threads && status == OK; t++) status = desk_alloc(particles->d, &population->desk[t]);
  if (status != OK) {
    population_free(population);
    return status;
  }
  *out = population;
  return OK;
}

static void release(struct population *population) {
  for (int s = 0; s < population->meetings; s++) free(population->meeting[s].offset);
  free(population->meeting);
  free(population->row);
  free(population->gathered);
  free(population->owner);
  population->meeting = NULL;
  population->row = NULL;
  population->gathered = NULL;
  population->owner = NULL;
  population->meetings = 0;
}

void population_free(struct population *population) {
  if (!population) return;
  release(population);
  for (int t = 0; t < population->threads; t++) {
    const struct desk *desk = &population->desk[t];
    free(desk->z);
    free(desk->F);
    free(desk->grad_F);
    free(desk->sum);
    free(desk->grad);
  }
  free(population->desk);
  potential_free(population->potential);
  free(population);
}

/* Where the tiles of each rank of a group lie in the network: the ranks that own blocks of it, in order. */
static int64_t *group_offsets(const struct particles *particles, const struct local_network *local) {
  const int64_t low = ensemble_first_block(&particles->ensemble, local->network), end = low + network_blocks(local->n),
                tiles = network_tiles(local->n);
  int64_t *offset = alloc_small(sizeof *offset * (size_t)(local->group->size + 1));
  int ranks = 0;
  offset[0] = 0;
  for (int r = 0; r < particles->comm->size; r++) {
    const int64_t first = particles->first[r], last = particles->first[r + 1];
    if (first >= last || first >= end || last <= low) continue;
    const int64_t inside = ((last < end ? last : end) - low) * BLOCK_TILES;
    offset[++ranks] = (inside < tiles ? inside : tiles) * (int64_t)particles->tile_bytes;
  }
  if (ranks != local->group->size) die("%d ranks own a network that %d share", ranks, local->group->size);
  return offset;
}

int population_reserve(struct population *population) {
  const struct particles *particles = population->particles;
  int64_t rows = 0, gathered = 0;
  release(population);
  TRY(alloc_array((void **)&population->meeting, particles->locals, sizeof *population->meeting, "own networks"));
  TRY(alloc_array((void **)&population->owner, particles->tile_count, sizeof *population->owner, "own tiles"));
  population->meetings = particles->locals;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t tiles = network_tiles(local_network_units(local));
    population->meeting[s] =
        (struct meeting){.row = rows, .offset = local->group ? group_offsets(particles, local) : NULL};
    rows += local->n;
    if (local->group && network_tiles(local->n) > gathered) gathered = network_tiles(local->n);
    for (int64_t t = 0; t < tiles; t++) population->owner[local->tile + t] = s;
  }
  TRY(alloc_array((void **)&population->row, rows * (particles->d + 1), sizeof(double), "copies of networks"));
  return alloc_array((void **)&population->gathered, gathered, particles->tile_bytes, "copies of networks");
}

/* ---- step ---- */

static double stored(const struct particles *particles, const void *tile, int field, int64_t lane) {
  const int64_t at = field * TILE + lane;
  return particles->precision == PRECISION_SINGLE ? (double)((const float *)tile)[at] : ((const double *)tile)[at];
}

/* Rows of n particles from their tiles; false if one is not finite or beyond the limit. */
static bool copy_rows(const struct particles *particles, int64_t n, const char *tiles, double *row) {
  bool sound = true;
  for (int64_t i = 0; i < n; i++, row += particles->d + 1) {
    const char *tile = tiles + (size_t)(i / TILE) * particles->tile_bytes;
    row[0] = stored(particles, tile, FIELD_C, i % TILE);
    for (int r = 0; r < particles->d; r++) row[1 + r] = stored(particles, tile, FIELD_A + r, i % TILE);
    for (int r = 0; r <= particles->d; r++) sound &= fabs(row[r]) < LIMIT;
  }
  return sound;
}

/* The whole of an own network as it is before the step. */
static void meet(struct population *population, int s) {
  const struct particles *particles = population->particles;
  const struct local_network *local = &particles->local[s];
  struct meeting *meeting = &population->meeting[s];
  const char *tiles = move_own_tile(particles, local, 0);
  if (local->group) {
    const double began = comm_time();
    comm_allgather(local->group, tiles, meeting->offset, population->gathered);
    population->waited += comm_time() - began;
    tiles = population->gathered;
  }
  meeting->sound = copy_rows(particles, local->n, tiles, population->row + meeting->row * (int64_t)(particles->d + 1));
  memset(&meeting->sums, 0, sizeof meeting->sums);
  memset(meeting->energy, 0, sizeof meeting->energy);
}

/* grad V of a tile into desk->grad; returns its part of n (loss - C_f). */
static double tile_gradient(const struct population *population, const struct desk *desk, int s, const void *tile) {
  const struct particles *particles = population->particles;
  const int d = particles->d;
  const double n = (double)particles->local[s].n;
  double energy = 0;
  for (int r = 0; r < d; r++)
    for (int i = 0; i < TILE; i++) desk->z[r * TILE + i] = stored(particles, tile, FIELD_A + r, i);
  potential_pairs(population->potential, desk->z, particles->local[s].n,
                  population->row + population->meeting[s].row * (int64_t)(d + 1), desk->sum);
  potential_field(population->potential, desk->z, desk->F, desk->grad_F);
  for (int i = 0; i < TILE; i++) { /* c = 0 in unused lanes */
    const double c = stored(particles, tile, FIELD_C, i), pairs = desk->sum[i] / n;
    energy += c * (pairs / 2 - desk->F[i]);
    desk->grad[FIELD_C * TILE + i] = pairs - desk->F[i];
    desk->grad[FIELD_B * TILE + i] = 0;
    for (int r = 0; r < d; r++)
      desk->grad[(FIELD_A + r) * TILE + i] = c * (desk->sum[(1 + r) * TILE + i] / n - desk->grad_F[r * TILE + i]);
  }
  return energy;
}

/* Own tile t of this rank. */
static void serve_tile(struct population *population, const struct desk *desk, int64_t t, double dt, bool observe) {
  const struct particles *particles = population->particles;
  const int s = population->owner[t];
  const struct local_network *local = &particles->local[s];
  struct meeting *meeting = &population->meeting[s];
  const int64_t inside = t - local->tile;
  const double energy = tile_gradient(population, desk, s, move_own_tile(particles, local, inside));
  const double rate = meeting->sound ? dt : 0;
  struct move_sums own = {0};
  move_tile(population->kernel, particles, local, inside, desk->grad, 1, rate, observe ? &own : NULL);
  if (!observe) return;
  move_sums_add(&own, &meeting->sums);
#pragma omp critical(energy)
  wide_sum_add(energy / (double)local->n, meeting->energy);
}

static void observe(const struct population *population, int s, struct observation *observation) {
  const struct local_network *local = &population->particles->local[s];
  struct meeting *meeting = &population->meeting[s];
  double energy;
  if (local->group) {
    struct comm_sum sum;
    comm_sum_begin(local->group, meeting->energy, WIDE_LIMBS, false, &sum);
    comm_sum_end(&sum);
  }
  observation->loss = wide_sum_value(meeting->energy, &energy) ? population->C_f + energy : NAN;
  move_means(local, &meeting->sums, observation);
}

void population_step(struct population *population, int64_t step, double dt, struct observation *observation,
                     struct nonfinite *fault) {
  const struct particles *particles = population->particles;
  for (int s = 0; s < particles->locals; s++) {
    meet(population, s);
    if (!population->meeting[s].sound) nonfinite_note(fault, step, &particles->local[s]);
  }
#pragma omp parallel for num_threads(population->threads) schedule(dynamic) if (particles->tile_count > 1)
  for (int64_t t = 0; t < particles->tile_count; t++)
    serve_tile(population, &population->desk[omp_get_thread_num()], t, dt, observation != NULL);
  for (int s = 0; observation && s < particles->locals; s++) observe(population, s, &observation[s]);
}

double population_waited(const struct population *population) {
  return population ? population->waited : 0;
}
