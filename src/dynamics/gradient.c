#include "dynamics/gradient.h"

#include <math.h>
#include <omp.h>

#include "base/error.h"
#include "parallel/heartbeat.h"

void *move_own_tile(const struct particles *particles, const struct local_network *local, int64_t t) {
  return (char *)particles->tiles + (size_t)(local->tile + t) * particles->tile_bytes;
}

void move_tile(const struct kernel *kernel, const struct particles *particles, const struct local_network *local,
               int64_t t, const double *grad, double scale, double rate, struct move_sums *sums) {
  if (omp_get_thread_num() == 0) heartbeat_beat(); /* a step may take long */
  const unsigned train = particles->unit.train;
  void *tile = move_own_tile(particles, local, t);
  const int64_t left = local_network_units(local) - t * TILE;
  const int used = (int)(left < TILE ? left : TILE);
  if (sums) {
    double square[TILE], parts[PARTICLE_MEANS];
    kernel->move(particles->d, train, used, scale, 0, grad, tile, square);
    observables_tile(particles->d, used, (double)local->n, tile, precision_stored(particles->precision), square, parts);
    for (int m = 0; m < PARTICLE_MEANS; m++) wide_sum_add(parts[m], sums->limbs[m]);
  }
  if (rate > 0) kernel->move(particles->d, train, used, scale, rate, grad, tile, NULL);
}

void move_sums_add(const struct move_sums *own, struct move_sums *sums) {
#pragma omp critical(move_sums)
  for (int m = 0; m < PARTICLE_MEANS; m++)
    for (int i = 0; i < WIDE_LIMBS; i++) sums->limbs[m][i] += own->limbs[m][i];
}

void move_means(const struct local_network *local, struct move_sums *sums, struct observation *observation) {
  if (local->group) {
    struct comm_sum sum;
    comm_sum_begin(local->group, sums->limbs[0], PARTICLE_MEANS * WIDE_LIMBS, false, &sum);
    comm_sum_end(&sum);
  }
  for (int m = 0; m < PARTICLE_MEANS; m++)
    if (!wide_sum_value(sums->limbs[m], &observation->mean[m])) observation->mean[m] = NAN;
}
