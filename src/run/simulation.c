#include "run/simulation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/dataset.h"
#include "dynamics/dynamics.h"
#include "io/durable_file.h"
#include "log/report.h"
#include "log/restart_command.h"
#include "log/slurm.h"
#include "log/summary.h"
#include "particles/particles.h"
#include "run/disk_full.h"
#include "run/divergence_monitor.h"
#include "run/problem.h"
#include "run/step_size.h"
#include "run/stop.h"
#include "store/checkpoint.h"
#include "store/history.h"
#include "store/lock.h"
#include "store/output_folder.h"
#include "store/restart.h"

static const double LOOK_EVERY = 1; /* seconds; a thousand runs at once on one file system are many */

struct simulation {
  const struct comm *comm;
  const struct simulation_options *options;
  struct provenance provenance;
  struct report report;
  struct problem problem; /* its config: the input, with the snapshots of the checkpoint that the run resumes from */
  struct step_size stepsize;
  struct dt_segment kept; /* of the checkpoint it goes on from */
  struct divergence_monitor watch;
  struct history *history;
  struct lock *lock; /* rank 0 */
  double looked;     /* at the lock, time */
  bool lost;         /* as it was seen then */
  struct stop stop;
  char *folder, *echo;
  int64_t start, step, steps; /* first, current, last step */
  int64_t saved;              /* step of the newest checkpoint, -1: none */
  double began;               /* time */
  double loss;                /* of the last row's first own network: for the progress line */
  struct summary summary;
  bool done;
};

/* ---- start ---- */

static int go_on(struct simulation *sim, const struct restart *from) {
  const struct checkpoint_info *info = &from->info;
  TRY(checkpoint_read(sim->comm, from->path, sim->problem.particles));
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 ? checkpoint_set_aside(sim->folder, info->step) : OK));
  if (sim->problem.config->isa >= 0 && sim->problem.config->isa != info->isa)
    report_line(&sim->report, "run.isa: going on with level %s of the checkpoint, not %s", isa_names[info->isa],
                isa_names[sim->problem.config->isa]);
  sim->problem.isa = (enum isa)info->isa;
  sim->step = sim->saved = info->step;
  sim->kept = info->segment;
  char parent[PATH_BYTES];
  snprintf(parent, sizeof parent, "%s, metadata CRC-32C %08x", from->path, info->crc);
  provenance_set(&sim->provenance, "parent", parent);
  report_line(&sim->report, "resuming from %s (step %lld)", from->path, (long long)sim->step);
  return OK;
}

static int find_start(struct simulation *sim) {
  struct restart from;
  TRY(restart_find(sim->comm, sim->problem.config, sim->folder, &sim->report, &from));
  sim->problem.config->snapshots = from.snapshots;
  const int status = from.path ? go_on(sim, &from) : OK;
  if (!from.path) particles_init(sim->problem.particles, sim->problem.config->seed);
  restart_free(&from);
  return status;
}

static int open_output(struct simulation *sim) {
  char *aside = NULL;
  const char *output = sim->problem.config->output;
  const int status = sim->comm->rank == 0 ? output_folder_open(output, sim->options->fresh, &sim->lock, &aside) : OK;
  TRY(comm_agree(sim->comm, status));
  const int alike = output_folder_same(sim->comm, output);
  if (alike != OK) {
    if (aside) (void)FAIL(alike, "%s. The old output is now %s", error_text(), aside);
    free(aside);
    return alike;
  }
  report_log(&sim->report, output);
  report_line(&sim->report, "mckean %s, %d rank%s, output %s", build_version, sim->comm->size,
              sim->comm->size == 1 ? "" : "s", output);
  if (aside) report_line(&sim->report, "the old output is now %s", aside);
  free(aside);
  const size_t size = strlen(output) + 16;
  sim->folder = alloc_small(size);
  snprintf(sim->folder, size, "%s/checkpoints", output);
  return OK;
}

static void warn_if_crowded(struct simulation *sim) {
  const int excess = comm_oversubscription(sim->comm, sim->problem.config->threads);
  if (excess > 0)
    report_line(&sim->report,
                "warning: %d more threads than processors they may run on: they will wait for one another; start fewer "
                "ranks or threads, or bind less tightly (srun --cpus-per-task=%d, mpirun --bind-to none)",
                excess, sim->problem.config->threads);
}

