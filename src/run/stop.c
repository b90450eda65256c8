#include "run/stop.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "io/durable_file.h"
#include "log/slurm.h"

static const double AGREE_EVERY = 0.2; /* seconds */
static const double FILE_EVERY = 1;    /* seconds between checks for the stop file, which load the file system */
static const double ENDING = 5;        /* seconds reserved for the launcher to exit and a script to requeue the job */
static const double DECAY_SECONDS = 600, DECAY_INTERVALS = 32;
/* Estimated time of the first checkpoint: bytes / GUESSED_BANDWIDTH (a slow disk, in bytes/s) + GUESSED_OVERHEAD
 * (seconds), limited so that the margin is at most GUESSED_SHARE of the remaining time. */
static const double GUESSED_BANDWIDTH = 1e8, GUESSED_OVERHEAD = 1, GUESSED_SHARE = 0.25;

/* Share of the time that checkpoints may take, and limits of the seconds between them. */
static const double SAVE_SHARE = 0.01, SAVE_LEAST = 30, SAVE_MOST = 900;

static volatile sig_atomic_t end_signal, checkpoint_signal;

static void on_end(int signal) {
  static volatile sig_atomic_t interrupted;
  static volatile time_t first;
  end_signal = signal;
  if (signal != SIGINT && signal != SIGQUIT) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (interrupted && now.tv_sec - first >= 1) _exit(128 + signal);
  if (!interrupted) first = now.tv_sec;
  interrupted = 1;
}

static void on_checkpoint(int signal) {
  checkpoint_signal = signal;
}

/* SIGXFSZ: a write beyond the file size limit then returns an error. SIGPIPE: a write to a closed pipe then returns an
 * error; run.log still has the output. */
static const struct action {
  int signal;
  void (*handler)(int signal);
  const char *name;
} action_table[] = {
    {SIGUSR1, on_checkpoint, "signal USR1"},
    {SIGUSR2, on_end, "signal USR2"},
    {SIGTERM, on_end, "signal TERM"},
    {SIGINT, on_end, "signal INT"},
    {SIGHUP, on_end, "signal HUP"},
    {SIGQUIT, on_end, "signal QUIT"},
    {SIGXCPU, on_end, "signal XCPU (limit of processor time)"},
    {SIGXFSZ, SIG_IGN, NULL},
    {SIGPIPE, SIG_IGN, NULL},
};
enum { ACTIONS = sizeof action_table / sizeof *action_table };

static struct sigaction replaced[ACTIONS];

