#include "run/stop.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "io/durable_file.h"
#include "log/slurm.h"

static const double AGREE_EVERY = 0.2; /* seconds */
static const double LOOK_EVERY = 1;    /* seconds, for the stop file: each look is work for the file system */
static const double ENDING = 5;        /* seconds for the end of the launcher and a script that queues the job again */
static const double FORGET_SECONDS = 600, FORGET_STRETCHES = 32;
/* The first checkpoint: bytes/s of a modest disk, seconds; but at most this part of the time that is left. */
static const double GUESSED_BANDWIDTH = 1e8, GUESSED_OVERHEAD = 1, GUESSED_PART = 0.25;

static volatile sig_atomic_t end_signal, checkpoint_signal;

static void on_end(int signal) {
  static volatile sig_atomic_t interrupted;
  static volatile time_t first;
  end_signal = signal;
  if (signal != SIGINT) return;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (interrupted && now.tv_sec - first >= 1) _exit(128 + SIGINT);
  if (!interrupted) first = now.tv_sec;
  interrupted = 1;
}

static void on_checkpoint(int signal) {
  checkpoint_signal = signal;
}

void stop_install(void) {
  struct sigaction end = {.sa_handler = on_end, .sa_flags = SA_RESTART};
  struct sigaction checkpoint = {.sa_handler = on_checkpoint, .sa_flags = SA_RESTART};
  sigemptyset(&end.sa_mask);
  sigemptyset(&checkpoint.sa_mask);
  sigaction(SIGUSR2, &end, NULL);
  sigaction(SIGTERM, &end, NULL);
  sigaction(SIGINT, &end, NULL);
  sigaction(SIGUSR1, &checkpoint, NULL);
  signal(SIGXFSZ, SIG_IGN); /* a file size limit shall be an error of write, not the end of the process */
  signal(SIGPIPE, SIG_IGN); /* a reader of the output that has gone, too: the log is in a file */
}

struct stop stop_create(const struct comm *comm, const struct stop_options *options) {
  struct stop stop = {
      .given = *options, .comm = comm, .wall_end = INFINITY, .job_end = INFINITY, .looked = -INFINITY, .every = 1};
  if (options->max_wall > 0) stop.wall_end = options->clock() + options->max_wall;
  return stop;
}

/* ---- time limits ---- */

double stop_margin(const struct stop *stop) {
  return 2 * (stop->stretch + stop->checkpoint);
}

/* Whether it is time to ask SLURM once more: its answer may take a while. */
static bool job_ends_soon(const struct stop *stop, double now) {
  return now >= stop->job_end - stop_margin(stop) - SLURM_PATIENCE;
}

/* Returns the seconds left, NAN: not known; then what was known stays. */
static double ask_job(struct stop *stop) {
  const double left = stop->given.job_left();
  if (!isnan(left)) stop->job_end = stop->given.clock() + left - ENDING;
  return left;
}

static void say_limits(struct stop *stop, struct report *report) {
  char id[SLURM_ID], text[32];
  if (stop->given.max_wall > 0) {
    report_duration(stop->given.max_wall, text);
    report_line(report, "time limit: %s (--max-wall)", text);
  }
  if (!slurm_job(id)) return;
  const double left = ask_job(stop);
  report_duration(left, text);
  if (isnan(left))
    report_line(
        report,
        "warning: squeue tells no time limit of SLURM's job %s: give --max-wall, or let the job be sent USR2 in "
        "time (sbatch --signal)",
        id);
  else
    report_line(report, isinf(left) ? "time limit: SLURM has none for job %s" : "time limit: SLURM ends job %s in %s",
                id, text);
}

void stop_begin(struct stop *stop, int64_t step, double bytes, struct report *report) {
  stop->step = step;
  if (stop->comm->rank == 0) say_limits(stop, report);
  stop->agreed = stop->saved = stop->given.clock();
  const double left = fmin(stop->wall_end, stop->job_end) - stop->agreed;
  stop->checkpoint = fmax(0, fmin(bytes / GUESSED_BANDWIDTH + GUESSED_OVERHEAD, GUESSED_PART * left / 2));
}

