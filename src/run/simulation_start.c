/* The start of a run: creates the problem, opens the output folder and restores the newest checkpoint. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"
#include "log/slurm.h"
#include "parallel/watchdog.h"
#include "simulation_state.h"
#include "store/history_file.h"
#include "store/output_folder.h"
#include "store/restart.h"

/* Rank 0. Renames the files that cannot be used: newer checkpoints, and then, so that a killed run finds the same
 * checkpoint again, a damaged history. */
static int set_aside(const struct simulation *sim, const struct restart *from) {
  TRY(checkpoint_set_aside(sim->folder, from->info.step));
  return from->previous_history ? history_file_restore(sim->problem.config->output) : OK;
}

static int resume(struct simulation *sim, const struct restart *from, struct dt_segment *segment) {
  const struct checkpoint_info *info = &from->info;
  struct problem *problem = &sim->problem;
  TRY(checkpoint_read(sim->comm, from->path, problem->particles));
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 ? set_aside(sim, from) : OK));
  if (problem->config->isa >= 0 && problem->config->isa != info->isa)
    report_line(&sim->report, "run.isa: continuing with ISA level %s of the checkpoint, not %s", isa_names[info->isa],
                isa_names[problem->config->isa]);
  problem->isa = (enum isa)info->isa;
  sim->step = sim->saved = info->step;
  *segment = info->segment;
  char parent[PATH_BYTES];
  snprintf(parent, sizeof parent, "%s, metadata CRC-32C %08x", from->path, info->crc);
  provenance_set(&sim->provenance, "parent", parent);
  report_line(&sim->report, "resuming from %s (step %lld)", from->path, (long long)sim->step);
  return OK;
}

/* Refuses keys without effect in a new run, and only warns of them in a run that older programs started. Collective. */
static int check_keys(struct simulation *sim, bool resumes) {
  const int status = config_startable(sim->problem.config);
  if (status == OK || !resumes) return status;
  report_line(&sim->report, "warning: keys that a new run would refuse:\n%s", error_text());
  return OK;
}

static void ignore_damaged(void *context, const char *text) {
  (void)context;
  (void)text;
}

/* Returns whether the run will resume from a checkpoint, or be refused because of one. Collective. */
static bool has_checkpoint(const struct simulation *sim) {
  struct checkpoint_info info = {0};
  const char *output = sim->problem.config->output;
  char *path;
  if (sim->options->fresh) return false;
  const int status = restart_newest(sim->comm, output, true, ignore_damaged, NULL, &path, &info, NULL);
  if (status == OK && !path) return false;
  if (status == OK) checkpoint_info_free(&info);
  if (status == OK) free(path);
  return true;
}

/* Creates the particles. Without a checkpoint, sets them to the initial condition. This is done before the output is
 * created, so that an invalid particle file leaves all files unchanged. *initialized: whether they are set. */
static int create_particles(struct simulation *sim, bool *initialized) {
  struct problem *problem = &sim->problem;
  *initialized = !has_checkpoint(sim);
  if (*initialized) TRY(problem_particle_file(problem));
  if (*initialized) TRY(problem_startable(problem));
  TRY(problem_particles(problem, 0));
  return *initialized ? problem_initialize(problem) : OK;
}

/* Checks that the file, whose path is not that in the checkpoint, has the particles with which the run started. The run
 * continues to record the path with which it started, so that it remains comparable with other runs of a study. */
static int check_moved_file(struct simulation *sim, const struct restart *from) {
  struct problem *problem = &sim->problem;
  if (!*from->moved_file) return OK;
  TRY(problem_moved_file(problem));
  memcpy(problem->config->unit.import.path, from->moved_file, sizeof from->moved_file);
  return OK;
}

/* Restores the newest checkpoint, if there is one. *segment: the segment of the checkpoint; unchanged if there is none.
 * Collective. */
static int restore_particles(struct simulation *sim, bool initialized, struct dt_segment *segment) {
  struct problem *problem = &sim->problem;
  struct restart from;
  TRY(restart_find(sim->comm, problem->config, &sim->report, &from));
  int status = check_moved_file(sim, &from);
  if (status == OK && from.path) status = resume(sim, &from, segment);
  if (!from.path && !initialized) /* the checkpoint has been removed since */
    status = FAIL(FAILED, "%s: the checkpoint was removed while the run started; run the command again", sim->folder);
  restart_free(&from);
  return status;
}

/* Records the origin of the initial particles in the provenance, and prints it. */
static void report_initial(struct simulation *sim) {
  const struct problem *problem = &sim->problem;
  const struct unit_spec *unit = &problem->config->unit;
  char text[sizeof unit->import.path + 512], what[384] = "";
  if (!*unit->import.path) return;
  if (problem->file) particle_file_describe(problem->file, unit, &problem->config->ensemble, what, sizeof what);
  snprintf(text, sizeof text, "%s, checksum %s%s%s", unit->import.path, unit->import.checksum, *what ? ": " : "", what);
  provenance_set(&sim->provenance, "initial", text);
  report_line(&sim->report, "initial particles%s: %s", sim->step > 0 ? " of step 0" : "", text);
}

struct opening {
  struct simulation *sim;
  char *aside; /* new name of the old output, or NULL */
};

