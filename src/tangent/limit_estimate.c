#include "tangent/limit_estimate.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "tangent/lanczos.h"
#include "tangent/stability.h"

/* Relative tolerance of lambda: for the whole fixed set, and for a sample. */
static const double TOLERANCE = 0.005, SAMPLE_TOLERANCE = 0.02;

/* Allowance for rounding in dt/limit of a whole set. */
static const double WHOLE_ROUNDING = 1e-4;

/* ---- create ---- */

/* The points of the largest whole set, or of two samples. */
static int probe_points(const struct dataset *data) {
  const bool whole = data->samples > 0 && data->samples <= LIMIT_PLAN_WHOLE;
  return whole ? (int)data->samples : 2 * LIMIT_PLAN_SAMPLE;
}

static int create_local(struct limit_estimator *estimator, enum isa isa) {
  const struct particles *particles = estimator->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, isa);
  const int points = probe_points(estimator->data);
  TRY(probe_create_spread(estimator->data, &particles->unit, particles->precision, points, &estimator->probe));
  TRY(jacobian_create(particles, kernel, &estimator->probe->points, estimator->threads, &estimator->jacobian));
  for (int t = 0; t < estimator->threads; t++)
    TRY(alloc_array((void **)&estimator->basis[t], (LANCZOS_MAX + 1) * (int64_t)points, sizeof(double),
                    "vectors of Lanczos's method"));
  return OK;
}

int limit_estimator_create(const struct particles *particles, const struct dataset *data,
                           const struct schedule *schedule, enum isa isa, int threads, struct limit_estimator **out) {
  struct limit_estimator *estimator = alloc_small(sizeof *estimator);
  *estimator = (struct limit_estimator){.particles = particles, .data = data, .schedule = schedule, .threads = threads};
  estimator->basis = calloc((size_t)threads, sizeof *estimator->basis);
  if (!estimator->basis) die("no memory for %d threads", threads);
  const int status = comm_agree(particles->comm, create_local(estimator, isa));
  if (status != OK) {
    limit_estimator_free(estimator);
    return status;
  }
  *out = estimator;
  return OK;
}

void limit_estimator_free(struct limit_estimator *estimator) {
  if (!estimator) return;
  for (int t = 0; t < estimator->threads; t++) free(estimator->basis[t]);
  free(estimator->basis);
  jacobian_free(estimator->jacobian);
  probe_free(estimator->probe);
  free(estimator);
}

/* ---- one network ---- */

/* The network and the points of an estimate: all of the fixed set, or points 0 .. points-1 as A and the next as B. */
struct estimate {
  struct limit_estimator *estimator;
  const struct local_network *local;
  int team, points, products;
  bool whole;
};

/* w = (M_AA/N) v */
static bool apply(void *context, const double *v, double *w) {
  const struct estimate *estimate = context;
  const int count = estimate->points;
  const bool sound =
      jacobian_apply_between(estimate->estimator->jacobian, estimate->local, estimate->team, 0, count, v, 0, count, w);
  for (int p = 0; p < count && sound; p++) w[p] /= count;
  return sound;
}

/* *quotient = q_B, *error = its standard error. basis: vector 0 is u, vector 1 is work space. */
static bool second_sample(const struct estimate *estimate, double lambda, double *basis, double *quotient,
                          double *error) {
  const int N = estimate->points;
  double *w = basis + N, mean = 0, square = 0;
  if (!jacobian_apply_between(estimate->estimator->jacobian, estimate->local, estimate->team, 0, N, basis, N, N, w))
    return false;
  for (int p = 0; p < N; p++) mean += w[p] * w[p] / N;
  for (int p = 0; p < N; p++) square += (w[p] * w[p] - mean) * (w[p] * w[p] - mean);
  *quotient = mean / (N * lambda);
  *error = sqrt(square / (N - 1.0) / N) / (N * lambda);
  return true;
}

/* Returns sup M(x,x) over the first points of the probe; NAN: not finite. */
static double largest_diagonal(const struct estimate *estimate, double *ones) {
  struct jacobian_batch point[STABILITY_POINTS];
  const struct limit_estimator *estimator = estimate->estimator;
  const int all = estimator->probe->count,
            count = estimate->points < STABILITY_POINTS ? estimate->points : STABILITY_POINTS;
  double largest = 0;
  for (int p = 0; p < all; p++) ones[p] = 1;
  for (int p = 0; p < count; p++) point[p] = (struct jacobian_batch){.first = p, .count = 1};
  if (!jacobian_squares(estimator->jacobian, estimate->local, estimate->team, ones, count, point)) return NAN;
  for (int p = 0; p < count; p++) largest = point[p].gradient > largest ? point[p].gradient : largest;
  return largest;
}

