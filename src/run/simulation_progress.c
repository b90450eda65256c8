/* The lines of progress and the file `live` of a run. Losses are means over the replicas on all ranks. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "simulation_state.h"

enum { LINE = 1, LIVE = 2 };
static const double LIVE_EVERY = 5; /* seconds */

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
    mean[i] = total.networks > 0 ? total.sum / total.networks / sim->problem.data->scale.loss_0 : NAN;
  }
  free(all);
}

static void update_live(struct simulation *sim, const struct progress *progress) {
  struct live live = {.step = progress->step,
                      .steps = progress->steps,
                      .seconds_left = progress->seconds * progress->pairs_left / progress->pairs,
                      .time = progress->time[0]};
  snprintf(live.scale, sizeof live.scale, "%s", progress->scale);
  for (int i = 0; i < 2; i++) {
    live.n[i] = progress->n[i];
    live.loss[i] = progress->loss[i];
  }
  live_write(sim->problem.config->output, &live);
  sim->live_at = comm_time();
}

/* Returns what is due, on rank 0: LINE, LIVE or both. */
static int due_on_rank_0(const struct simulation *sim, double seconds) {
  const bool live = comm_time() - sim->live_at >= LIVE_EVERY;
  return (report_progress_due(&sim->report, seconds) ? LINE : 0) | (live ? LIVE : 0);
}

void simulation_print_progress(struct simulation *sim, bool lost) {
  const struct config *config = sim->problem.config;
  const struct dataset *data = sim->problem.data;
  const double seconds = comm_time() - sim->began;
  int due = sim->comm->rank == 0 && !lost ? due_on_rank_0(sim, seconds) : 0;
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
  if (due & LINE) report_progress(&sim->report, &progress);
  if (due & LIVE && sim->lock) update_live(sim, &progress);
}
