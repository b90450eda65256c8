/* population: one step of all networks under the exact potential, without data points (data.mode: population and rkhs).
 *
 *   grad_c V_i = -F(z_i) + (1/n) sum_j c_j K(z_i, z_j)     grad_z V_i = c_i (-grad F(z_i) + (1/n) sum_j c_j grad_z K)
 *   loss       = loss(0) - (1/n) sum_i c_i F(z_i) + (1/2n^2) sum_ij c_i c_j K(z_i, z_j)
 *              = (1/2) E |f - f_n|^2, or (1/2) |f - f_n|_H^2 with data.mode: rkhs
 *
 * (RVE section 2; F, K, loss(0): dynamics/potential.h; z is a for erf units, which have no bias here.) All n^2 pairs
 * of units of a network interact, including i = j. Each rank computes the sums over j for its own units i, from a copy
 * of the whole network in double precision as it was before the step. The copy takes O(n) memory; for a split network
 * it is gathered from the ranks that share the network. Each sum over j adds j = 0 .. n-1 in this order, and the loss
 * is an exact sum over tiles. So results do not depend on the number of ranks and threads. For given parameters, the
 * loss and the gradients before projection do not depend on the ISA level either. The tiles of all local networks are
 * distributed over the threads.
 *
 * The loss is a difference of terms of the size of loss(0), so its absolute rounding error is about 1e-15 loss(0). A
 * network with a parameter of absolute value 2^39 or larger has diverged. */
#include "dynamics/gradient_source.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/network_copy.h"
#include "dynamics/potential.h"
#include "dynamics/schedule.h"
#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"

/* Work space of one thread. */
struct workspace {
  double *z, *F, *grad_F; /* [d][TILE], [TILE], [d][TILE] */
  double *sum, *grad;     /* [d+1][TILE], [tile_rows(d)][TILE] */
};

/* A copy of a whole network as it was before the step, and sums over this rank's units. */
struct network_snapshot {
  int64_t first;   /* index of its first particle in population->particle */
  int64_t *offset; /* [ranks of the group + 1]: where the tiles of each rank start, in bytes; NULL if not split */
  bool finite;
  struct update_move move; /* of the current step; dt 0: the units are not moved */
  struct particle_sums sums;
  int64_t energy[WIDE_LIMBS]; /* words of an exact sum: loss - loss(0) */
};

struct population {
  const struct update *update;
  const struct particles *particles;
  struct potential *potential;
  int threads;
  struct workspace *workspace;       /* [threads] */
  double *particle;                  /* [all units of this rank's networks][d + 1]: c, z before the step */
  char *gathered;                    /* stored tiles of one split network */
  struct network_snapshot *snapshot; /* [snapshots]: one per local network */
  int snapshots;
  int *network; /* [local tiles]: index in particles->local of the network of each tile */
  double waited;
};

/* ---- create, reserve ---- */

static int workspace_alloc(int d, struct workspace *workspace) {
  const struct {
    double **array;
    int64_t rows;
  } tile[] = {{&workspace->z, d},
              {&workspace->F, 1},
              {&workspace->grad_F, d},
              {&workspace->sum, d + 1},
              {&workspace->grad, tile_rows(d)}};
  for (size_t i = 0; i < sizeof tile / sizeof *tile; i++)
    TRY(alloc_array((void **)tile[i].array, tile[i].rows * TILE, sizeof(double), "gradients of a tile"));
  return OK;
}

static void release(struct population *population) {
  for (int s = 0; s < population->snapshots; s++) free(population->snapshot[s].offset);
  free(population->snapshot);
  free(population->particle);
  free(population->gathered);
  free(population->network);
  population->snapshot = NULL;
  population->particle = NULL;
  population->gathered = NULL;
  population->network = NULL;
  population->snapshots = 0;
}

static void destroy(void *state) {
  struct population *population = state;
  if (!population) return;
  release(population);
  for (int t = 0; t < population->threads; t++) {
    const struct workspace *workspace = &population->workspace[t];
    free(workspace->z);
    free(workspace->F);
    free(workspace->grad_F);
    free(workspace->sum);
    free(workspace->grad);
  }
  free(population->workspace);
  potential_free(population->potential);
  free(population);
}