void stop_install(void) {
  for (int i = 0; i < ACTIONS; i++) {
    struct sigaction action = {.sa_handler = action_table[i].handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(action_table[i].signal, NULL, &replaced[i]);
    const bool nohup = action_table[i].signal == SIGHUP && replaced[i].sa_handler == SIG_IGN;
    if (!nohup) sigaction(action_table[i].signal, &action, NULL);
  }
}

void stop_uninstall(void) {
  for (int i = 0; i < ACTIONS; i++) sigaction(action_table[i].signal, &replaced[i], NULL);
  if (end_signal) raise(end_signal);
}

struct stop stop_create(const struct comm *comm, const struct stop_options *options) {
  struct stop stop = {.options = *options,
                      .comm = comm,
                      .wall_end = INFINITY,
                      .job_end = INFINITY,
                      .file_checked_at = -INFINITY,
                      .saved_at = INFINITY,
                      .steps_between = 1};
  stop.created_at = options->clock();
  if (options->max_wall > 0) stop.wall_end = stop.created_at + options->max_wall;
  return stop;
}

/* ---- time limits ---- */

double stop_margin(const struct stop *stop) {
  return 2 * (stop->interval + stop->checkpoint);
}

/* Returns whether it is time to query SLURM again. A query takes up to SLURM_PATIENCE seconds. */
static bool job_ends_soon(const struct stop *stop, double now) {
  return now >= stop->job_end - stop_margin(stop) - SLURM_PATIENCE;
}

/* Queries SLURM and sets job_end. Returns the remaining seconds; NAN: unknown, and job_end does not change. */
static double ask_job(struct stop *stop) {
  const double left = stop->options.job_left();
  if (!isnan(left)) stop->job_end = stop->options.clock() + left - ENDING;
  return left;
}

static void report_limits(struct stop *stop, struct report *report) {
  char id[SLURM_ID], text[32];
  if (stop->options.max_wall > 0) {
    report_duration(stop->options.max_wall, text);
    report_line(report, "time limit: %s (--max-wall)", text);
  }
  if (!slurm_job(id)) return;
  const double left = ask_job(stop);
  report_duration(left, text);
  if (isnan(left))
    report_line(
        report,
        "warning: squeue reports no time limit for SLURM job %s: give --max-wall, or have SLURM send USR2 before the "
        "limit (sbatch --signal)",
        id);
  else
    report_line(report, isinf(left) ? "time limit: none for SLURM job %s" : "time limit: SLURM ends job %s in %s", id,
                text);
}

void stop_begin(struct stop *stop, int64_t step, double bytes, struct report *report) {
  stop->begun = true;
  stop->step = step;
  if (stop->comm->rank == 0) report_limits(stop, report);
  stop->agreed_at = stop->saved_at = stop->options.clock();
  const double left = fmin(stop->wall_end, stop->job_end) - stop->agreed_at;
  stop->saving = bytes / GUESSED_BANDWIDTH;
  stop->checkpoint = fmax(0, fmin(bytes / GUESSED_BANDWIDTH + GUESSED_OVERHEAD, GUESSED_SHARE * left / 2));
}

static bool time_is_up(struct stop *stop, double now) {
  if (!stop->job_end_confirmed && job_ends_soon(stop, now)) { /* the limit may have changed */
    ask_job(stop);
    now = stop->options.clock();
    stop->job_end_confirmed = job_ends_soon(stop, now);
  }
  const double left = fmin(stop->wall_end, stop->job_end) - now;
  if (left > stop_margin(stop)) return false;
  snprintf(stop->reason, sizeof stop->reason,
           "%s (%.3g s left; slowest recent: %.3g s for steps, %.3g s for a checkpoint)",
           stop->wall_end <= stop->job_end ? "the wall-time limit" : "the time limit of the SLURM job", left,
           stop->interval, stop->checkpoint);
  return true;
}

void stop_saved(struct stop *stop, double began) {
  stop->saved_at = stop->options.clock();
  const double seconds = stop->saved_at - began;
  stop->agreed_at += seconds; /* intervals do not include checkpoints */
  stop->checkpoint = stop->checkpoint_measured ? fmax(seconds, stop->checkpoint / 2) : seconds;
  stop->checkpoint_measured = true;
  stop->saving = seconds;
}

double stop_save_interval(double seconds) {
  return fmin(fmax(seconds * (1 / SAVE_SHARE - 1), SAVE_LEAST), SAVE_MOST);
}

static bool save_due(const struct stop *stop, double now) {
  const double given = stop->options.save_every, every = given < 0 ? stop_save_interval(stop->saving) : given;
  return every > 0 && now - stop->saved_at >= every;
}

/* ---- agreement ---- */

static const char *signal_name(int signal) {
  for (int i = 0; i < ACTIONS; i++)
    if (action_table[i].signal == signal) return action_table[i].name;
  return "a signal";
}

/* Returns whether there is a stop file, and removes it so that the next run does not find it. */
static bool stop_file(struct stop *stop, double now) {
  char path[PATH_BYTES];
  if (now - stop->file_checked_at < FILE_EVERY) return false;
  stop->file_checked_at = now;
  snprintf(path, sizeof path, "%s/stop", stop->options.output);
  return unlink(path) == 0;
}

/* Returns the request of this rank. *signal: the signal that made it, or 0. */
static enum stop_request ask(struct stop *stop, double now, int *signal) {
  const bool first = stop->comm->rank == 0;
  *stop->reason = 0;
  const int end = end_signal;
  *signal = end;
  if (end) return STOP_END;
  if (first && time_is_up(stop, now)) return STOP_END;
  if (first && stop->begun && stop_file(stop, now)) {
    snprintf(stop->reason, sizeof stop->reason, "the stop file");
    return STOP_END;
  }
  if (checkpoint_signal) {
    *signal = checkpoint_signal;
    checkpoint_signal = 0;
    return STOP_CHECKPOINT;
  }
  return first && save_due(stop, now) ? STOP_CHECKPOINT : STOP_NONE;
}

bool stop_due(const struct stop *stop, int64_t step) {
  return step >= stop->step + stop->steps_between;
}

/* Sets the number of steps until the next agreement: as many as fit in AGREE_EVERY by the clock of rank 0, but at most
 * twice as many as before. */
static void set_steps_between(struct stop *stop, double seconds) {
  const double step = fmax(seconds / (double)stop->steps_between, 1e-6);
  int64_t steps = (int64_t)fmin(AGREE_EVERY / step, 2 * (double)stop->steps_between);
  if (steps < 1) steps = 1;
  comm_bcast(stop->comm, &steps, sizeof steps, 0);
  stop->steps_between = steps;
}

/* With a signal time that is not much shorter than the limit, SLURM sends the signal at its first check of the job. */
static void remark_early_signal(struct stop *stop, int signal) {
  const double now = stop->options.clock(), used = now - stop->created_at, left = stop->job_end + ENDING - now;
  *stop->remark = 0;
  if (signal != SIGUSR2 || !isfinite(left) || left < used) return;
  snprintf(
      stop->remark, sizeof stop->remark,
      "warning: USR2 came after %.0f s, %.0f s before the time limit of the SLURM job; if SLURM sent it, request a "
      "longer --time, or a later signal: --signal=B:USR2@T with a smaller T",
      used, left);
}

enum stop_request stop_ask(struct stop *stop, const char **reason) {
  int signal;
  const int own = ask(stop, stop->options.clock(), &signal);
  /* The strongest request, with its signal if a signal made it. */
  const int agreed = (int)comm_max(stop->comm, own * NSIG + signal);
  signal = agreed % NSIG;
  remark_early_signal(stop, signal);
  *reason = signal ? signal_name(signal) : *stop->reason ? stop->reason : NULL;
  return (enum stop_request)(agreed / NSIG);
}

enum stop_request stop_agree(struct stop *stop, int64_t step, const char **reason) {
  const double seconds = stop->options.clock() - stop->agreed_at;
  stop->interval = fmax(seconds, stop->interval * exp2(-fmin(seconds / DECAY_SECONDS, 1 / DECAY_INTERVALS)));
  const enum stop_request request = stop_ask(stop, reason);
  set_steps_between(stop, seconds);
  stop->step = step;
  stop->agreed_at = stop->options.clock();
  return request;
}

void stop_waited(struct stop *stop, double seconds) {
  stop->agreed_at += seconds;
  stop->waited += seconds;
}
