/* stop: requests to write a checkpoint or to stop early, and the agreement of the ranks on them.
 *
 * Requests are signals, a file named "stop" in the output folder, the time since the last checkpoint, and two time
 * limits: --max-wall and the limit of the SLURM job. Signal USR1 requests a checkpoint; USR2, TERM, INT, HUP, QUIT and
 * XCPU request a checkpoint and the end of the run. Later ones of these have no effect (SLURM sends TERM at the
 * limit), except that an INT or QUIT about 1 s or more after the first INT or QUIT ends the process immediately. HUP
 * stays ignored if the program was started with it ignored (nohup).
 *
 * A run stops before a limit with a margin of twice the sum of its longest recent interval and its longest recent
 * checkpoint; before the limit of the SLURM job, 5 s more. An interval is the time between two agreements, minus the
 * time of checkpoints. The longest interval decays: it halves in 32 intervals or 10 minutes, whichever is longer. Each
 * shorter checkpoint lowers the longest checkpoint time, but at most by half. Before the first checkpoint, its time is
 * estimated from its size.
 *
 * Only rank 0 checks the limits and the time since the last checkpoint (by its clock) and, once a second, the stop
 * file. A signal to any rank suffices. */
#ifndef MCKEAN_RUN_STOP_H
#define MCKEAN_RUN_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "log/report.h"
#include "parallel/comm.h"

enum stop_request { STOP_NONE, STOP_CHECKPOINT, STOP_END };

struct stop_options {
  double (*clock)(void);    /* seconds; comm_time, or a substitute in tests */
  double (*job_left)(void); /* slurm_left, or a substitute in tests */
  double max_wall;          /* seconds, counted from stop_create; 0: no limit */
  double save_every;        /* seconds between checkpoints; 0: no checkpoints by time; < 0: stop_save_interval */
  const char *output;       /* folder of the stop file */
};

struct stop {
  struct stop_options options;
  const struct comm *comm;
  double wall_end, job_end;    /* clock times of the limits, INFINITY: none */
  bool job_end_confirmed;      /* a second query to SLURM has confirmed that job_end is near */
  double interval, checkpoint; /* longest recent interval and checkpoint, in seconds */
  bool checkpoint_measured;    /* false: `checkpoint` is an estimate */
  double saving;               /* seconds of the last checkpoint; before the first one, those of its bytes alone */
  double agreed_at, saved_at;  /* clock times of the last agreement and the last checkpoint */
  double waited;               /* sum of stop_waited */
  bool begun;                  /* stop_begin was called */
  double file_checked_at;      /* clock time of the last check for the stop file */
  int64_t step, steps_between; /* step of the last agreement; number of steps between it and the next one */
  double created_at;           /* clock time of stop_create */
  char reason[256], remark[256];
};

/* stop_install installs the signal handlers of this process, and ignores SIGXFSZ and SIGPIPE. Call it before MPI
 * starts, so that a signal at any later time is a request. stop_uninstall restores the previous actions, and raises
 * the signal that requested the end of the run meanwhile, if there was one. Local. */
void stop_install(void);
void stop_uninstall(void);

/* Creates the state of a run; max_wall counts from this call. Local. */
struct stop stop_create(const struct comm *comm, const struct stop_options *options);

/* Call this before the time loop, which starts at `step`. Rank 0 reads the limits and reports them. bytes: approximate
 * size of a checkpoint. Local. Cost: on rank 0, that of slurm_left (log/slurm.h). */
void stop_begin(struct stop *stop, int64_t step, double bytes, struct report *report);

/* Returns whether an agreement is due after this step; one is due about every 0.2 s. Local, the same on all ranks. */
bool stop_due(const struct stop *stop, int64_t step);

/* Returns the strongest request of all ranks since the last call. *reason, for the log of rank 0: the name of the
 * request, or NULL if it needs no report; valid until the next call. stop->remark, on rank 0: a warning if the signal
 * USR2 came in the first half of the time of the SLURM job, or "". Collective. */
enum stop_request stop_agree(struct stop *stop, int64_t step, const char **reason);

/* The same between two agreements, when no step is taken: during set-up and while waiting. Before stop_begin, only
 * signals and max_wall count. */
enum stop_request stop_ask(struct stop *stop, const char **reason);

/* Excludes the seconds of a wait, which ends now, from the time of steps. Local. */
void stop_waited(struct stop *stop, double seconds);

/* Returns how many seconds before a time limit the run stops; before the limit of the SLURM job, 5 s more. Local. */
double stop_margin(const struct stop *stop);

/* Returns the seconds between checkpoints, each of which takes `seconds`, such that they take 1 % of the time, limited
 * to 30 s .. 15 minutes. Local. */
double stop_save_interval(double seconds);

/* Records a checkpoint that is complete now; began: clock time at which its writing began. Local. */
void stop_saved(struct stop *stop, double began);

#endif
