/* survey: how far a run is, judged from what it left in its folder. Nothing is changed there, and no run is hindered. */
#ifndef MCKEAN_FORECAST_RUN_STATUS_H
#define MCKEAN_FORECAST_RUN_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "parallel/comm.h"

enum run_state {
  RUN_DONE,    /* a whole checkpoint at the last step of its input, and a history with that step's row */
  RUN_RUNNING, /* a run holds the lock of this folder */
  RUN_STOPPED, /* before that: the same command goes on from a whole checkpoint */
  RUN_MISSING, /* no folder, or no checkpoint yet: the command starts at step 0 */
  RUN_DAMAGED, /* the command would refuse to go on: `reason` says what is wrong and what to do */
  RUN_STATES
};
extern const char *const run_state_names[RUN_STATES];

struct run_status {
  enum run_state state;
  int64_t step;      /* of the newest whole checkpoint; -1: there is none */
  int64_t steps;     /* the last one of the input; 0: not known */
  char *checkpoint;  /* its path, or NULL */
  char *passed_over; /* what is wrong with newer checkpoints, a line each; "" */
  char *reason;      /* one line; "" where the state says all */
};

/* Collective. asked: the input of the command that shall complete the run, or NULL: that of its newest checkpoint.
 * quick: metadata of checkpoints only, not every byte; always so while the run goes on. State and steps are the same on
 * all ranks, texts are on rank 0. What is wrong with the run is no failure of this function. */
void run_status_run(const struct comm *comm, const char *folder, const struct config *asked, bool quick,
                    struct run_status *survey);
void run_status_free(struct run_status *survey); /* frees what it holds */

/* Local. Run folders in and below a folder, links not followed, in order of their names: calls found for each, once for
 * the folder itself where there are none. */
void run_status_find(const char *folder, void (*found)(void *context, const char *run), void *context);

#endif
