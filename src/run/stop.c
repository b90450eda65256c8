#include "run/stop.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

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
}

struct stop stop_create(double (*clock)(void), double limit, const char *output) {
  struct stop stop = {.clock = clock, .start = clock(), .limit = limit};
  if (output) snprintf(stop.file, sizeof stop.file, "%s/stop", output);
  return stop;
}

static const char *signal_name(int signal) {
  return signal == SIGUSR2 ? "signal USR2" : signal == SIGTERM ? "signal TERM" : "signal INT";
}

enum stop_request stop_poll(struct stop *stop, const char **why) {
  if (end_signal) {
    *why = signal_name(end_signal);
    return STOP_END;
  }
  if (stop->limit > 0 && stop->clock() - stop->start >= stop->limit - stop->reserve) {
    *why = "the wall-time limit";
    return STOP_END;
  }
  if (*stop->file && access(stop->file, F_OK) == 0) {
    unlink(stop->file); /* it has been obeyed; the next run shall not find it */
    *why = "the stop file";
    return STOP_END;
  }
  if (checkpoint_signal) {
    checkpoint_signal = 0;
    *why = "signal USR1";
    return STOP_CHECKPOINT;
  }
  return STOP_NONE;
}

void stop_learn(struct stop *stop, double checkpoint, double interval) {
  const double need = 2 * (checkpoint + interval);
  if (need > stop->reserve) stop->reserve = need;
}
