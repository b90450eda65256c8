#include "tangent/stability.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"

static const double TOLERANCE = 0.005; /* relative tolerance of lambda */

/* ---- sources of lambda ---- */

struct product {
  const struct stability *stability;
  const struct local_network *local;
  int team; /* index of the team that computes (dynamics/team.h) */
  int points;
};

struct stability_source {
  const char *name; /* of the operator */
  /* *size: the largest number of components of a vector. */
  int (*create)(struct stability *stability, enum isa isa, int probe, enum probe_order order, int64_t *size);
  int64_t (*size)(const struct product *product);          /* number of components of a vector */
  bool (*start)(const struct product *product, double *v); /* projects v onto the domain of the operator */
  bool (*apply)(void *context, const double *v, double *w);
};

static int kernel_create(struct stability *stability, enum isa isa, int probe, enum probe_order order, int64_t *size) {
  const struct particles *particles = stability->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, isa);
  TRY(probe_create(stability->data, &particles->unit, particles->precision, probe, order, &stability->probe));
  *size = stability->probe->count;
  return jacobian_create(particles, kernel, &stability->probe->points, stability->threads, &stability->jacobian);
}

static int64_t kernel_size(const struct product *product) {
  return product->points;
}

static bool kernel_start(const struct product *product, double *v) {
  (void)product;
  (void)v;
  return true;
}

/* w = (M/N) v on the first N points of the probe. */
static bool kernel_apply(void *context, const double *v, double *w) {
  const struct product *product = context;
  const int count = product->points;
  const bool sound =
      jacobian_apply_between(product->stability->jacobian, product->local, product->team, 0, count, v, 0, count, w);
  for (int p = 0; p < count && sound; p++) w[p] /= count;
  return sound;
}

static int hessian_create(struct stability *stability, enum isa isa, int probe, enum probe_order order, int64_t *size) {
  (void)isa, (void)probe, (void)order;
  *size = potential_hessian_size(stability->particles, ensemble_largest_n(&stability->particles->ensemble));
  return potential_hessian_create(stability->particles, stability->data, stability->threads, &stability->hessian);
}

static int64_t hessian_size(const struct product *product) {
  return potential_hessian_size(product->stability->particles, product->local->n);
}

static bool hessian_start(const struct product *product, double *v) {
  return potential_hessian_start(product->stability->hessian, product->local, product->team, v);
}

static bool hessian_apply(void *context, const double *v, double *w) {
  const struct product *product = context;
  return potential_hessian_apply(product->stability->hessian, product->local, product->team, v, w);
}

static const struct stability_source *source_of(const struct dataset *data) {
  static const struct stability_source kernel = {"the tangent kernel", kernel_create, kernel_size, kernel_start,
                                                 kernel_apply},
                                       hessian = {"the Hessian of the loss", hessian_create, hessian_size,
                                                  hessian_start, hessian_apply};
  return data->spec.mode == DATA_RKHS ? &hessian : &kernel;
}

const char *stability_operator(const struct dataset *data) {
  return source_of(data)->name;
}

struct lanczos stability_lambda(const struct stability *stability, const struct local_network *local, int team,
                                int points, int products, double tolerance) {
  struct product product = {stability, local, team, points};
  const struct stability_source *source = stability->source;
  const struct lanczos_operator operator= {source->apply, &product};
  const struct rng rng = {0, RNG_LANCZOS, 0, 0};
  const int64_t size = source->size(&product);
  double *basis = stability->basis[team_of(team, stability->threads).first];
  rng_normal(&rng, 0, size, basis);
  if (!source->start(&product, basis)) return (struct lanczos){.value = NAN, .bound = NAN};
  struct lanczos largest = lanczos_limited(&operator, size, tolerance, products, basis);
  if (largest.value < 0) largest.value = 0; /* no direction limits dt */
  return largest;
}

/* ---- create ---- */

static int create_local(struct stability *stability, enum isa isa, int probe, enum probe_order order) {
  int64_t size;
  TRY(stability->source->create(stability, isa, probe, order, &size));
  for (int t = 0; t < stability->threads; t++)
    TRY(alloc_array((void **)&stability->basis[t], (LANCZOS_MAX + 1) * size, sizeof(double),
                    "vectors of Lanczos's method"));
  return OK;
}

int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, enum probe_order order, struct stability **out) {
  struct stability *stability = alloc_small(sizeof *stability);
  *stability = (struct stability){.particles = particles, .data = data, .source = source_of(data), .threads = threads};
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
  potential_hessian_free(stability->hessian);
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
  const int points = stability->probe ? stability->probe->count : 0;
  const struct lanczos largest = stability_lambda(stability, local, team, points, LANCZOS_MAX, TOLERANCE);
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