/* Checks that no unit of this rank has a bias; units on the sphere have none. */
static int check_biases(const struct particles *particles) {
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    for (int64_t i = 0; i < local_network_units(local); i++) {
      const double b =
          network_copy_number(particles, local_network_tile(particles, local, i / TILE, 0), ROW_B, i % TILE);
      if (b != 0)
        return FAIL(USAGE,
                    "unit.init.path: with data.mode: population and erf units, expected units without biases, received "
                    "b = %g for unit %lld of a network of n = %lld; store b = 0 or omit b",
                    b, (long long)(local_network_first_unit(local) + i), (long long)local->n);
    }
  }
  return OK;
}

static int create(const struct update *update, const struct dataset *data, int threads, void **out) {
  const struct particles *particles = update->particles;
  TRY(loss_needs_squared(&data->spec.loss, "data.mode: population and rkhs"));
  TRY(check_biases(particles));
  struct population *population = alloc_small(sizeof *population);
  *population = (struct population){.update = update, .particles = particles, .threads = threads};
  population->workspace = calloc((size_t)threads, sizeof *population->workspace);
  if (!population->workspace) die("no memory for %d threads", threads);
  const enum potential_loss loss = data->spec.mode == DATA_RKHS ? POTENTIAL_RKHS : POTENTIAL_POPULATION;
  int status = potential_create(data->target, &particles->unit, loss, &population->potential);
  for (int t = 0; t < threads && status == OK; t++) status = workspace_alloc(particles->d, &population->workspace[t]);
  if (status != OK) {
    destroy(population);
    return status;
  }
  *out = population;
  return OK;
}

static int reserve(void *state) {
  struct population *population = state;
  const struct particles *particles = population->particles;
  int64_t units = 0, gathered = 0;
  release(population);
  TRY(alloc_array((void **)&population->snapshot, particles->locals, sizeof *population->snapshot, "local networks"));
  TRY(alloc_array((void **)&population->network, particles->tile_count, sizeof *population->network, "local tiles"));
  population->snapshots = particles->locals;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t tiles = network_tiles(local_network_units(local));
    population->snapshot[s] =
        (struct network_snapshot){.first = units, .offset = network_copy_offsets(particles, local)};
    units += local->n;
    if (local->group && network_tiles(local->n) > gathered) gathered = network_tiles(local->n);
    for (int64_t t = 0; t < tiles; t++) population->network[local->tile + t] = s;
  }
  TRY(alloc_array((void **)&population->particle, units * (particles->d + 1), sizeof(double), "copies of networks"));
  return alloc_array((void **)&population->gathered, gathered, particles->tile_bytes, "copies of networks");
}

/* ---- step ---- */

/* Copies local network s as a whole and sets its sums to zero. Collective over the ranks that share it. */
static void copy_network(struct population *population, int s) {
  const struct particles *particles = population->particles;
  const struct local_network *local = &particles->local[s];
  struct network_snapshot *snapshot = &population->snapshot[s];
  snapshot->finite =
      network_copy(particles, local, snapshot->offset, population->gathered,
                   population->particle + snapshot->first * (int64_t)(particles->d + 1), &population->waited);
  memset(&snapshot->sums, 0, sizeof snapshot->sums);
  memset(snapshot->energy, 0, sizeof snapshot->energy);
}

/* Computes workspace->grad = grad V, not projected, of a tile of local network s. Returns the contribution of the tile
 * to n (loss - loss(0)). */
