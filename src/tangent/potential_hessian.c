#include "tangent/potential_hessian.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "dynamics/network_copy.h"
#include "dynamics/potential.h"
#include "dynamics/team.h"
#include "parallel/heartbeat.h"
#include "tangent/lanczos.h"

/* Work space of one thread. */
struct space {
  double *z, *u, *F, *grad; /* [d][TILE], [d][TILE], [TILE], [d][TILE] */
  double *sum, *work;       /* [d + 1][TILE], [2 d][TILE] */
};

/* The network for which a team computes products. Arrays of this rank's units start with the first of them. */
struct network_state {
  int64_t *offset;   /* of network_copy_offsets */
  char *gathered;    /* stored tiles of the network, if it is shared */
  double *particle;  /* [n][d + 1]: c, z */
  double *direction; /* [n][d + 1]: u */
  double *slope;     /* [local units][d]: grad r */
  double *own;       /* [local units][d + 1]: rows of the product */
};

struct potential_hessian {
  const struct particles *particles;
  struct potential *potential;
  int threads;
  struct space *space;         /* [threads] */
  struct network_state *state; /* [threads]: at the index of the first thread of a team */
};

/* ---- create ---- */

/* Memory that no estimate touches costs nothing, so each thread has arrays for the largest network. */
static int create_thread(const struct potential_hessian *hessian, int t) {
  const struct particles *particles = hessian->particles;
  const int64_t d = particles->d, n = ensemble_largest_n(&particles->ensemble);
  struct space *space = &hessian->space[t];
  struct network_state *state = &hessian->state[t];
  const struct {
    double **array;
    int64_t count;
  } arrays[] = {{&space->z, d * TILE},
                {&space->u, d * TILE},
                {&space->F, TILE},
                {&space->grad, d * TILE},
                {&space->sum, (d + 1) * TILE},
                {&space->work, 2 * d * TILE},
                {&state->particle, n * (d + 1)},
                {&state->direction, n * (d + 1)},
                {&state->slope, n * d},
                {&state->own, n * (d + 1)}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    TRY(alloc_array((void **)arrays[i].array, arrays[i].count, sizeof(double), "estimates of the stability limit"));
  if (t > 0) return OK; /* threads compute networks alone only if the rank owns them completely */
  return alloc_array((void **)&state->gathered, network_tiles(n), particles->tile_bytes, "a copy of a network");
}

int potential_hessian_create(const struct particles *particles, const struct dataset *data, int threads,
                             struct potential_hessian **out) {
  struct potential_hessian *hessian = alloc_small(sizeof *hessian);
  *hessian = (struct potential_hessian){.particles = particles, .threads = threads};
  hessian->space = calloc((size_t)threads, sizeof *hessian->space);
  hessian->state = calloc((size_t)threads, sizeof *hessian->state);
  if (!hessian->space || !hessian->state) die("no memory for %d threads", threads);
  int status = potential_create(data->target, &particles->unit, POTENTIAL_RKHS, &hessian->potential);
  for (int t = 0; t < threads && status == OK; t++) status = create_thread(hessian, t);
  if (status != OK) {
    potential_hessian_free(hessian);
    return status;
  }
  *out = hessian;
  return OK;
}

void potential_hessian_free(struct potential_hessian *hessian) {
  if (!hessian) return;
  for (int t = 0; t < hessian->threads; t++) {
    const struct space *space = &hessian->space[t];
    const struct network_state *state = &hessian->state[t];
    void *const array[] = {space->z,      space->u,        space->F,        space->grad,      space->sum,   space->work,
                           state->offset, state->gathered, state->particle, state->direction, state->slope, state->own};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++) free(array[i]);
  }
  free(hessian->space);
  free(hessian->state);
  potential_free(hessian->potential);
  free(hessian);
}

int64_t potential_hessian_size(const struct particles *particles, int64_t n) {
  return n * (particles->d + 1);
}

double potential_hessian_bytes(int d, int threads, double units, int64_t n) {
  enum { ARRAYS = 5 };                                   /* those of struct network_state */
  const double alone = fmin(units, threads * (double)n); /* threads compute networks alone only if each has one */
  return (LANCZOS_MAX + 1 + ARRAYS) * sizeof(double) * (d + 1) * fmax((double)n, alone);
}

/* ---- tiles ---- */

/* Copies z and, unless u is NULL, its direction of units first .. first+units-1 to tiles; other lanes are zero. */
static void load(const struct network_state *state, int d, int64_t first, int units, double *z, double *u) {
  for (int r = 0; r < d; r++)
    for (int i = 0; i < TILE; i++) {
      const int64_t at = (first + i) * (d + 1) + 1 + r;
      z[r * TILE + i] = i < units ? state->particle[at] : 0;
      if (u) u[r * TILE + i] = i < units ? state->direction[at] : 0;
    }
}

/* Returns grad r.z / |z|^2 for a unit, with z = particle + 1. */
static double along_z(int d, const double *particle, const double *slope) {
  double product = 0, square = 0;
  for (int r = 0; r < d; r++) {
    product += slope[r] * particle[1 + r];
    square += particle[1 + r] * particle[1 + r];
  }
  return product / square;
}

