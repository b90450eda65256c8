#include "tangent/stability.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "tangent/lanczos.h"

static const double TOLERANCE = 0.005; /* relative tolerance of lambda */

static int create_local(struct stability *stability, enum isa isa, int probe, enum probe_order order) {
  const struct particles *particles = stability->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, isa);
  TRY(probe_create(stability->data, &particles->unit, particles->precision, probe, order, &stability->probe));
  TRY(jacobian_create(particles, kernel, &stability->probe->points, stability->threads, &stability->jacobian));
  for (int t = 0; t < stability->threads; t++)
    TRY(alloc_array((void **)&stability->basis[t], (LANCZOS_MAX + 1) * (int64_t)stability->probe->count, sizeof(double),
                    "vectors of Lanczos's method"));
  return OK;
}

int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, enum probe_order order, struct stability **out) {
  struct stability *stability = alloc_small(sizeof *stability);
  *stability = (struct stability){.particles = particles, .data = data, .threads = threads};
  stability->basis = calloc((size_t)threads, sizeof *stability->basis);
  if (!stability->basis) die("no memory for %d threads", threads);
  const int status = comm_agree(particles->comm, create_local(stability, isa, probe, order));
  if (status != OK) {
    stability_free(stability);
    return status;
  }
  *out = stability;
  return OK;
}

void stability_free(struct stability *stability) {
  if (!stability) return;
  for (int t = 0; t < stability->threads; t++) free(stability->basis[t]);
  free(stability->basis);
  jacobian_free(stability->jacobian);
  probe_free(stability->probe);
  free(stability);
}

int64_t stability_batch(const struct stability *stability, const struct schedule *schedule, int stage, int64_t n) {
  const int64_t samples = stability->data->samples, batch = schedule_batch(schedule, stage, n, samples);
  return batch == samples ? 0 : batch;
}

double kernel_bounds_limit(const struct kernel_bounds *bounds, int64_t batch, const struct loss_spec *loss,
                           const struct update_spec *update) {
  const double P = (double)batch, curvature = loss_row(loss)->curvature(loss);
  const bool noise = batch > 0 && update_table[update->rule].noise;
  const double rate = noise ? bounds->lambda * (1 - 1 / P) + bounds->diagonal / P : bounds->lambda;
  return update_limit(update, curvature * rate);
}

/* ---- one network ---- */

struct product {
  struct stability *stability;
  const struct local_network *local;
  int team; /* index of the team that computes (dynamics/team.h) */
};

/* w = (M/N) v, where N is the number of points of the probe. */
static bool apply(void *context, const double *v, double *w) {
  const struct product *product = context;
  const int count = product->stability->probe->count;
  const bool sound = jacobian_apply(product->stability->jacobian, product->local, product->team, v, w);
  for (int p = 0; p < count && sound; p++) w[p] /= count;
  return sound;
}

double stability_diagonal(const struct stability *stability, const struct local_network *local, int team, int points) {
  struct jacobian_batch point[STABILITY_POINTS];
  double *ones = stability->basis[team_of(team, stability->threads).first];
  int count = stability->probe->count < STABILITY_POINTS ? stability->probe->count : STABILITY_POINTS;
  if (points < count) count = points;
  for (int p = 0; p < stability->probe->count; p++) ones[p] = 1;
  for (int p = 0; p < count; p++) point[p] = (struct jacobian_batch){.first = p, .count = 1};
  if (!jacobian_squares(stability->jacobian, local, team, ones, count, point)) return NAN;
  double largest = 0;
  for (int p = 0; p < count; p++) largest = point[p].gradient > largest ? point[p].gradient : largest;
  return largest;
}

static struct kernel_bounds bounds_of(struct stability *stability, const struct local_network *local, int team,
                                      bool diagonal) {
  struct product product = {stability, local, team};
  const struct lanczos_operator operator= {apply, &product};
  const struct rng rng = {0, RNG_LANCZOS, 0, 0};
  double *basis = stability->basis[team_of(team, stability->threads).first];
  rng_normal(&rng, 0, stability->probe->count, basis);
  const struct lanczos largest = lanczos_largest(&operator, stability->probe->count, TOLERANCE, basis);
  return (struct kernel_bounds){.lambda = largest.value,
                                .bound = largest.bound,
                                .products = largest.products,
                                .diagonal =
                                    diagonal ? stability_diagonal(stability, local, team, STABILITY_POINTS) : 0};
}

/* ---- all networks ---- */

/* Sets bounds[s] if the replica index of local network s is below `replicas`. */
static void set_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas, int s,
                       int team, struct kernel_bounds *bounds) {
  const struct local_network *local = &stability->particles->local[s];
  const bool batches = stability_batch(stability, schedule, stage, local->n) > 0;
  if (local->replica < replicas) bounds[s] = bounds_of(stability, local, team, batches);
}

void stability_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas,
                      struct kernel_bounds *bounds) {
  const struct particles *particles = stability->particles;
  const int split = particles->split, locals = particles->locals, threads = stability->threads;
  const bool single_threads = threads > 1 && locals - split >= threads;
  const int shared = single_threads ? split : locals; /* networks that all threads compute together */
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (single_threads)
  for (int s = shared; s < locals; s++)
    set_bounds(stability, schedule, stage, replicas, s, TEAM_SINGLE + omp_get_thread_num(), bounds);
  for (int s = 0; s < shared; s++) set_bounds(stability, schedule, stage, replicas, s, TEAM_LARGE, bounds);
}

int stability_limit(struct stability *stability, const struct schedule *schedule, int stage, double *limit,
                    int64_t *n) {
  const struct particles *particles = stability->particles;
  struct kernel_bounds *bounds = alloc_small(sizeof *bounds * (size_t)(particles->locals + 1));
  stability_bounds(stability, schedule, stage, particles->ensemble.replicas, bounds);
  double least = INFINITY, size = INFINITY;
  for (int s = 0; s < particles->locals; s++) {
    const int64_t own_n = particles->local[s].n;
    const double own = kernel_bounds_limit(&bounds[s], stability_batch(stability, schedule, stage, own_n),
                                           &stability->data->spec.loss, &schedule->update) /
                       schedule_network_dt(1, schedule->stage[stage].dt_power, own_n);
    if (isnan(own)) least = 0;
    if (own < least || isnan(own)) size = (double)own_n;
    if (own < least) least = own;
  }
  free(bounds);
  *limit = comm_min(particles->comm, least);
  *n = (int64_t)comm_min(particles->comm, least == *limit && isfinite(size) ? size : 0x1p62);
  return *limit > 0
             ? OK
             : FAIL(FAILED, "the network of n = %lld has no stable step size: it has diverged (non-finite values)",
                    (long long)*n);
}