/* Sets lambda, bound, error, points and products; *diagonal: sup M(x,x), 0 unless requested. */
static void set_lambda(struct estimate *estimate, bool batches, struct network_limit *result, double *diagonal) {
  const struct lanczos_operator operator= {apply, estimate};
  const struct rng rng = {0, RNG_LANCZOS, 0, 0};
  double *basis = estimate->estimator->basis[team_of(estimate->team, estimate->estimator->threads).first];
  rng_normal(&rng, 0, estimate->points, basis);
  const struct lanczos largest = lanczos_limited(
      &operator, estimate->points, estimate->whole ? TOLERANCE : SAMPLE_TOLERANCE, estimate->products, basis);
  *result = (struct network_limit){.lambda = largest.value,
                                   .bound = largest.bound,
                                   .error = largest.bound,
                                   .points = estimate->points,
                                   .products = largest.products};
  *diagonal = 0;
  if (!estimate->whole && largest.value > 0) {
    double quotient = NAN, error = NAN;
    lanczos_vector(&largest, estimate->points, basis);
    if (!second_sample(estimate, largest.value, basis, &quotient, &error)) quotient = NAN;
    const double half = (largest.value - quotient) / 2;
    result->lambda = (largest.value + quotient) / 2;
    result->error = sqrt(half * half + error * error + largest.bound * largest.bound);
  }
  if (batches) *diagonal = largest_diagonal(estimate, basis);
  if (!isfinite(result->lambda) || !isfinite(*diagonal)) result->lambda = NAN;
}

/* Sets the members that follow from lambda, for a network with step size dt and batches of `batch` points, 0: all. */
static void set_ratio(const struct limit_estimator *estimator, int64_t batch, bool whole, double dt, double diagonal,
                      struct network_limit *result) {
  const struct loss_spec *loss = &estimator->data->spec.loss;
  const struct update_spec *update = &estimator->schedule->update;
  const double lambda = result->lambda, low = fmax(lambda - result->error, 0), high = lambda + result->error;
  const struct kernel_bounds at[] = {{.lambda = lambda, .diagonal = diagonal},
                                     {.lambda = low, .diagonal = diagonal},
                                     {.lambda = high, .diagonal = diagonal}};
  result->limit = kernel_bounds_limit(&at[0], batch, loss, update);
  result->ratio = dt / result->limit;
  result->ratio_error =
      (dt / kernel_bounds_limit(&at[2], batch, loss, update) - dt / kernel_bounds_limit(&at[1], batch, loss, update)) /
      2;
  result->above = !(result->ratio - (whole ? WHOLE_ROUNDING : result->ratio_error) <= 1);
}

static void estimate_network(struct limit_estimator *estimator, int stage, const struct limit_size *size,
                             const double *dt, const struct local_network *local, int team,
                             struct network_limit *result) {
  const int64_t samples = estimator->data->samples, P = schedule_batch(estimator->schedule, stage, local->n, samples),
                batch = P == samples ? 0 : P;
  const struct limit_points points[] = {size->first, size->second};
  for (int i = 0; i < 2 && points[i].points > 0; i++) {
    const bool whole = points[i].points == samples;
    struct estimate estimate = {estimator, local, team, points[i].points, points[i].products, whole};
    double diagonal;
    set_lambda(&estimate, batch > 0, result, &diagonal);
    set_ratio(estimator, batch, whole, dt[local->member], diagonal, result);
    if (whole || !(fabs(result->ratio - 1) <= result->ratio_error)) break; /* clear, or not finite */
  }
}

/* ---- all networks ---- */

void limit_estimate(struct limit_estimator *estimator, int stage, const struct limit_size *size, const double *dt,
                    struct network_limit *result) {
  const struct particles *particles = estimator->particles;
  const int split = particles->split, locals = particles->locals, threads = estimator->threads;
  int own = 0; /* networks that this rank computes alone */
  for (int s = split; s < locals; s++) own += particles->local[s].replica < size->replicas;
  const bool single_threads = threads > 1 && own >= threads;
  const int shared = single_threads ? split : locals; /* networks that all threads compute together */
#pragma omp parallel for num_threads(threads) schedule(dynamic) if (single_threads)
  for (int s = shared; s < locals; s++)
    if (particles->local[s].replica < size->replicas)
      estimate_network(estimator, stage, size, dt, &particles->local[s], TEAM_SINGLE + omp_get_thread_num(),
                       &result[s]);
  for (int s = 0; s < shared; s++)
    if (particles->local[s].replica < size->replicas)
      estimate_network(estimator, stage, size, dt, &particles->local[s], TEAM_LARGE, &result[s]);
}