static void slope_tile(const struct potential_hessian *hessian, const struct space *space, struct network_state *state,
                       int64_t n, int64_t first, int units, double *slope) {
  const int d = hessian->particles->d;
  load(state, d, first, units, space->z, NULL);
  potential_field(hessian->potential, space->z, space->work, space->F, space->grad);
  potential_pairs(hessian->potential, space->z, n, state->particle, space->sum);
  for (int i = 0; i < units; i++)
    for (int r = 0; r < d; r++)
      slope[i * d + r] = space->sum[(1 + r) * TILE + i] / (double)n - space->grad[r * TILE + i];
}

/* own [units][d + 1] = rows of H u. */
static void product_tile(const struct potential_hessian *hessian, const struct space *space,
                         struct network_state *state, int64_t n, int64_t first, int units, const double *slope,
                         double *own) {
  const int d = hessian->particles->d;
  const unsigned train = hessian->particles->unit.train;
  load(state, d, first, units, space->z, space->u);
  potential_field_along(hessian->potential, space->z, space->u, space->work, space->F, space->grad);
  potential_pairs_along(hessian->potential, space->z, space->u, n, state->particle, state->direction, space->sum);
  for (int i = 0; i < units; i++, slope += d, own += d + 1) {
    const double *particle = state->particle + (first + i) * (d + 1), *u = state->direction + (first + i) * (d + 1);
    const double c = particle[0], radial = along_z(d, particle, slope);
    own[0] = train & FIELD_BIT_C ? space->sum[i] / (double)n - space->F[i] : 0;
    for (int r = 0; r < d; r++)
      own[1 + r] = c * (space->sum[(1 + r) * TILE + i] / (double)n - space->grad[r * TILE + i]) + u[0] * slope[r];
    const double normal = along_z(d, particle, own + 1);
    for (int r = 0; r < d; r++)
      own[1 + r] = train & FIELD_BIT_A ? own[1 + r] - normal * particle[1 + r] - c * radial * u[1 + r] : 0;
  }
}

/* Computes the slopes or, if `product`, the rows of H u, of all local units. */
static void over_tiles(struct potential_hessian *hessian, const struct local_network *local, int team, bool product) {
  const struct team own = team_of(team, hessian->threads);
  const int64_t d = hessian->particles->d, start = local_network_first_unit(local), units = local_network_units(local);
  struct network_state *state = &hessian->state[own.first];
#pragma omp parallel for num_threads(own.threads) schedule(dynamic) if (own.threads > 1 && units > TILE)
  for (int64_t first = 0; first < units; first += TILE) {
    const int count = units - first < TILE ? (int)(units - first) : TILE;
    const struct space *space = &hessian->space[own.first + omp_get_thread_num()];
    if (omp_get_thread_num() == 0) heartbeat_beat(); /* a large network takes a long time */
    if (product)
      product_tile(hessian, space, state, local->n, start + first, count, state->slope + first * d,
                   state->own + first * (d + 1));
    else
      slope_tile(hessian, space, state, local->n, start + first, count, state->slope + first * d);
  }
}

/* ---- products ---- */

/* Replaces components along z and those of parameters that are not trained by zero. */
static void project(const struct potential_hessian *hessian, int64_t n, const double *particle, double *u) {
  const int d = hessian->particles->d;
  const unsigned train = hessian->particles->unit.train;
  for (int64_t i = 0; i < n; i++, particle += d + 1, u += d + 1) {
    const double normal = along_z(d, particle, u + 1);
    u[0] = train & FIELD_BIT_C ? u[0] : 0;
    for (int r = 1; r <= d; r++) u[r] = train & FIELD_BIT_A ? u[r] - normal * particle[r] : 0;
  }
}

bool potential_hessian_start(struct potential_hessian *hessian, const struct local_network *local, int team,
                             double *u) {
  const struct particles *particles = hessian->particles;
  struct network_state *state = &hessian->state[team_of(team, hessian->threads).first];
  free(state->offset);
  state->offset = network_copy_offsets(particles, local);
  if (!network_copy(particles, local, state->offset, state->gathered, state->particle, NULL)) return false;
  project(hessian, local->n, state->particle, u);
  over_tiles(hessian, local, team, false);
  return true;
}

/* Gathers the rows of all ranks. */
static void gather(const struct potential_hessian *hessian, const struct local_network *local,
                   const struct network_state *state, double *w) {
  const struct particles *particles = hessian->particles;
  const int ranks = local->group->size;
  const int64_t row = (int64_t)sizeof *w * (particles->d + 1);
  int64_t *first = alloc_small(sizeof *first * (size_t)(ranks + 1));
  for (int r = 0; r <= ranks; r++) {
    const int64_t unit = state->offset[r] / (int64_t)particles->tile_bytes * TILE;
    first[r] = row * (unit < local->n ? unit : local->n);
  }
  comm_allgather(local->group, state->own, first, w);
  free(first);
}

bool potential_hessian_apply(struct potential_hessian *hessian, const struct local_network *local, int team,
                             const double *u, double *w) {
  struct network_state *state = &hessian->state[team_of(team, hessian->threads).first];
  const int64_t size = potential_hessian_size(hessian->particles, local->n);
  memcpy(state->direction, u, sizeof *u * (size_t)size);
  project(hessian, local->n, state->particle, state->direction);
  over_tiles(hessian, local, team, true);
  if (local->group)
    gather(hessian, local, state, w);
  else
    memcpy(w, state->own, sizeof *w * (size_t)size);
  bool finite = true;
  for (int64_t i = 0; i < size; i++) finite &= isfinite(w[i]);
  return finite;
}
