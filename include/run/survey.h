/* survey: how far a run is, judged from what it left in its folder. Nothing is changed there, and no run is hindered. */
#ifndef MCKEAN_RUN_SURVEY_H
#define MCKEAN_RUN_SURVEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/comm.h"
#include "run/config.h"

enum survey_state {
  SURVEY_DONE,    /* a whole checkpoint at the last step of its input, and a history with that step's row */
  SURVEY_RUNNING, /* a run holds the lock of this folder */
  SURVEY_STOPPED, /* before that: the same command goes on from a whole checkpoint */
  SURVEY_MISSING, /* no folder, or no checkpoint yet: the command starts at step 0 */
  SURVEY_DAMAGED, /* the command would refuse to go on: `reason` says what is wrong and what to do */
  SURVEY_STATES
};
extern const char *const survey_names[SURVEY_STATES];

struct survey {
  enum survey_state state;
  int64_t step;      /* of the newest whole checkpoint; -1: there is none */
  int64_t steps;     /* the last one of the input; 0: not known */
  char *checkpoint;  /* its path, or NULL */
  char *passed_over; /* what is wrong with newer checkpoints, a line each; "" */
  char *reason;      /* one line; "" where the state says all */
};

/* Collective. asked: the input of the command that shall complete the run, or NULL: that of its newest checkpoint.
 * quick: metadata of checkpoints only, not every byte; always so while the run goes on. State and steps are the same on
 * all ranks, texts are on rank 0. What is wrong with the run is no failure of this function. */
void survey_run(const struct comm *comm, const char *folder, const struct config *asked, bool quick,
                struct survey *survey);
void survey_free(struct survey *survey); /* frees what it holds */

/* Local. Run folders in and below a folder, links not followed, in order of their names: calls found for each, once for
 * the folder itself where there are none. */
void survey_find(const char *folder, void (*found)(void *context, const char *run), void *context);

#endif
