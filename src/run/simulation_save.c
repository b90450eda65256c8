/* Writes history and checkpoints of a run, and checks the lock that protects them. */
#include <stdio.h>

#include "base/error.h"
#include "io/durable_file.h"
#include "io/h5.h"
#include "simulation_state.h"
#include "store/checkpoint.h"
#include "store/history_file.h"

static const double LOCK_EVERY = 1; /* seconds; more frequent checks by many runs would strain the file system */

static int may_write(void *context) {
  const struct simulation *sim = context;
  return lock_check(sim->lock);
}

bool simulation_lost_output(struct simulation *sim) {
  const double now = comm_time();
  if (now - sim->lock_checked_at >= LOCK_EVERY) {
    sim->lock_was_lost = lock_is_lost(sim->lock);
    sim->lock_checked_at = now;
  }
  return sim->lock_was_lost;
}

int simulation_check_finite(struct simulation *sim, bool units) {
  struct problem *problem = &sim->problem;
  if (dynamics_check(problem->dynamics, sim->step, units) == OK) return OK;
  return divergence_monitor_explain(&sim->monitor, &sim->watch, problem, sim->folder, sim->saved, sim->step);
}

int simulation_results(const struct simulation *sim, struct summary_stability *stability, struct loss_row *losses) {
  const struct config *config = sim->problem.config;
  char path[PATH_BYTES];
  struct h5 *file = NULL;
  if (sim->comm->rank != 0) return 0;
  snprintf(path, sizeof path, "%s/history.h5", config->output);
  int status = history_file_open(path, &file), sizes = config->ensemble.members;
  for (int e = 0; e < sizes && status == OK; e++) {
    status = history_stability(file, config, e, &stability[e]);
    if (status == OK) status = history_losses(file, config, e, &losses[e]);
  }
  h5_close(file);
  return status == OK ? sizes : 0;
}

static int write_checkpoint(struct simulation *sim, int64_t *bytes) {
  const struct problem *problem = &sim->problem;
  const struct config *config = problem->config;
  const struct checkpoint_request request = {.folder = sim->folder,
                                             .step = sim->step,
                                             .time = step_size_time(&sim->step_size, 0, sim->step),
                                             .segment = sim->step_size.segment,
                                             .seed = config->seed,
                                             .update = config->schedule.update.rule,
                                             .isa = problem->isa,
                                             .io = (enum parallel_write_io)config->io,
                                             .config = sim->echo,
                                             .provenance = &sim->provenance,
                                             .may_write = may_write,
                                             .context = sim};
  TRY(checkpoint_write(sim->comm, &request, problem->particles, bytes));
  sim->saved = sim->step;
  int status = OK;
  if (sim->comm->rank == 0) status = may_write(sim);
  if (sim->comm->rank == 0 && status == OK) status = checkpoint_rotate(sim->folder, config->keep, &config->snapshots);
  return comm_agree(sim->comm, status);
}

/* Corrects the balance of the work of the ranks before further steps. Collective. */
static int correct_balance(struct simulation *sim) {
  double excess = 0;
  if (sim->step < sim->steps) TRY(dynamics_correct_balance(sim->problem.dynamics, &excess));
  if (excess > 0 && sim->lock && !simulation_lost_output(sim))
    report_note(&sim->report,
                "step %lld: redistributed the units, because the busiest rank had %.0f %% more work than the mean",
                (long long)sim->step, 100 * excess);
  return OK;
}

/* Writes the history and then the checkpoint of the current step, after which units may move to other ranks.
 * Collective. May be called again after FULL. */
static int write_files(void *context) {
  struct simulation *sim = context;
  const double began = comm_time();
  int64_t bytes;
  TRY(simulation_check_finite(sim, true));
  TRY(history_write(sim->history, sim->step, &sim->provenance, may_write, sim));
  if (sim->saved == sim->step) return OK;
  TRY(write_checkpoint(sim, &bytes));
  TRY(correct_balance(sim)); /* counts as a part of the save when the time limit is approached */
  sim->summary.checkpoints++;
  sim->summary.bytes += (double)bytes;
  stop_saved(&sim->stop, began);
  if (sim->lock && !simulation_lost_output(sim)) /* if the output is lost, run.log belongs to another run */
    report_note(&sim->report, "checkpoint of step %lld: %.4g MB in %.3g s; will stop %.3g s before a time limit",
                (long long)sim->step, 1e-6 * (double)bytes, comm_time() - began, stop_margin(&sim->stop));
  return OK;
}

struct disk_full simulation_disk_full(struct simulation *sim, bool ending) {
  return (struct disk_full){sim->comm, sim->problem.config->on_full, ending, &sim->stop, &sim->report};
}

int simulation_save(struct simulation *sim, bool ending) {
  if (sim->saved == sim->step && !history_pending(sim->history)) return OK;
  struct work since = simulation_work(sim);
  const struct disk_full policy = simulation_disk_full(sim, ending);
  const double before = sim->stop.waited;
  const int status = disk_full_write(&policy, write_files, sim);
  const double waited = sim->stop.waited - before;
  sim->began += waited;
  since.seconds += waited;
  simulation_add_work(sim, PHASE_SAVE, &since);
  return status;
}

bool simulation_save_due(const struct simulation *sim) {
  const struct config *config = sim->problem.config;
  const int64_t every = config->checkpoint_every;
  return (every > 0 && sim->step > 0 && sim->step % every == 0) || steps_hold(&config->snapshots, sim->step);
}
