#include "dynamics/unit_costs.h"

#include "dynamics/activations.h"

/* Measured with sigmoid units on AVX2: 1.45 at d = 25 (ratio of times per pair for n = 65,536 and n = 256), and 10 to
 * 25 ns for the update of a unit, compared with 0.8 to 1.8 ns for a pair. */
static const double RECOMPUTED = 1.5, UPDATE = 12;

void unit_costs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                const struct dataset *data, const struct kernel *kernel, int threads, double cost[ENSEMBLE_MAX]) {
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t n = ensemble->n[e];
    cost[e] = (double)n;
    if (data->spec.mode == DATA_POPULATION) continue;
    const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
    const bool kept = activations_bytes(kernel, network_tiles(n), batch) <= (double)ACTIVATIONS_MAX * threads;
    cost[e] = (kept ? 1 : RECOMPUTED) * (double)batch + UPDATE;
  }
}
