#include "tangent/limit_estimate.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

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

int limit_estimator_create(const struct particles *particles, const struct dataset *data,
                           const struct schedule *schedule, enum isa isa, int threads, struct limit_estimator **out) {
  struct stability *stability;
  TRY(stability_create(particles, data, isa, threads, probe_points(data), PROBE_SPREAD, &stability));
  *out = alloc_small(sizeof **out);
  **out = (struct limit_estimator){schedule, stability};
  return OK;
}

void limit_estimator_free(struct limit_estimator *estimator) {
  if (!estimator) return;
  stability_free(estimator->stability);
  free(estimator);
}

/* ---- one network ---- */

/* The network and the points of an estimate: all of the fixed set, or points 0 .. points-1 as A and the next as B. */
struct estimate {
  const struct stability *stability;
  const struct local_network *local;
  int team, points, products;
  bool whole;
};

/* *quotient = q_B, *error = its standard error. basis: vector 0 is u, vector 1 is work space. */
static bool second_sample(const struct estimate *estimate, double lambda, double *basis, double *quotient,
                          double *error) {
  const int N = estimate->points;
  double *w = basis + N, mean = 0, square = 0;
  if (!jacobian_apply_between(estimate->stability->jacobian, estimate->local, estimate->team, 0, N, basis, N, N, w))
    return false;
  for (int p = 0; p < N; p++) mean += w[p] * w[p] / N;
  for (int p = 0; p < N; p++) square += (w[p] * w[p] - mean) * (w[p] * w[p] - mean);
  *quotient = mean / (N * lambda);
  *error = sqrt(square / (N - 1.0) / N) / (N * lambda);
  return true;
}

/* Sets lambda, bound, error, points and products; *diagonal: sup M(x,x), 0 unless requested. */
static void set_lambda(struct estimate *estimate, bool batches, struct network_limit *result, double *diagonal) {
  double *basis = estimate->stability->basis[team_of(estimate->team, estimate->stability->threads).first];
  const struct lanczos largest =
      stability_lambda(estimate->stability, estimate->local, estimate->team, estimate->points, estimate->products,
                       estimate->whole ? TOLERANCE : SAMPLE_TOLERANCE);
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
  if (batches) *diagonal = stability_diagonal(estimate->stability, estimate->local, estimate->team, estimate->points);
  if (!isfinite(result->lambda) || !isfinite(*diagonal)) result->lambda = NAN;
}

void limit_estimate_ratio(const struct loss_spec *loss, const struct update_spec *update, int64_t batch,
                          double diagonal, bool whole, double dt, struct network_limit *result) {
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

double limit_estimate_diagonal(const struct loss_spec *loss, const struct update_spec *update, int64_t batch,
                               const struct network_limit *result) {
  if (batch == 0 || !update_table[update->rule].noise) return NAN;
  const struct kernel_bounds zero = {.lambda = result->lambda}, one = {.lambda = result->lambda, .diagonal = 1};
  const double at_zero = 1 / kernel_bounds_limit(&zero, batch, loss, update),
               at_one = 1 / kernel_bounds_limit(&one, batch, loss, update);
  return (1 / result->limit - at_zero) / (at_one - at_zero);
}

static void estimate_network(struct limit_estimator *estimator, int stage, const struct limit_size *size,
                             const double *dt, const struct local_network *local, int team,
                             struct network_limit *result) {
  const int64_t samples = estimator->stability->data->samples,
                P = schedule_batch(estimator->schedule, stage, local->n, samples), batch = P == samples ? 0 : P;
  const struct limit_points points[] = {size->first, size->second};
  for (int i = 0; i < 2 && points[i].products > 0; i++) {
    const bool whole = points[i].points == samples; /* both are 0 with data.mode: rkhs */
    struct estimate estimate = {estimator->stability, local, team, points[i].points, points[i].products, whole};
    double diagonal;
    set_lambda(&estimate, batch > 0, result, &diagonal);
    limit_estimate_ratio(&estimator->stability->data->spec.loss, &estimator->schedule->update, batch, diagonal, whole,
                         dt[local->member], result);
    if (whole || !(fabs(result->ratio - 1) <= result->ratio_error)) break; /* clear, or not finite */
  }
}

/* ---- all networks ---- */

void limit_estimate(struct limit_estimator *estimator, int stage, const struct limit_size *size, const double *dt,
                    struct network_limit *result) {
  const struct particles *particles = estimator->stability->particles;
  const int split = particles->split, locals = particles->locals, threads = estimator->stability->threads;
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