static double tile_gradient(const struct population *population, const struct workspace *workspace, int s,
                            const void *tile) {
  const struct particles *particles = population->particles;
  const int d = particles->d;
  const double n = (double)particles->local[s].n;
  double energy = 0;
  for (int r = 0; r < d; r++)
    for (int i = 0; i < TILE; i++) workspace->z[r * TILE + i] = network_copy_number(particles, tile, ROW_A + r, i);
  potential_field(population->potential, workspace->z, workspace->sum, workspace->F, workspace->grad_F);
  potential_pairs(population->potential, workspace->z, particles->local[s].n,
                  population->particle + population->snapshot[s].first * (int64_t)(d + 1), workspace->sum);
  for (int i = 0; i < TILE; i++) { /* c = 0 in unused lanes */
    const double c = network_copy_number(particles, tile, ROW_C, i), pairs = workspace->sum[i] / n;
    energy += c * (pairs / 2 - workspace->F[i]);
    workspace->grad[ROW_C * TILE + i] = pairs - workspace->F[i];
    workspace->grad[ROW_B * TILE + i] = 0;
    for (int r = 0; r < d; r++)
      workspace->grad[(ROW_A + r) * TILE + i] =
          c * (workspace->sum[(1 + r) * TILE + i] / n - workspace->grad_F[r * TILE + i]);
  }
  return energy;
}

/* Computes the gradient of local tile t, counted over all local networks, and updates the tile. */
static void serve_tile(struct population *population, const struct workspace *workspace, int64_t t, bool observe) {
  if (omp_get_thread_num() == 0) heartbeat_beat(); /* a large network takes a long time */
  const struct particles *particles = population->particles;
  const int s = population->network[t];
  const struct local_network *local = &particles->local[s];
  struct network_snapshot *snapshot = &population->snapshot[s];
  const int64_t inside = t - local->tile;
  const double energy = tile_gradient(population, workspace, s, local_network_tile(particles, local, inside, 0));
  struct particle_sums own = {0};
  update_tile(population->update, local, inside, workspace->grad, 1, &snapshot->move, observe ? &own : NULL);
  if (!observe) return;
  const double term = energy / (double)local->n;
  int64_t own_energy[WIDE_LIMBS] = {0};
  unit_sum_add(UNIT_SUM_WIDE, 1, &term, own_energy);
  unit_sum_merge(WIDE_LIMBS, own_energy, snapshot->energy);
  unit_sum_merge(PARTICLE_MEANS * WIDE_LIMBS, own.words, snapshot->sums.words);
}

static void observe(const struct population *population, int s, struct observation *observation) {
  const struct local_network *local = &population->particles->local[s];
  struct network_snapshot *snapshot = &population->snapshot[s];
  double energy;
  unit_sum_over_ranks(local, WIDE_LIMBS, snapshot->energy);
  unit_sum_values(UNIT_SUM_WIDE, 1, snapshot->energy, &energy);
  observation->loss = population->potential->zero + energy; /* NAN if a term was not finite or out of range */
  update_means(local, 1, &snapshot->sums, observation);     /* an output scale is refused */
}

static void step_networks(void *state, const struct update_move *move, struct observation *observation,
                          struct nonfinite *nonfinite) {
  struct population *population = state;
  const struct particles *particles = population->particles;
  for (int s = 0; s < particles->locals; s++) {
    copy_network(population, s);
    struct network_snapshot *snapshot = &population->snapshot[s];
    snapshot->move = move[particles->local[s].member];
    if (!snapshot->finite) snapshot->move.dt = 0;
    if (!snapshot->finite) nonfinite_note(nonfinite, snapshot->move.step, &particles->local[s]);
  }
#pragma omp parallel for num_threads(population->threads) schedule(dynamic) if (particles->tile_count > 1)
  for (int64_t t = 0; t < particles->tile_count; t++)
    serve_tile(population, &population->workspace[omp_get_thread_num()], t, observation != NULL);
  for (int s = 0; observation && s < particles->locals; s++) observe(population, s, &observation[s]);
}

static double waited(const void *state) {
  return ((const struct population *)state)->waited;
}

static bool covers(const struct unit_spec *unit, const struct dataset *data) {
  return dataset_exact(data->spec.mode) && potential_covers(unit->type);
}

const struct gradient_source population_source = {"exact potential", covers,        create, destroy,
                                                  reserve,           step_networks, waited};
