#include "run/sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/status.h"
#include "model/data.h"
#include "model/dynamics.h"
#include "model/particles.h"
#include "run/again.h"
#include "run/checkpoint.h"
#include "run/history.h"
#include "run/lock.h"
#include "run/output.h"
#include "run/plan.h"
#include "run/report.h"
#include "run/resume.h"
#include "run/room.h"
#include "run/setup.h"
#include "run/slurm.h"
#include "run/stepsize.h"
#include "run/stop.h"
#include "run/summary.h"
#include "run/trial.h"
#include "run/watch.h"

static const double LOOK_EVERY = 1; /* seconds; a thousand runs at once on one file system are many */

struct sim {
  const struct comm *comm;
  const struct config *config; /* own */
  struct config own;           /* the input, with the snapshots of the checkpoint it goes on from */
  const struct sim_options *options;
  struct provenance provenance;
  struct report report;
  struct target *target;
  struct data *data;
  struct particles *particles;
  struct dynamics *dynamics;
  struct stepsize stepsize;
  struct pace kept; /* of the checkpoint it goes on from */
  struct watch watch;
  struct history *history;
  struct lock *lock; /* rank 0 */
  double looked;     /* at the lock, time */
  bool lost;         /* as it was seen then */
  struct stop stop;
  char *folder, *echo;
  enum isa isa;
  int64_t start, step, steps; /* first, current, last step */
  int64_t saved;              /* step of the newest checkpoint, -1: none */
  double began;               /* time */
  double loss;                /* of the last row's first own network: for the progress line */
  struct summary summary;
  bool done;
};

/* ---- start ---- */

static int go_on(struct sim *sim, const struct resume *from) {
  const struct checkpoint_info *info = &from->info;
  TRY(checkpoint_read(sim->comm, from->path, sim->particles));
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 ? checkpoint_set_aside(sim->folder, info->step) : OK));
  if (sim->config->isa >= 0 && sim->config->isa != info->isa)
    report_line(&sim->report, "run.isa: going on with level %s of the checkpoint, not %s", isa_names[info->isa],
                isa_names[sim->config->isa]);
  sim->isa = (enum isa)info->isa;
  sim->step = sim->saved = info->step;
  sim->kept = info->pace;
  char parent[DISK_PATH];
  snprintf(parent, sizeof parent, "%s, metadata CRC-32C %08x", from->path, info->crc);
  provenance_set(&sim->provenance, "parent", parent);
  report_line(&sim->report, "resuming from %s (step %lld)", from->path, (long long)sim->step);
  return OK;
}

static int find_start(struct sim *sim) {
  struct resume from;
  TRY(resume_find(sim->comm, sim->config, sim->folder, &sim->report, &from));
  sim->own.snapshots = from.snapshots;
  const int status = from.path ? go_on(sim, &from) : OK;
  if (!from.path) particles_init(sim->particles, sim->config->seed);
  resume_free(&from);
  return status;
}

static int open_output(struct sim *sim) {
  char *aside = NULL;
  const char *output = sim->config->output;
  const int status = sim->comm->rank == 0 ? output_open(output, sim->options->fresh, &sim->lock, &aside) : OK;
  TRY(comm_agree(sim->comm, status));
  const int alike = output_alike(sim->comm, output);
  if (alike != OK) {
    if (aside) (void)FAIL(alike, "%s. The old output is now %s", status_text(), aside);
    free(aside);
    return alike;
  }
  report_log(&sim->report, output);
  report_line(&sim->report, "mckean %s, %d rank%s, output %s", build_version, sim->comm->size,
              sim->comm->size == 1 ? "" : "s", output);
  if (aside) report_line(&sim->report, "the old output is now %s", aside);
  free(aside);
  const size_t size = strlen(output) + 16;
  sim->folder = status_malloc(size);
  snprintf(sim->folder, size, "%s/checkpoints", output);
  return OK;
}

static void warn_if_crowded(struct sim *sim) {
  const int excess = comm_crowding(sim->comm, sim->config->threads);
  if (excess > 0)
    report_line(&sim->report,
                "warning: %d more threads than processors they may run on: they will wait for one another; start fewer "
                "ranks or threads, or bind less tightly (srun --cpus-per-task=%d, mpirun --bind-to none)",
                excess, sim->config->threads);
}