static void say_problem(struct simulation *sim) {
  const struct ensemble_spec *ensemble = &sim->problem.config->ensemble;
  report_header(&sim->report, &sim->provenance, sim->echo);
  report_line(&sim->report, "%d size%s x %lld replicas = %lld networks, %s units, d = %d, %s precision, level %s",
              ensemble->members, ensemble->members == 1 ? "" : "s", (long long)ensemble->replicas,
              (long long)ensemble_networks(ensemble), unit_table[sim->problem.config->unit.type].name,
              sim->problem.target->d, precision_names[sim->problem.config->precision], isa_names[sim->problem.isa]);
  if (isfinite(sim->problem.target->linear_fraction))
    report_line(&sim->report, "target: C_f = %.6g, linear fraction %.3g", sim->problem.data->C_f,
                sim->problem.target->linear_fraction);
  else
    report_line(&sim->report, "target: C_f = %.6g (from the points at hand)", sim->problem.data->C_f);
  if (!(sim->problem.data->C_f > 0 && isfinite(sim->problem.data->C_f)))
    report_line(&sim->report, "warning: C_f is no positive number: the columns loss_over_C_f will not be numbers");
}

static int start(struct simulation *sim) {
  provenance_fill(sim->comm, sim->options->argc, sim->options->argv, &sim->provenance);
  struct problem *problem = &sim->problem;
  TRY(problem_isa(problem));
  TRY(problem_data(problem)); /* before any output: bad data leave no trace */
  TRY(problem_particles(problem, 0));
  TRY(open_output(sim));
  TRY(find_start(sim));
  sim->echo = config_echo(sim->problem.config);
  say_problem(sim);
  warn_if_crowded(sim);
  sim->start = sim->step;
  sim->history = history_create(sim->comm, sim->problem.config, sim->problem.data, sim->start);
  bool final = false;
  if (sim->saved >= 0 && sim->step > 0)
    TRY(history_check(sim->comm, sim->problem.config, sim->problem.data, sim->start, &final));
  sim->done = sim->step == sim->steps && final;
  const struct schedule *schedule = &sim->problem.config->schedule;
  const int threads = sim->problem.config->threads;
  sim->stepsize = step_size_create(sim->problem.particles, sim->problem.data, schedule, sim->problem.isa, threads,
                                   sim->step, &sim->kept);
  if (!sim->done) divergence_monitor_start(&sim->watch, &sim->stepsize, sim->step, &sim->report);
  return problem_dynamics(problem);
}

/* ---- the time loop ---- */

/* The running totals from which the parts of the loop are timed. */
static struct timer totals(const struct simulation *sim) {
  return (struct timer){.seconds = comm_time(),
                        .waited = dynamics_waited(sim->problem.dynamics),
                        .pairs = dynamics_pairs(sim->problem.dynamics)};
}

static void book(struct simulation *sim, enum summary_part part, const struct timer *since) {
  const struct timer now = totals(sim);
  summary_add(&sim->summary, part, since, &now);
}

static int may_write(void *context) {
  const struct simulation *sim = context;
  return lock_held(sim->lock);
}

/* On rank 0: has another run taken the output? This one may have slept. */
static bool has_lost(struct simulation *sim) {
  const double now = comm_time();
  if (now - sim->looked >= LOOK_EVERY) {
    sim->lost = lock_lost(sim->lock);
    sim->looked = now;
  }
  return sim->lost;
}

static bool may_tell(struct simulation *sim) {
  return sim->lock && !has_lost(sim);
}

/* FAILED if numbers left their range, with what the last good state says of dt. units: look at each of them. */
static int check_numbers(struct simulation *sim, bool units) {
  if (dynamics_check(sim->problem.dynamics, sim->step, units) == OK) return OK;
  return divergence_monitor_explain(&sim->stepsize, sim->problem.particles, sim->folder, sim->saved,
                                    sim->problem.config->seed);
}

/* History, then checkpoint, of the current step. */
static int write_files(void *context) {
  struct simulation *sim = context;
  const double began = comm_time();
  TRY(check_numbers(sim, true));
  TRY(history_write(sim->history, sim->step, &sim->provenance, may_write, sim));
  if (sim->saved == sim->step) return OK;
  const struct checkpoint_request request = {.folder = sim->folder,
                                             .step = sim->step,
                                             .time = dt_segment_time(&sim->stepsize.segment, sim->step),
                                             .segment = sim->stepsize.segment,
                                             .seed = sim->problem.config->seed,
                                             .isa = sim->problem.isa,
                                             .io = (enum parallel_write_io)sim->problem.config->io,
                                             .config = sim->echo,
                                             .provenance = &sim->provenance,
                                             .may_write = may_write,
                                             .context = sim};
  int64_t bytes;
  TRY(checkpoint_write(sim->comm, &request, sim->problem.particles, &bytes));
  sim->saved = sim->step;
  int status = OK;
  if (sim->comm->rank == 0) status = may_write(sim);
  if (sim->comm->rank == 0 && status == OK)
    status = checkpoint_rotate(sim->folder, sim->problem.config->keep, &sim->problem.config->snapshots);
  TRY(comm_agree(sim->comm, status)); /* a run that lost its output while it wrote says nothing more there */
  sim->summary.checkpoints++;
  sim->summary.bytes += (double)bytes;
  stop_saved(&sim->stop, began);
  if (may_tell(sim))
    report_note(&sim->report,
                "checkpoint of step %lld: %.4g MB in %.3g s; a stop in time begins %.3g s before the limit",
                (long long)sim->step, 1e-6 * (double)bytes, comm_time() - began, stop_margin(&sim->stop));
  return OK;
}