static bool time_is_up(struct stop *stop, double now) {
  if (!stop->job_sure && job_ends_soon(stop, now)) { /* its limit may have been changed */
    ask_job(stop);
    now = stop->given.clock();
    stop->job_sure = job_ends_soon(stop, now);
  }
  const double left = fmin(stop->wall_end, stop->job_end) - now;
  if (left > stop_margin(stop)) return false;
  snprintf(stop->why, sizeof stop->why, "%s (%.3g s left; longest of late: %.3g s of steps, %.3g s for a checkpoint)",
           stop->wall_end <= stop->job_end ? "the wall-time limit" : "the time limit of SLURM's job", left,
           stop->stretch, stop->checkpoint);
  return true;
}

void stop_saved(struct stop *stop, double began) {
  stop->saved = stop->given.clock();
  const double seconds = stop->saved - began;
  stop->agreed += seconds; /* this stretch of steps is without it */
  stop->checkpoint = stop->timed ? fmax(seconds, stop->checkpoint / 2) : seconds;
  stop->timed = true;
}

/* ---- agreement ---- */

static const char *signal_name(int signal) {
  return signal == SIGUSR1   ? "signal USR1"
         : signal == SIGUSR2 ? "signal USR2"
         : signal == SIGTERM ? "signal TERM"
                             : "signal INT";
}

/* The stop file; it has been obeyed then: the next run shall not find it. */
static bool stop_file(struct stop *stop, double now) {
  char path[PATH_BYTES];
  if (now - stop->looked < LOOK_EVERY) return false;
  stop->looked = now;
  snprintf(path, sizeof path, "%s/stop", stop->given.output);
  return unlink(path) == 0;
}

/* What this rank asks for; *signal: because of that, or 0. */
static enum stop_request ask(struct stop *stop, double now, int *signal) {
  const bool first = stop->comm->rank == 0;
  *stop->why = 0;
  const int end = end_signal;
  *signal = end;
  if (end) return STOP_END;
  if (first && time_is_up(stop, now)) return STOP_END;
  if (first && stop_file(stop, now)) {
    snprintf(stop->why, sizeof stop->why, "the stop file");
    return STOP_END;
  }
  if (checkpoint_signal) {
    *signal = checkpoint_signal;
    checkpoint_signal = 0;
    return STOP_CHECKPOINT;
  }
  return first && stop->given.save_every > 0 && now - stop->saved >= stop->given.save_every ? STOP_CHECKPOINT
                                                                                            : STOP_NONE;
}

bool stop_due(const struct stop *stop, int64_t step) {
  return step >= stop->step + stop->every;
}

/* Rank 0's clock sets the pace for all: as many steps as fit in AGREE_EVERY, but at most twice those of before. */
static void set_pace(struct stop *stop, double seconds) {
  const double step = fmax(seconds / (double)stop->every, 1e-6);
  int64_t every = (int64_t)fmin(AGREE_EVERY / step, 2 * (double)stop->every);
  if (every < 1) every = 1;
  comm_bcast(stop->comm, &every, sizeof every, 0);
  stop->every = every;
}

enum stop_request stop_agree(struct stop *stop, int64_t step, const char **why) {
  const double now = stop->given.clock(), seconds = now - stop->agreed;
  stop->stretch = fmax(seconds, stop->stretch * exp2(-fmin(seconds / FORGET_SECONDS, 1 / FORGET_STRETCHES)));
  int signal;
  const int own = ask(stop, now, &signal);
  /* The strongest request, with a signal if one rank has one. */
  const int agreed = (int)comm_max(stop->comm, own * NSIG + signal);
  set_pace(stop, seconds);
  stop->step = step;
  stop->agreed = stop->given.clock();
  signal = agreed % NSIG;
  *why = signal ? signal_name(signal) : *stop->why ? stop->why : NULL;
  return (enum stop_request)(agreed / NSIG);
}
