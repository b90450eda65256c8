#include "dynamics/unit_costs.h"

#include "dynamics/activations.h"

/* In pairs. Measured with sigmoid units on AVX2 (`mckean bench --only ensembles`, `--only online`), where a pair takes
 * 0.7 to 1.7 ns for d = 5 to 25: a pair of a large network takes 1.45 to 1.65 times as long as one with kept
 * activations; the update of a unit takes 10 to 25 ns; the work for a point that does not depend on n, 6 to 11 ns;
 * drawing and labeling a point, 50 to 80 ns for d = 5, 85 to 115 ns for d = 10. */
static const double RECOMPUTED = 1.5, UPDATE = 12, POINT = 10, FRESH = 90;

void unit_costs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                const struct dataset *data, const struct kernel *kernel, int threads, double cost[ENSEMBLE_MAX]) {
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t n = ensemble->n[e];
    cost[e] = (double)n;
    if (dataset_exact(data->spec.mode)) continue;
    const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
    const bool kept = activations_bytes(kernel, network_tiles(n), batch) <= (double)ACTIVATIONS_MAX * threads;
    const double point = POINT + (data->spec.mode == DATA_ONLINE ? FRESH : 0);
    cost[e] = ((kept ? 1 : RECOMPUTED) + point / (double)n) * (double)batch + UPDATE;
  }
}