/* Collective. May be called again after FULL. */
static int open_folder(void *context) {
  struct opening *opening = context;
  struct simulation *sim = opening->sim;
  const char *output = sim->problem.config->output;
  const bool first = sim->comm->rank == 0;
  return comm_agree(sim->comm,
                    first ? output_folder_open(output, sim->options->fresh, &sim->lock, &opening->aside) : OK);
}

static int open_output(struct simulation *sim) {
  const char *output = sim->problem.config->output;
  const struct disk_full policy = simulation_disk_full(sim, false);
  struct opening opening = {.sim = sim};
  TRY(disk_full_write(&policy, open_folder, &opening));
  char *aside = opening.aside;
  const int same = output_folder_same(sim->comm, output);
  if (same != OK) {
    if (aside) (void)FAIL(same, "%s. The files of the old run are in %s", error_text(), aside);
    free(aside);
    return same;
  }
  report_log(&sim->report, output);
  report_line(&sim->report, "mckean %s, %d rank%s, output %s", build_version, sim->comm->size,
              sim->comm->size == 1 ? "" : "s", output);
  if (aside) report_line(&sim->report, "the files of the old run were moved to %s", aside);
  free(aside);
  const size_t size = strlen(output) + 16;
  sim->folder = alloc_small(size);
  sim->log = alloc_small(size);
  snprintf(sim->folder, size, "%s/checkpoints", output);
  snprintf(sim->log, size, "%s/run.log", output);
  watchdog_log(sim->log);
  return OK;
}

static void warn_of_excess_threads(struct simulation *sim) {
  const int threads = sim->problem.config->threads, excess = comm_oversubscription(sim->comm, threads);
  if (excess > 0)
    report_line(
        &sim->report,
        "warning: %d more threads than the processors they may use: they will slow one another down; start fewer "
        "ranks or threads, or change the binding (srun --cpus-per-task=%d, mpirun --bind-to none)",
        excess, threads);
}

static void warn_of_unused_processors(struct simulation *sim) {
  char text[SLURM_TEXT];
  if (sim->comm->rank == 0 && slurm_unused(sim->comm->size, sim->problem.config->threads, text))
    report_line(&sim->report, "warning: %s", text);
}

static void report_own_times(struct simulation *sim) {
  const struct schedule *schedule = &sim->problem.config->schedule;
  if (!schedule_dt_varies(schedule, sim->steps)) return;
  char dt[STEP_SIZE_TEXT], time[STEP_SIZE_TEXT];
  step_size_dt_text(&sim->step_size, dt);
  step_size_time_text(&sim->step_size, sim->step, time);
  report_line(&sim->report,
              "dt_power: sizes have different step sizes, and different t at the same step; at step %lld t = %s%s%s",
              (long long)sim->step, time, sim->step_size.segment.dt > 0 ? ", dt = " : "",
              sim->step_size.segment.dt > 0 ? dt : "");
}

/* Ends the set-up if a signal or the time limit requests it. Collective. STOPPED: it does. */
static int check_stop(struct simulation *sim) {
  const char *reason;
  if (stop_ask(&sim->stop, &reason) != STOP_END) return OK;
  report_line(&sim->report, "%s during set-up", reason);
  return STOPPED;
}

/* Creates the problem, opens the output and restores the newest checkpoint. *segment: as for restore_particles. */
static int set_up(struct simulation *sim, struct dt_segment *segment) {
  bool initialized;
  TRY(problem_isa(&sim->problem));
  TRY(check_keys(sim, has_checkpoint(sim)));
  if (!sim->options->fresh) TRY(restart_keep(sim->comm, sim->problem.config));
  TRY(check_stop(sim));
  TRY(problem_data(&sim->problem)); /* before the output is created: with invalid data, no file may change */
  TRY(check_stop(sim));
  TRY(create_particles(sim, &initialized));
  TRY(check_stop(sim));
  TRY(open_output(sim));
  return restore_particles(sim, initialized, segment);
}

int simulation_start(struct simulation *sim, bool *complete) {
  struct problem *problem = &sim->problem;
  const struct config *config = problem->config;
  struct dt_segment segment = {0};
  bool has_last_row = false;
  provenance_fill(sim->comm, sim->options->argc, sim->options->argv, &sim->provenance);
  TRY(set_up(sim, &segment));
  sim->start = sim->step;
  sim->history = history_create(sim->comm, config, problem->data, sim->start);
  if (sim->start > 0) TRY(history_check(sim->comm, config, problem->data, sim->start, &has_last_row));
  sim->echo = config_echo(config);
  report_initial(sim);
  simulation_print_header(sim);
  warn_of_excess_threads(sim);
  warn_of_unused_processors(sim);
  *complete = sim->start == sim->steps && has_last_row;
  sim->step_size = step_size_create(problem->particles, problem->data, &config->schedule, problem->isa, config->threads,
                                    sim->start, &segment);
  report_own_times(sim);
  divergence_monitor_start(&sim->monitor);
  if (!*complete) TRY(stability_watch_create(config, &sim->step_size, sim->start, &sim->watch));
  TRY(problem_dynamics(problem));
  for (int e = 0; e < config->ensemble.members; e++)
    dynamics_set_last_dt(problem->dynamics, e,
                         dt_segment_last_dt(&sim->step_size.segment, &config->ensemble, e, sim->start));
  return *complete ? OK : check_stop(sim);
}
