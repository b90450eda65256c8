#include "tangent/stability.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "tangent/lanczos.h"

static const double TOLERANCE = 0.005; /* relative tolerance of lambda */

static int create_local(struct stability *stability, enum isa isa, int probe) {
  const struct particles *particles = stability->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, isa);
  TRY(probe_create(stability->data, &particles->unit, particles->precision, probe, &stability->probe));
  TRY(jacobian_create(particles, kernel, &stability->probe->points, stability->threads, &stability->jacobian));
  for (int t = 0; t < stability->threads; t++)
    TRY(alloc_array((void **)&stability->basis[t], (LANCZOS_MAX + 1) * (int64_t)stability->probe->count, sizeof(double),
                    "vectors of Lanczos's method"));
  return OK;
}

int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, struct stability **out) {
  struct stability *stability = alloc_small(sizeof *stability);
  *stability = (struct stability){.particles = particles, .data = data, .threads = threads};
  stability->basis = calloc((size_t)threads, sizeof *stability->basis);
  if (!stability->basis) die("no memory for %d threads", threads);
  const int status = comm_agree(particles->comm, create_local(stability, isa, probe));
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
  int thread;
};

/* w = (M/N) v, where N is the number of points of the probe. */
static bool apply(void *context, const double *v, double *w) {
  const struct product *product = context;
  const int count = product->stability->probe->count;
  const bool sound = jacobian_apply(product->stability->jacobian, product->local, product->thread, v, w);
  for (int p = 0; p < count && sound; p++) w[p] /= count;
  return sound;
}

static double largest_diagonal(struct stability *stability, const struct local_network *local, int thread,
                               double *ones) {
  struct jacobian_batch point[STABILITY_POINTS];
  const int count = stability->probe->count < STABILITY_POINTS ? stability->probe->count : STABILITY_POINTS;
  for (int p = 0; p < stability->probe->count; p++) ones[p] = 1;
  for (int p = 0; p < count; p++) point[p] = (struct jacobian_batch){.first = p, .count = 1};
  if (!jacobian_squares(stability->jacobian, local, thread, ones, count, point)) return NAN;
  double largest = 0;
  for (int p = 0; p < count; p++) largest = point[p].gradient > largest ? point[p].gradient : largest;
  return largest;
}

static struct kernel_bounds bounds_of(struct stability *stability, const struct local_network *local, int thread,
                                      bool diagonal) {
  struct product product = {stability, local, thread};
  const struct lanczos_operator operator= {apply, &product};
  const struct rng rng = {0, RNG_LANCZOS, 0, 0};
  double *basis = stability->basis[thread < 0 ? 0 : thread];
  rng_normal(&rng, 0, stability->probe->count, basis);
  const struct lanczos largest = lanczos_largest(&operator, stability->probe->count, TOLERANCE, basis);
  return (struct kernel_bounds){.lambda = largest.value,
                                .bound = largest.bound,
                                .products = largest.products,
                                .diagonal = diagonal ? largest_diagonal(stability, local, thread, basis) : 0};
}

/* ---- all networks ---- */

void stability_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas,
                      struct kernel_bounds *bounds) {
  const struct particles *particles = stability->particles;
  const bool dealt = particles->locals - particles->split >= stability->threads;
#pragma omp parallel for num_threads(stability->threads) schedule(dynamic) if (dealt && stability->threads > 1)
  for (int s = dealt ? particles->split : particles->locals; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->replica < replicas)
      bounds[s] =
          bounds_of(stability, local, omp_get_thread_num(), stability_batch(stability, schedule, stage, local->n) > 0);
  }
  for (int s = 0; s < (dealt ? particles->split : particles->locals); s++) {
    const struct local_network *local = &particles->local[s];
    if (local->replica < replicas)
      bounds[s] = bounds_of(stability, local, -1, stability_batch(stability, schedule, stage, local->n) > 0);
  }
}

int stability_limit(struct stability *stability, const struct schedule *schedule, int stage, double *limit,
                    int64_t *n) {
  const struct particles *particles = stability->particles;
  struct kernel_bounds *bounds = alloc_small(sizeof *bounds * (size_t)(particles->locals + 1));
  stability_bounds(stability, schedule, stage, particles->ensemble.replicas, bounds);
  double least = INFINITY, size = INFINITY;
  for (int s = 0; s < particles->locals; s++) {
    const double own =
        kernel_bounds_limit(&bounds[s], stability_batch(stability, schedule, stage, particles->local[s].n),
                            &stability->data->spec.loss, &schedule->update);
    if (isnan(own)) least = 0;
    if (own < least || isnan(own)) size = (double)particles->local[s].n;
    if (own < least) least = own;
  }
  free(bounds);
  *limit = comm_min(particles->comm, least);
  *n = (int64_t)comm_min(particles->comm, least == *limit && isfinite(size) ? size : 0x1p62);
  return *limit > 0 ? OK
                    : FAIL(FAILED, "the network of n = %lld has no stable step size: its numbers left their range",
                           (long long)*n);
}
