#include "dynamics/second_moment.h"

#include <omp.h>

#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"
#include "particles/number.h"

/* Returns the contribution of a tile to n P q_n (P points); unused lanes have c = 0. tile: the stored parameters;
 * real: the same as reals for the kernels. */
static double tile_squares(const struct kernel *kernel, size_t stored, const void *tile, const void *real,
                           const struct points *points) {
  double square[TILE] = {0}, sum = 0;
  if (omp_get_thread_num() == 0) heartbeat_beat(); /* a large set takes a long time */
  kernel->squares(real, points, square);
  for (int lane = 0; lane < TILE; lane++) {
    const double c = number_get(stored, tile, (size_t)(ROW_C * TILE + lane));
    sum += c * c * square[lane];
  }
  return sum;
}

void second_moment_means(const struct outputs *outputs, const struct particles *particles, const struct kernel *kernel,
                         int threads, const struct points *points, double *mean) {
  const size_t stored = precision_stored(particles->precision);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t tiles = network_tiles(local_network_units(local));
    int64_t total[WIDE_LIMBS] = {0};
#pragma omp parallel num_threads(threads) if (tiles > 1)
    {
      int64_t own[WIDE_LIMBS] = {0};
#pragma omp for schedule(static)
      for (int64_t t = 0; t < tiles; t++) {
        const void *tile = local_network_tile(particles, local, t, 0);
        const void *real = outputs_real_tiles(outputs, omp_get_thread_num(), tile, 1);
        const double term = tile_squares(kernel, stored, tile, real, points);
        unit_sum_add(UNIT_SUM_WIDE, 1, &term, own);
      }
      unit_sum_merge(WIDE_LIMBS, own, total);
    }
    unit_sum_over_ranks(local, WIDE_LIMBS, total);
    unit_sum_values(UNIT_SUM_WIDE, 1, total, &mean[s]);
    const double scale = ensemble_scale(&particles->ensemble, local->member);
    mean[s] = mean[s] / (double)local->n / (double)points->count * scale * scale;
  }
}
