/* The lines of progress of a run: losses are means over the replicas on all ranks. */
#include <math.h>
#include <stdlib.h>

#include "simulation_state.h"

void simulation_record_loss(struct simulation *sim, const struct observation *observation) {
  const struct particles *particles = sim->problem.particles;
  int member[2];
  ensemble_extremes(&particles->ensemble, &member[0], &member[1]);
  for (int i = 0; i < 2; i++) {
    sim->loss[i] = (struct loss_sum){0};
    for (int s = 0; s < particles->locals; s++) {
      if (!particles->local[s].lead || particles->local[s].member != member[i]) continue;
      sim->loss[i].sum += observation[s].loss;
      sim->loss[i].networks++;
    }
  }
}

/* Computes the mean losses of the smallest and of the largest n, on rank 0. Collective. */
static void mean_losses(const struct simulation *sim, double mean[2]) {
  void *all = NULL;
  comm_gather(sim->comm, sim->loss, sizeof sim->loss, &all, NULL);
  if (!all) return;
  const struct loss_sum(*of_rank)[2] = (const struct loss_sum(*)[2])all;
  for (int i = 0; i < 2; i++) {
    struct loss_sum total = {0};
    for (int r = 0; r < sim->comm->size; r++) {
      total.sum += of_rank[r][i].sum;
      total.networks += of_rank[r][i].networks;
    }
    mean[i] = total.networks > 0 ? total.sum / total.networks / sim->problem.data->loss_0 : NAN;
  }
  free(all);
}

void simulation_print_progress(struct simulation *sim, bool lost) {
  const struct config *config = sim->problem.config;
  const struct dataset *data = sim->problem.data;
  const double seconds = comm_time() - sim->began;
  bool due = sim->comm->rank == 0 && !lost && report_progress_due(&sim->report, seconds);
  double loss[2] = {NAN, NAN};
  comm_bcast(sim->comm, &due, sizeof due, 0);
  if (!due) return;
  mean_losses(sim, loss);
  int smallest, largest;
  ensemble_extremes(&config->ensemble, &smallest, &largest);
  const struct progress progress = {
      .step = sim->step,
      .steps = sim->steps,
      .seconds = seconds,
      .pairs = schedule_work(&config->schedule, &config->ensemble, data, sim->start, sim->step),
      .pairs_left = schedule_work(&config->schedule, &config->ensemble, data, sim->step, sim->steps),
      .n = {config->ensemble.n[smallest], config->ensemble.n[largest]},
      .time = {step_size_time(&sim->step_size, smallest, sim->step),
               step_size_time(&sim->step_size, largest, sim->step)},
      .loss = {loss[0], loss[1]},
      .scale = loss_is_squared(&config->data.loss) ? "C_f" : "loss_0"};
  report_progress(&sim->report, &progress);
}