static void say_problem(struct sim *sim) {
  const struct ensemble_spec *ensemble = &sim->config->ensemble;
  report_header(&sim->report, &sim->provenance, sim->echo);
  report_line(&sim->report, "%d size%s x %lld replicas = %lld networks, %s units, d = %d, %s precision, level %s",
              ensemble->members, ensemble->members == 1 ? "" : "s", (long long)ensemble->replicas,
              (long long)ensemble_networks(ensemble), unit_table[sim->config->unit.type].name, sim->target->d,
              precision_names[sim->config->precision], isa_names[sim->isa]);
  if (isfinite(sim->target->linear_fraction))
    report_line(&sim->report, "target: C_f = %.6g, linear fraction %.3g", sim->data->C_f, sim->target->linear_fraction);
  else
    report_line(&sim->report, "target: C_f = %.6g (from the points at hand)", sim->data->C_f);
  if (!(sim->data->C_f > 0 && isfinite(sim->data->C_f)))
    report_line(&sim->report, "warning: C_f is no positive number: the columns loss_over_C_f will not be numbers");
}

static int start(struct sim *sim) {
  provenance_fill(sim->comm, sim->options->argc, sim->options->argv, &sim->provenance);
  TRY(setup_isa(sim->comm, sim->config, &sim->isa));
  const double began = comm_time();
  TRY(setup_data(sim->comm, sim->config, &sim->target, &sim->data)); /* before any output: bad data leave no trace */
  if (sim->options->dry_run) {
    sim->done = true;
    const struct plan_request request = {.config = sim->config,
                                         .data = sim->data,
                                         .isa = sim->isa,
                                         .provenance = &sim->provenance,
                                         .fresh = sim->options->fresh,
                                         .start = comm_time() - began,
                                         .json = sim->options->json};
    return plan_report(sim->comm, &request, &sim->report);
  }
  TRY(setup_particles(sim->comm, sim->config, sim->data, 0, &sim->particles));
  TRY(open_output(sim));
  TRY(find_start(sim));
  sim->echo = config_echo(sim->config);
  say_problem(sim);
  warn_if_crowded(sim);
  sim->start = sim->step;
  sim->history = history_create(sim->comm, sim->config, sim->data, sim->start);
  bool final = false;
  if (sim->saved >= 0 && sim->step > 0) TRY(history_check(sim->comm, sim->config, sim->data, sim->start, &final));
  sim->done = sim->step == sim->steps && final;
  const struct schedule *schedule = &sim->config->schedule;
  const int threads = sim->config->threads;
  sim->stepsize = stepsize_create(sim->particles, sim->data, schedule, sim->isa, threads, sim->step, &sim->kept);
  if (!sim->done) watch_start(&sim->watch, &sim->stepsize, sim->step, &sim->report);
  return dynamics_create(sim->particles, sim->data, schedule, sim->isa, threads, &sim->dynamics);
}

/* ---- the time loop ---- */

/* The running totals from which the parts of the loop are timed. */
static struct timer totals(const struct sim *sim) {
  return (struct timer){
      .seconds = comm_time(), .waited = dynamics_waited(sim->dynamics), .pairs = dynamics_pairs(sim->dynamics)};
}

static void book(struct sim *sim, enum summary_part part, const struct timer *since) {
  const struct timer now = totals(sim);
  summary_add(&sim->summary, part, since, &now);
}

static int may_write(void *context) {
  const struct sim *sim = context;
  return lock_held(sim->lock);
}

/* On rank 0: has another run taken the output? This one may have slept. */
static bool has_lost(struct sim *sim) {
  const double now = comm_time();
  if (now - sim->looked >= LOOK_EVERY) {
    sim->lost = lock_lost(sim->lock);
    sim->looked = now;
  }
  return sim->lost;
}

static bool may_tell(struct sim *sim) {
  return sim->lock && !has_lost(sim);
}

/* FAILED if numbers left their range, with what the last good state says of dt. units: look at each of them. */
static int check_numbers(struct sim *sim, bool units) {
  if (dynamics_check(sim->dynamics, sim->step, units) == OK) return OK;
  return watch_explain(&sim->stepsize, sim->particles, sim->folder, sim->saved, sim->config->seed);
}

