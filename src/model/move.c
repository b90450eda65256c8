#include "model/move.h"

#include <math.h>

#include "base/status.h"

void *move_own_tile(const struct particles *particles, const struct share *share, int64_t t) {
  return (char *)particles->tiles + (size_t)(share->tile + t) * particles->tile_bytes;
}

void move_tile(const struct kernel *kernel, const struct particles *particles, const struct share *share, int64_t t,
               const double *grad, double scale, double rate, struct move_sums *sums) {
  const unsigned train = particles->unit.train;
  void *tile = move_own_tile(particles, share, t);
  const int64_t left = share_units(share) - t * TILE;
  const int used = (int)(left < TILE ? left : TILE);
  if (sums) {
    double square[TILE], parts[PARTICLE_MEANS];
    kernel->move(particles->d, train, used, scale, 0, grad, tile, square);
    observe_tile(particles->d, used, (double)share->n, tile, precision_stored(particles->precision), square, parts);
    for (int m = 0; m < PARTICLE_MEANS; m++) wide_add(parts[m], sums->limbs[m]);
  }
  if (rate > 0) kernel->move(particles->d, train, used, scale, rate, grad, tile, NULL);
}

void move_sums_add(const struct move_sums *own, struct move_sums *sums) {
#pragma omp critical(move_sums)
  for (int m = 0; m < PARTICLE_MEANS; m++)
    for (int i = 0; i < WIDE_LIMBS; i++) sums->limbs[m][i] += own->limbs[m][i];
}

void move_means(const struct share *share, struct move_sums *sums, struct observation *observation) {
  if (share->group) {
    struct comm_sum sum;
    comm_sum_begin(share->group, sums->limbs[0], PARTICLE_MEANS * WIDE_LIMBS, false, &sum);
    comm_sum_end(&sum);
  }
  for (int m = 0; m < PARTICLE_MEANS; m++)
    if (!wide_value(sums->limbs[m], &observation->mean[m])) observation->mean[m] = NAN;
}

void move_fault_note(struct move_fault *fault, int64_t step, const struct share *share) {
  if (fault->found && (fault->step < step || fault->network < share->network)) return;
  *fault = (struct move_fault){true, step, share->network, share->n, share->replica};
}

int move_fault_check(const struct move_fault *fault) {
  if (!fault->found) return OK;
  return FAIL(
      FAILED,
      "step %lld: the network of n = %lld, replica %lld left the range of numbers (a sum over units was not finite "
      "or beyond 2^39): the step size is too large for it (dynamics.stages[].dt), or the initial law or the data are",
      (long long)fault->step, (long long)fault->n, (long long)fault->replica);
}
