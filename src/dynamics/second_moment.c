#include "dynamics/second_moment.h"

#include <math.h>
#include <omp.h>

#include "base/exact_sum.h"
#include "parallel/heartbeat.h"

static double stored_c(const struct particles *particles, const char *tile, int lane) {
  return precision_stored(particles->precision) == sizeof(float) ? ((const float *)tile)[FIELD_C * TILE + lane]
                                                                 : ((const double *)tile)[FIELD_C * TILE + lane];
}

/* A tile's part of n q_n P; unused lanes have c = 0. */
static double tile_squares(const struct outputs *forward, struct worker *worker, const char *tile,
                           const struct points *points) {
  double square[TILE] = {0}, sum = 0;
  if (omp_get_thread_num() == 0) heartbeat_beat(); /* many points take long */
  forward->kernel->squares(outputs_real_tiles(forward, worker, tile, 1), points, square);
  for (int lane = 0; lane < TILE; lane++) {
    const double c = stored_c(forward->particles, tile, lane);
    sum += c * c * square[lane];
  }
  return sum;
}

static double network_squares(struct outputs *forward, const struct local_network *local, const struct points *points) {
  const struct particles *particles = forward->particles;
  const int64_t tiles = network_tiles(local_network_units(local));
  const char *first = (const char *)particles->tiles + (size_t)local->tile * particles->tile_bytes;
  int64_t limbs[WIDE_LIMBS] = {0};
#pragma omp parallel num_threads(forward->threads) if (tiles > 1)
  {
    struct worker *worker = &forward->worker[omp_get_thread_num()];
    int64_t own[WIDE_LIMBS] = {0};
#pragma omp for schedule(static)
    for (int64_t t = 0; t < tiles; t++)
      wide_sum_add(tile_squares(forward, worker, first + (size_t)t * particles->tile_bytes, points), own);
#pragma omp critical
    for (int i = 0; i < WIDE_LIMBS; i++) limbs[i] += own[i];
  }
  if (local->group) {
    struct comm_sum sum;
    comm_sum_begin(local->group, limbs, WIDE_LIMBS, false, &sum);
    comm_sum_end(&sum);
  }
  double total;
  return wide_sum_value(limbs, &total) ? total / (double)local->n / (double)points->count : NAN;
}

void second_moment_means(struct outputs *forward, const struct points *points, double *mean) {
  for (int s = 0; s < forward->particles->locals; s++)
    mean[s] = network_squares(forward, &forward->particles->local[s], points);
}