/* History, then checkpoint, of the current step. */
static int write_files(void *context) {
  struct sim *sim = context;
  const double began = comm_time();
  TRY(check_numbers(sim, true));
  TRY(history_write(sim->history, sim->step, &sim->provenance, may_write, sim));
  if (sim->saved == sim->step) return OK;
  const struct checkpoint_request request = {.folder = sim->folder,
                                             .step = sim->step,
                                             .time = pace_time(&sim->stepsize.pace, sim->step),
                                             .pace = sim->stepsize.pace,
                                             .seed = sim->config->seed,
                                             .isa = sim->isa,
                                             .io = (enum slab_io)sim->config->io,
                                             .config = sim->echo,
                                             .provenance = &sim->provenance,
                                             .may_write = may_write,
                                             .context = sim};
  int64_t bytes;
  TRY(checkpoint_write(sim->comm, &request, sim->particles, &bytes));
  sim->saved = sim->step;
  int status = OK;
  if (sim->comm->rank == 0) status = may_write(sim);
  if (sim->comm->rank == 0 && status == OK)
    status = checkpoint_rotate(sim->folder, sim->config->keep, &sim->config->snapshots);
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

static int save(struct sim *sim, bool ending) {
  if (sim->saved == sim->step && !history_pending(sim->history)) return OK;
  const struct timer since = totals(sim);
  const struct room room = {sim->comm, sim->config->on_full, ending, &sim->stop, &sim->report};
  const int status = room_write(&room, write_files, sim);
  book(sim, PART_SAVE, &since);
  return status;
}

static bool save_due(const struct sim *sim) {
  const int64_t every = sim->config->checkpoint_every;
  if (every > 0 && sim->step > 0 && sim->step % every == 0) return true;
  return steps_hold(&sim->config->snapshots, sim->step);
}

/* Outputs and moments at the points of a set; in moments [shares][HISTORY_MOMENTS] column `set`. */
static void evaluate(struct sim *sim, enum point_set set, double *f, double *moments) {
  const int shares = sim->particles->shares;
  double *mean = status_malloc(sizeof *mean * (size_t)shares);
  if (f) dynamics_evaluate(sim->dynamics, sim->step, set, f);
  if (f) dynamics_moments(sim->dynamics, set, mean);
  for (int s = 0; s < shares; s++) moments[s * HISTORY_MOMENTS + (int)set] = f ? mean[s] : NAN;
  free(mean);
}

static int record_field(struct sim *sim) {
  if (!history_field_due(sim->history, sim->step)) return OK;
  const struct timer since = totals(sim);
  const int64_t shares = sim->particles->shares;
  double *f = NULL, *f_train = NULL;
  int status = OK;
  if (sim->data->tests > 0)
    status = status_array((void **)&f, shares * sim->data->tests, sizeof(double), "f_n at the test points");
  if (status == OK && sim->data->samples > 0)
    status = status_array((void **)&f_train, shares * sim->data->samples, sizeof(double), "f_n at the training points");
  status = comm_agree(sim->comm, status);
  if (status == OK) {
    double *moments = status_malloc(sizeof *moments * (size_t)(shares * HISTORY_MOMENTS));
    evaluate(sim, POINTS_TEST, f, moments);
    evaluate(sim, POINTS_TRAIN, f_train, moments);
    history_field(sim->history, sim->step, &sim->stepsize.pace, sim->particles, f, f_train,
                  f || f_train ? moments : NULL);
    free(moments);
  }
  free(f);
  free(f_train);
  book(sim, PART_FIELD, &since);
  return status;
}

/* One step, with its row of the history where one is due. */
static void advance(struct sim *sim, bool move) {
  const struct timer since = totals(sim);
  if (!history_row_due(sim->history, sim->step)) {
    dynamics_step(sim->dynamics, sim->step, move, NULL);
    book(sim, PART_STEP, &since);
    return;
  }
  const int shares = sim->particles->shares;
  struct observation *observation = status_malloc(sizeof *observation * (size_t)shares);
  dynamics_step(sim->dynamics, sim->step, move, observation);
  history_row(sim->history, sim->step, &sim->stepsize.pace, sim->particles, observation);
  watch_row(&sim->watch, sim->particles, observation);
  if (shares > 0) sim->loss = observation[0].loss;
  free(observation);
  book(sim, PART_ROW, &since);
}

static void tell_progress(struct sim *sim) {
  if (!may_tell(sim)) return;
  const struct progress progress = {.step = sim->step,
                                    .steps = sim->steps,
                                    .seconds = comm_time() - sim->began,
                                    .pairs = trial_work(sim->config, sim->data, sim->start, sim->step),
                                    .pairs_left = trial_work(sim->config, sim->data, sim->step, sim->steps),
                                    .time = pace_time(&sim->stepsize.pace, sim->step),
                                    .loss = sim->loss};
  report_progress(&sim->report, &progress);
}

/* Agrees now and then on faults and on reasons to stop. */
static int poll(struct sim *sim, enum stop_request *request) {
  *request = STOP_NONE;
  if (!stop_due(&sim->stop, sim->step)) return OK;
  TRY(comm_agree(sim->comm, sim->comm->rank == 0 && has_lost(sim) ? lock_held(sim->lock) : OK));
  TRY(check_numbers(sim, false));
  watch_tell(&sim->watch, &sim->stepsize, sim->step, &sim->report);
  const char *why;
  *request = stop_agree(&sim->stop, sim->step, &why);
  if (why) report_line(&sim->report, "%s at step %lld", why, (long long)sim->step);
  tell_progress(sim);
  return OK;
}

static int finish(struct sim *sim) {
  TRY(record_field(sim));
  advance(sim, false);
  return save(sim, false);
}

static int loop(struct sim *sim) {
  enum stop_request request = STOP_NONE;
  for (;;) {
    TRY(dynamics_enter_stage(sim->dynamics, schedule_stage(&sim->config->schedule, sim->step)));
    TRY(stepsize_enter(&sim->stepsize, sim->step));
    dynamics_set_dt(sim->dynamics, sim->stepsize.pace.dt);
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

static void summary(struct sim *sim, int status) {
  const struct summary_run run = {.config = sim->config,
                                  .d = sim->target->d,
                                  .isa = sim->isa,
                                  .first = sim->start,
                                  .step = sim->step,
                                  .steps = sim->steps,
                                  .seconds = comm_time() - sim->began};
  summary_report(&sim->summary, sim->comm, &run, &sim->report);
  if (status == OK)
    report_line(&sim->report, "complete: %lld steps, t = %g, in %s", (long long)sim->steps,
                pace_time(&sim->stepsize.pace, sim->steps), sim->config->output);
  if (status == OK && schedule_auto(&sim->config->schedule, sim->steps) && sim->stepsize.pace.dt > 0)
    report_line(&sim->report, "dt: auto ended at %g; all dt are in history.h5", sim->stepsize.pace.dt);
  if (status == OK || sim->comm->rank != 0) return;
  char *again = again_command(sim->comm->size);
  report_line(&sim->report, "stopped at step %lld of %lld; what goes on, unless a job does so by itself:\n%s",
              (long long)(sim->saved < 0 ? 0 : sim->saved), (long long)sim->steps, again);
  free(again);
}

/* For those who find only the log. A run that lost its output to another one writes nothing more there. */
static void note_failure(struct sim *sim) {
  if (sim->lock && lock_ours(sim->lock)) report_note(&sim->report, "failed: %s", status_text());
}

static void end(struct sim *sim) {
  lock_release(sim->lock);
  report_close(&sim->report);
  history_free(sim->history);
  stepsize_free(&sim->stepsize);
  dynamics_free(sim->dynamics);
  particles_free(sim->particles);
  data_free(sim->data);
  target_free(sim->target);
  free(sim->folder);
  free(sim->echo);
}

int sim_run(const struct comm *comm, const struct config *config, const struct sim_options *options) {
  struct sim sim = {.comm = comm,
                    .own = *config,
                    .options = options,
                    .report = report_create(comm->rank == 0),
                    .steps = schedule_steps(&config->schedule),
                    .saved = -1,
                    .looked = -INFINITY,
                    .loss = NAN};
  sim.config = &sim.own;
  const struct stop_options stop = {comm_time, slurm_left, options->max_wall, 60 * config->checkpoint_minutes,
                                    config->output};
  if (!options->dry_run) stop_install();
  sim.stop = stop_create(comm, &stop);
  int status = start(&sim);
  sim.began = comm_time();
  if (status == OK && sim.done && !options->dry_run)
    report_line(&sim.report, "already complete: %lld steps; give dynamics.stages more steps to go on",
                (long long)sim.steps);
  if (status == OK && !sim.done) {
    const double bytes = (double)sim.particles->tile_count * (double)sim.particles->tile_bytes * comm->size;
    stop_begin(&sim.stop, sim.step, bytes, &sim.report);
    status = loop(&sim);
    if (status == OK || status == STOPPED) summary(&sim, status);
  }
  if (status != OK && status != STOPPED) note_failure(&sim);
  end(&sim);
  return status;
}
