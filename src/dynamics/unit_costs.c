#include "dynamics/unit_costs.h"

#include "dynamics/activations.h"

/* In pairs. Measured with sigmoid units on AVX2 (`mckean bench --only ensembles`, `--only online`), where a pair takes
 * 0.7 to 1.7 ns for d = 5 to 25: a pair of a large network takes 1.45 to 1.65 times as long as one with kept
 * activations; the update of a unit takes 10 to 25 ns; the work for a point that does not depend on n, without drawing
 * and labeling it, 6 to 11 ns. */
static const double RECOMPUTED = 1.5, UPDATE = 12, POINT = 10;

/* In ns: 0.8 for d = 10 and 5.8 for d = 100 on AMD Zen 4, where the times of data->draw_ns and data->label_ns were
 * measured. */
static double pair_ns(int d) {
  return 0.25 + 0.055 * d;
}

static double rounded_up(int64_t count, int lanes) {
  return (double)((count + lanes - 1) / lanes * lanes);
}

/* Returns the cost in pairs of drawing and labeling a batch (dataset_points). */
static double fresh_cost(const struct dataset *data, int64_t batch) {
  const double ns = data->draw_ns * rounded_up(batch, POINT_LANES) + data->label_ns * rounded_up(batch, LABEL_LANES);
  return data->spec.mode == DATA_ONLINE ? ns / pair_ns(data->d) : 0;
}

void unit_costs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                const struct dataset *data, const struct kernel *kernel, int threads, double cost[ENSEMBLE_MAX]) {
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t n = ensemble->n[e], tiles = network_tiles(n);
    cost[e] = TILE * (double)n;
    if (dataset_exact(data->spec.mode)) continue;
    const int64_t batch = schedule_batch(schedule, stage, n, data->samples);
    const bool kept = activations_bytes(kernel, tiles, batch) <= (double)ACTIVATIONS_MAX * threads;
    const double points = POINT * (double)batch + fresh_cost(data, batch);
    cost[e] = TILE * ((kept ? 1 : RECOMPUTED) * (double)batch + UPDATE) + points / (double)tiles;
  }
}