static int save(struct simulation *sim, bool ending) {
  if (sim->saved == sim->step && !history_pending(sim->history)) return OK;
  const struct timer since = totals(sim);
  const struct disk_full room = {sim->comm, sim->problem.config->on_full, ending, &sim->stop, &sim->report};
  const int status = disk_full_write(&room, write_files, sim);
  book(sim, PART_SAVE, &since);
  return status;
}

static bool save_due(const struct simulation *sim) {
  const int64_t every = sim->problem.config->checkpoint_every;
  if (every > 0 && sim->step > 0 && sim->step % every == 0) return true;
  return steps_hold(&sim->problem.config->snapshots, sim->step);
}

/* Outputs and moments at the points of a set; in moments [locals][HISTORY_MOMENTS] column `set`. */
static void evaluate(struct simulation *sim, enum point_set set, double *f, double *moments) {
  const int locals = sim->problem.particles->locals;
  double *mean = alloc_small(sizeof *mean * (size_t)locals);
  if (f) dynamics_evaluate(sim->problem.dynamics, sim->step, set, f);
  if (f) dynamics_moments(sim->problem.dynamics, set, mean);
  for (int s = 0; s < locals; s++) moments[s * HISTORY_MOMENTS + (int)set] = f ? mean[s] : NAN;
  free(mean);
}

static int record_field(struct simulation *sim) {
  if (!history_field_due(sim->history, sim->step)) return OK;
  const struct timer since = totals(sim);
  const int64_t locals = sim->problem.particles->locals;
  double *f = NULL, *f_train = NULL;
  int status = OK;
  if (sim->problem.data->tests > 0)
    status = alloc_array((void **)&f, locals * sim->problem.data->tests, sizeof(double), "f_n at the test points");
  if (status == OK && sim->problem.data->samples > 0)
    status = alloc_array((void **)&f_train, locals * sim->problem.data->samples, sizeof(double),
                         "f_n at the training points");
  status = comm_agree(sim->comm, status);
  if (status == OK) {
    double *moments = alloc_small(sizeof *moments * (size_t)(locals * HISTORY_MOMENTS));
    evaluate(sim, POINTS_TEST, f, moments);
    evaluate(sim, POINTS_TRAIN, f_train, moments);
    history_field(sim->history, sim->step, &sim->stepsize.segment, sim->problem.particles, f, f_train,
                  f || f_train ? moments : NULL);
    free(moments);
  }
  free(f);
  free(f_train);
  book(sim, PART_FIELD, &since);
  return status;
}

/* One step, with its row of the history where one is due. */
static void advance(struct simulation *sim, bool move) {
  const struct timer since = totals(sim);
  if (!history_row_due(sim->history, sim->step)) {
    dynamics_step(sim->problem.dynamics, sim->step, move, NULL);
    book(sim, PART_STEP, &since);
    return;
  }
  const int locals = sim->problem.particles->locals;
  struct observation *observation = alloc_small(sizeof *observation * (size_t)locals);
  dynamics_step(sim->problem.dynamics, sim->step, move, observation);
  history_row(sim->history, sim->step, &sim->stepsize.segment, sim->problem.particles, observation);
  divergence_monitor_row(&sim->watch, sim->problem.particles, observation);
  if (locals > 0) sim->loss = observation[0].loss;
  free(observation);
  book(sim, PART_ROW, &since);
}

/* (unit x sample) pairs in the steps first .. end-1. */
static double work(const struct simulation *sim, int64_t first, int64_t end) {
  const struct config *config = sim->problem.config;
  return schedule_work(&config->schedule, &config->ensemble, sim->problem.data, first, end);
}

static void tell_progress(struct simulation *sim) {
  if (!may_tell(sim)) return;
  const struct progress progress = {.step = sim->step,
                                    .steps = sim->steps,
                                    .seconds = comm_time() - sim->began,
                                    .pairs = work(sim, sim->start, sim->step),
                                    .pairs_left = work(sim, sim->step, sim->steps),
                                    .time = dt_segment_time(&sim->stepsize.segment, sim->step),
                                    .loss = sim->loss};
  report_progress(&sim->report, &progress);
}

