/* stop: requests to write a checkpoint or to stop early, and the agreement of the ranks on them.
 *
 * Requests are signals, a file named "stop" in the output folder, the time since the last checkpoint, and two time
 * limits: that of the user and that of the SLURM job. Signal USR1 requests a checkpoint; USR2, TERM and INT request a
 * checkpoint and the end of the run. A signal may arrive several times (SLURM sends TERM at the limit). Only a second
 * INT at least 1 s after the first ends the process immediately.
 *
 * A run stops 2 (longest recent interval + longest recent checkpoint) before a time limit. An interval is the time
 * between two agreements. Old maxima decay: the longest interval halves in 32 intervals or 10 minutes, whichever is
 * longer; the longest checkpoint halves with each shorter checkpoint. Before the first checkpoint its time is a guess.
 *
 * Only rank 0 reads the clock, the limits and, once a second, the stop file. A signal to any rank suffices. */
#ifndef MCKEAN_RUN_STOP_H
#define MCKEAN_RUN_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "log/report.h"
#include "parallel/comm.h"

enum stop_request { STOP_NONE, STOP_CHECKPOINT, STOP_END };

struct stop_options {
  double (*clock)(void);    /* seconds; comm_time, another function in tests */
  double (*job_left)(void); /* slurm_left, another function in tests */
  double max_wall;          /* seconds from stop_create on; 0: no limit */
  double save_every;        /* seconds between checkpoints; 0: no requests of this kind */
  const char *output;       /* folder of the stop file */
};

struct stop {
  struct stop_options options;
  const struct comm *comm;
  double wall_end, job_end;    /* clock times of the limits, INFINITY: none */
  bool job_end_confirmed;      /* SLURM was asked again when job_end was near */
  double interval, checkpoint; /* longest recent ones, seconds */
  bool checkpoint_measured;    /* before the first checkpoint its time is a guess */
  double agreed_at, saved_at;  /* clock times of the last agreement and the last checkpoint */
  double file_checked_at;      /* clock time, for the stop file */
  int64_t step, every;         /* step of the last agreement; number of steps to the next */
  char reason[256];
};

/* Installs the signal handlers of this process. Local. */
void stop_install(void);

/* Starts the time of max_wall. Local. */
struct stop stop_create(const struct comm *comm, const struct stop_options *options);

/* Starts the time loop at a step and reports the limits. bytes: size of a checkpoint, all ranks. Local. */
void stop_begin(struct stop *stop, int64_t step, double bytes, struct report *report);

/* Returns whether the ranks agree on requests after this step, about every 0.2 s. Local, the same on all ranks. */
bool stop_due(const struct stop *stop, int64_t step);

/* Returns the strongest request of any rank since the last call. *reason: its name for the log of rank 0, NULL for
 * requests that are not reported. Collective. */
enum stop_request stop_agree(struct stop *stop, int64_t step, const char **reason);

/* Returns the number of seconds before a time limit at which the run stops. Local. */
double stop_margin(const struct stop *stop);

/* Records a checkpoint whose writing began at a clock time. Local. */
void stop_saved(struct stop *stop, double began);

#endif
