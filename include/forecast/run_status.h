/* run_status: the progress of a run, from the files in its folder. Changes nothing and does not disturb a running
 * run. */
#ifndef MCKEAN_FORECAST_RUN_STATUS_H
#define MCKEAN_FORECAST_RUN_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "parallel/comm.h"

enum run_state {
  RUN_DONE,    /* a complete checkpoint at the last step of the input, and a history with the row of this step */
  RUN_RUNNING, /* a run holds the lock of this folder */
  RUN_STOPPED, /* the same command resumes from a complete checkpoint */
  RUN_MISSING, /* no folder, or no checkpoint: the command starts at step 0 */
  RUN_DAMAGED, /* the command would refuse to resume: `reason` has the cause and what to do */
  RUN_STATES
};
extern const char *const run_state_names[RUN_STATES];

struct run_status {
  enum run_state state;
  int64_t step;     /* of the newest complete checkpoint; -1: none */
  int64_t steps;    /* last step of the input; 0: unknown */
  char *checkpoint; /* its path, or NULL */
  char *skipped;    /* errors of newer checkpoints, one line each; "": none */
  char *reason;     /* one line; "": none */
};

/* Determines the status of a run. config: the input of the command that completes the run, or NULL: the input in
 * its newest checkpoint. quick: verify only the metadata of checkpoints; this is always so while a run holds the
 * lock. Collective. State and steps are the same on all ranks; texts are on rank 0. Errors of the run are part of
 * the status. */
void run_status_run(const struct comm *comm, const char *folder, const struct config *config, bool quick,
                    struct run_status *result);
void run_status_free(struct run_status *result); /* Local; frees what it holds. */

/* Calls found(context, run) for each run folder in or below a folder, in the order of names; for the folder itself if
 * there is none. Symbolic links are not followed. Local. */
void run_status_find(const char *folder, void (*found)(void *context, const char *run), void *context);

#endif
