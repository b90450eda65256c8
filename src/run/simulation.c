#include "run/simulation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "log/next_commands.h"
#include "log/restart_command.h"
#include "log/slurm.h"
#include "parallel/watchdog.h"
#include "simulation_state.h"

/* ---- the time loop ---- */

/* About every 0.2 s, the ranks agree on errors and on requests to save or to stop. *request: the request to serve
 * before the next step. Collective. */
static int poll(struct simulation *sim, enum stop_request *request) {
  *request = STOP_NONE;
  if (!stop_due(&sim->stop, sim->step)) return OK;
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 && simulation_lost_output(sim) ? lock_check(sim->lock) : OK));
  TRY(simulation_check_finite(sim, false));
  divergence_monitor_warn(&sim->monitor, &sim->watch, sim->step, &sim->report);
  const char *reason;
  *request = stop_agree(&sim->stop, sim->step, &reason);
  if (reason) report_line(&sim->report, "%s at step %lld", reason, (long long)sim->step);
  if (*sim->stop.remark) report_line(&sim->report, "%s", sim->stop.remark);
  simulation_print_progress(sim, sim->lock && simulation_lost_output(sim));
  return OK;
}

/* Records the last history row and, if due, the last field. Moves no units. Saves. */
static int finish(struct simulation *sim) {
  TRY(simulation_record_field(sim));
  stability_watch_step(&sim->watch, sim->step, sim->step == sim->start, sim->history, &sim->report);
  simulation_step(sim, 0);
  return simulation_save(sim, false);
}

/* Each iteration enters the stage of the step, sets dt, saves if a checkpoint is due, and records f_n if a field is
 * due. simulation_step (simulation_record.c) then calls dynamics_step, which observes the networks if a row of the
 * history is due and moves all units. */
static int loop(struct simulation *sim) {
  struct dynamics *dynamics = sim->problem.dynamics;
  const struct schedule *schedule = &sim->problem.config->schedule;
  const int64_t stop_at = sim->options->stop_at;
  enum stop_request request = STOP_NONE;
  for (;;) {
    TRY(dynamics_enter_stage(dynamics, schedule_stage(schedule, sim->step)));
    TRY(step_size_enter(&sim->step_size, sim->step));
    if (sim->step == sim->steps) return finish(sim);
    const bool end = request == STOP_END || (stop_at >= 0 && sim->step >= stop_at);
    if (end || request == STOP_CHECKPOINT || simulation_save_due(sim)) TRY(simulation_save(sim, request == STOP_END));
    if (end) return STOPPED;
    TRY(simulation_record_field(sim));
    stability_watch_step(&sim->watch, sim->step, sim->step == sim->start, sim->history, &sim->report);
    simulation_step(sim, sim->step_size.segment.dt);
    sim->step++;
    TRY(poll(sim, &request));
  }
}

/* ---- start and end ---- */

static struct summary_run summary_of(const struct simulation *sim, int status) {
  return (struct summary_run){.config = sim->problem.config,
                              .data = sim->problem.data,
                              .d = sim->problem.target->d,
                              .isa = sim->problem.isa,
                              .first = sim->start,
                              .step = sim->step,
                              .steps = sim->steps,
                              .complete = status == OK,
                              .seconds = comm_time() - sim->began};
}

static void report_end(struct simulation *sim, int status) {
  const struct config *config = sim->problem.config;
  char text[STEP_SIZE_TEXT];
  struct summary_stability stability[ENSEMBLE_MAX];
  struct loss_row losses[ENSEMBLE_MAX];
  struct summary_run run = summary_of(sim, status);
  run.stability = stability;
  run.losses = losses;
  run.sizes = simulation_results(sim, stability, losses);
  summary_report(&sim->summary, sim->comm, &run, &sim->report);
  step_size_time_text(&sim->step_size, sim->steps, text);
  if (status == OK)
    report_line(&sim->report, "complete: %lld steps, t = %s, in %s", (long long)sim->steps, text, config->output);
  step_size_dt_text(&sim->step_size, text);
  if (status == OK && schedule_auto(&config->schedule, sim->steps) && sim->step_size.segment.dt > 0)
    report_line(&sim->report, "dt: auto: the last dt is %s; history.h5 contains all dt", text);
  if (status == OK) next_commands_print(&sim->report, config->output);
}

static void report_stop(struct simulation *sim) {
  if (sim->comm->rank != 0) return;
  char *command = restart_command(sim->comm->size);
  report_line(&sim->report, "stopped at step %lld of %lld; to resume, unless a job does it automatically:\n%s",
              (long long)(sim->saved < 0 ? 0 : sim->saved), (long long)sim->steps, command);
  free(command);
}

static int run_loop(struct simulation *sim) {
  const struct particles *particles = sim->problem.particles;
  const double bytes = (double)particles->tile_count * (double)particles->tile_bytes * sim->comm->size;
  sim->began = comm_time();
  if (sim->comm->rank == 0) summary_clear_failure(sim->problem.config->output);
  stop_begin(&sim->stop, sim->step, bytes, &sim->report);
  const int status = loop(sim);
  if (status == OK || status == STOPPED) report_end(sim, status);
  return status;
}

static void free_simulation(struct simulation *sim) {
  if (sim->lock && lock_is_ours(sim->lock)) live_remove(sim->problem.config->output);
  lock_release(sim->lock);
  report_close(&sim->report);
  history_free(sim->history);
  stability_watch_free(&sim->watch);
  step_size_free(&sim->step_size);
  problem_free(&sim->problem);
  watchdog_log(NULL);
  free(sim->log);
  free(sim->folder);
  free(sim->echo);
}

/* For users who see only the log, and for `mckean status`. */
static void report_failure(struct simulation *sim, int status) {
  const struct summary_run run = summary_of(sim, status);
  char *reason = strdup(error_text());
  report_note(&sim->report, "failed: %s", reason ? reason : "");
  if (sim->began > 0 && reason && !summary_fail(&run, reason))
    report_note(&sim->report, "summary.json could not be written: %s", error_text());
  (void)FAIL(status, "%s", reason ? reason : "");
  free(reason);
}

int simulation_run(const struct comm *comm, const struct config *config, const struct simulation_options *options) {
  const struct stop_options stop = {comm_time, slurm_left, options->max_wall, 60 * config->checkpoint_minutes,
                                    config->output};
  struct simulation sim = {.comm = comm,
                           .options = options,
                           .problem = {.comm = comm, .config = alloc_small(sizeof *config)},
                           .report = report_create(comm->rank == 0),
                           .steps = schedule_steps(&config->schedule),
                           .saved = -1,
                           .lock_checked_at = -INFINITY,
                           .live_at = -INFINITY};
  bool complete = false;
  sim.report.verbose = options->verbose;
  *sim.problem.config = *config;
  sim.stop = stop_create(comm, &stop);
  int status = simulation_start(&sim, &complete);
  if (status == OK && complete)
    report_line(&sim.report, "already complete: %lld steps; add steps to dynamics.stages to continue",
                (long long)sim.steps);
  else if (status == OK)
    status = run_loop(&sim);
  if (status == STOPPED) report_stop(&sim);
  if (status != OK && status != STOPPED && sim.lock && lock_is_ours(sim.lock)) report_failure(&sim, status);
  free_simulation(&sim);
  return status;
}