/* Agrees now and then on faults and on reasons to stop. */
static int poll(struct simulation *sim, enum stop_request *request) {
  *request = STOP_NONE;
  if (!stop_due(&sim->stop, sim->step)) return OK;
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 && has_lost(sim) ? lock_held(sim->lock) : OK));
  TRY(check_numbers(sim, false));
  divergence_monitor_warn(&sim->watch, &sim->stepsize, sim->step, &sim->report);
  const char *why;
  *request = stop_agree(&sim->stop, sim->step, &why);
  if (why) report_line(&sim->report, "%s at step %lld", why, (long long)sim->step);
  tell_progress(sim);
  return OK;
}

static int finish(struct simulation *sim) {
  TRY(record_field(sim));
  advance(sim, false);
  return save(sim, false);
}

static int loop(struct simulation *sim) {
  enum stop_request request = STOP_NONE;
  for (;;) {
    TRY(dynamics_enter_stage(sim->problem.dynamics, schedule_stage(&sim->problem.config->schedule, sim->step)));
    TRY(step_size_enter(&sim->stepsize, sim->step));
    dynamics_set_dt(sim->problem.dynamics, sim->stepsize.segment.dt);
    if (sim->step == sim->steps) return finish(sim);
    const int64_t stop_at = sim->options->stop_at;
    const bool end = request == STOP_END || (stop_at >= 0 && sim->step >= stop_at);
    if (end || request == STOP_CHECKPOINT || save_due(sim)) TRY(save(sim, request == STOP_END));
    if (end) return STOPPED;
    TRY(record_field(sim));
    advance(sim, true);
    sim->step++;
    TRY(poll(sim, &request));
  }
}

/* ---- end ---- */

static void summary(struct simulation *sim, int status) {
  const struct summary_run run = {.config = sim->problem.config,
                                  .d = sim->problem.target->d,
                                  .isa = sim->problem.isa,
                                  .first = sim->start,
                                  .step = sim->step,
                                  .steps = sim->steps,
                                  .seconds = comm_time() - sim->began};
  summary_report(&sim->summary, sim->comm, &run, &sim->report);
  if (status == OK)
    report_line(&sim->report, "complete: %lld steps, t = %g, in %s", (long long)sim->steps,
                dt_segment_time(&sim->stepsize.segment, sim->steps), sim->problem.config->output);
  if (status == OK && schedule_auto(&sim->problem.config->schedule, sim->steps) && sim->stepsize.segment.dt > 0)
    report_line(&sim->report, "dt: auto ended at %g; all dt are in history.h5", sim->stepsize.segment.dt);
  if (status == OK || sim->comm->rank != 0) return;
  char *again = restart_command(sim->comm->size);
  report_line(&sim->report, "stopped at step %lld of %lld; what goes on, unless a job does so by itself:\n%s",
              (long long)(sim->saved < 0 ? 0 : sim->saved), (long long)sim->steps, again);
  free(again);
}

/* For those who find only the log. A run that lost its output to another one writes nothing more there. */
static void note_failure(struct simulation *sim) {
  if (sim->lock && lock_ours(sim->lock)) report_note(&sim->report, "failed: %s", error_text());
}

static void end(struct simulation *sim) {
  lock_release(sim->lock);
  report_close(&sim->report);
  history_free(sim->history);
  step_size_free(&sim->stepsize);
  problem_free(&sim->problem);
  free(sim->folder);
  free(sim->echo);
}

int simulation_run(const struct comm *comm, const struct config *config, const struct simulation_options *options) {
  struct simulation sim = {.comm = comm,
                           .options = options,
                           .report = report_create(comm->rank == 0),
                           .steps = schedule_steps(&config->schedule),
                           .saved = -1,
                           .looked = -INFINITY,
                           .loss = NAN};
  sim.problem = (struct problem){.comm = comm, .config = alloc_small(sizeof *config)};
  *sim.problem.config = *config;
  const struct stop_options stop = {comm_time, slurm_left, options->max_wall, 60 * config->checkpoint_minutes,
                                    config->output};
  stop_install();
  sim.stop = stop_create(comm, &stop);
  int status = start(&sim);
  sim.began = comm_time();
  if (status == OK && sim.done)
    report_line(&sim.report, "already complete: %lld steps; give dynamics.stages more steps to go on",
                (long long)sim.steps);
  if (status == OK && !sim.done) {
    const double bytes =
        (double)sim.problem.particles->tile_count * (double)sim.problem.particles->tile_bytes * comm->size;
    stop_begin(&sim.stop, sim.step, bytes, &sim.report);
    status = loop(&sim);
    if (status == OK || status == STOPPED) summary(&sim, status);
  }
  if (status != OK && status != STOPPED) note_failure(&sim);
  end(&sim);
  return status;
}
