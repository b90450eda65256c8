#include "run/plan.h"

#include "model/particles.h"
#include "model/schedule.h"

void plan_report(const struct comm *comm, const struct config *config, const struct data *data, struct report *report) {
  const double field = (double)precision_stored((enum precision)config->precision) * (data->d + FIELD_A);
  double pairs = 0, memory = 0, disk = 0;
  for (int e = 0; e < config->ensemble.members; e++) {
    const double replicas = (double)config->ensemble.replicas, n = (double)config->ensemble.n[e] * replicas;
    memory += (double)network_tiles(config->ensemble.n[e]) * TILE * replicas * field;
    disk += n * field;
    for (int s = 0; s < config->schedule.stages; s++)
      pairs += n * (double)config->schedule.stage[s].steps *
               schedule_cost(&config->schedule, s, config->ensemble.n[e], data);
  }
  report_line(report, "dry run: %lld steps, %.3g (unit x sample) pairs; particles: %.3f GB, about %.3f GB a rank",
              (long long)schedule_steps(&config->schedule), pairs, memory * 1e-9, memory * 1e-9 / comm->size);
  report_line(report, "each checkpoint: %.3f GB; nothing was written", disk * 1e-9);
}
