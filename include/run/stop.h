/* stop: reasons to write a checkpoint or to end early, and the agreement of the ranks on them.
 *
 * Signals: USR1 = checkpoint and go on; USR2, TERM, INT = checkpoint and stop. They may come more than once (SLURM
 * sends TERM at the limit); only a second INT at least 1 s after the first ends the process at once. Besides: a file
 * named "stop" in the output folder, the time since the last checkpoint, and two time limits: one given by the user, and
 * that of the SLURM job.
 *
 * A run ends so long before a limit as it learned to need: 2 (longest recent stretch of steps from one agreement to the
 * next + longest recent checkpoint). One that was longer than those after it is forgotten by half in 32 stretches or 10
 * minutes, whichever is longer, or in one checkpoint. Before the first checkpoint its time is guessed.
 *
 * Rank 0 alone looks at clock, limits and file, at the file once a second; a signal to any one rank suffices. */
#ifndef MCKEAN_RUN_STOP_H
#define MCKEAN_RUN_STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "log/report.h"
#include "parallel/comm.h"

enum stop_request { STOP_NONE, STOP_CHECKPOINT, STOP_END };

struct stop_options {
  double (*clock)(void);    /* seconds; comm_time, another one in tests */
  double (*job_left)(void); /* slurm_left, another one in tests */
  double max_wall;          /* seconds from stop_create on; 0: no limit */
  double save_every;        /* seconds between checkpoints; 0: no matter */
  const char *output;       /* the folder of the stop file */
};

struct stop {
  struct stop_options given;
  const struct comm *comm;
  double wall_end, job_end;   /* by the clock, INFINITY: none */
  bool job_sure;              /* job_end was asked for again when it came near */
  double stretch, checkpoint; /* longest recent ones, seconds */
  bool timed;                 /* a checkpoint was: before, its time is a guess */
  double agreed, saved;       /* when the ranks last agreed, and last had a checkpoint */
  double looked;              /* for the stop file, when */
  int64_t step, every;        /* of the last agreement; steps to the next */
  char why[256];
};

/* Local. Installs the signal handlers of this process. */
void stop_install(void);

/* Local. The time of max_wall begins. */
struct stop stop_create(const struct comm *comm, const struct stop_options *options);

/* Local. The time loop begins at a step; bytes: of a checkpoint, all ranks. Says which limits there are. */
void stop_begin(struct stop *stop, int64_t step, double bytes, struct report *report);

/* Local, same on all ranks. Whether the ranks are to agree after this step: some 0.2 s apart. */
bool stop_due(const struct stop *stop, int64_t step);

/* Collective. The strongest request of any rank since the last call; *why names it for rank 0's log, NULL for what
 * needs no word. */
enum stop_request stop_agree(struct stop *stop, int64_t step, const char **why);

/* Local. So many seconds before a limit it ends. */
double stop_margin(const struct stop *stop);

/* Local. A checkpoint was written; it began at that time of the clock. */
void stop_saved(struct stop *stop, double began);

#endif
