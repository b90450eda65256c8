/* run_status: determines the progress of a run from the files in its folder. It changes no file and does not disturb a
 * run that is in progress. */
#ifndef MCKEAN_FORECAST_RUN_STATUS_H
#define MCKEAN_FORECAST_RUN_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "parallel/comm.h"
#include "store/live.h"

enum run_state {
  RUN_DONE,       /* complete: a checkpoint and a history row exist at the last step of the input */
  RUN_RUNNING,    /* a run holds the lock of this folder */
  RUN_STOPPED,    /* the same command will resume from a checkpoint */
  RUN_FAILED,     /* the last run ended with an error (`reason`); the same command resumes and may fail again */
  RUN_MISSING,    /* no folder or no checkpoint: the same command will start at step 0 */
  RUN_DAMAGED,    /* the same command will refuse to start or to resume; `reason` has the cause and what to do */
  RUN_UNREADABLE, /* not a run, or its files cannot be read: nothing is known about them; `reason` has the cause */
  RUN_STATES
};
extern const char *const run_state_names[RUN_STATES];

struct run_status {
  enum run_state state;
  int64_t step;     /* of the newest intact checkpoint; -1: none */
  int64_t steps;    /* last step of the input; 0: unknown */
  bool is_live;     /* the run is running and has written its file `live` */
  struct live live; /* rank 0 */
  char *checkpoint; /* path of that checkpoint, or NULL */
  char *command;    /* that resumes the run, from its checkpoint; NULL: unknown, or the input was given */
  char *skipped;    /* errors of newer, damaged checkpoints, one line each; "": none */
  char *reason;     /* why the run is in this state, one line; "": no reason needed */
};

/* Determines the status of a run. config: the input of the command that would complete the run, or NULL for the input
 * stored in its newest checkpoint. quick: verifies only the metadata of checkpoints, as is always done while a run
 * holds the lock. result: the caller frees it with run_status_free. Collective; state, step and steps are the same on
 * all ranks; the texts are valid only on rank 0. An error in the files of the run does not fail the call; it is
 * reported in result. */
void run_status_run(const struct comm *comm, const char *folder, const struct config *config, bool quick,
                    struct run_status *result);

/* Local. The status RUN_DAMAGED of a command that is not valid; reason: as in struct run_status. */
void run_status_refused(const char *reason, struct run_status *result);

void run_status_free(struct run_status *result); /* Local. Frees the texts. */

/* Local. Calls found(context, run) for each run folder at or below a folder, in the order of names, or for the folder
 * itself if no run folder is found. Does not search inside run folders, does not follow symbolic links, and skips
 * hidden folders. Searches at most 16 levels deep. */
void run_status_find(const char *folder, void (*found)(void *context, const char *run), void *context);

#endif
