/* simulation: one run, new or resumed, from the input to the finished output. */
#ifndef MCKEAN_RUN_SIMULATION_H
#define MCKEAN_RUN_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "parallel/comm.h"

struct simulation_options {
  bool fresh;      /* rename an existing output and start at step 0 */
  int64_t stop_at; /* stop with a checkpoint at this step; -1: run to the last step */
  bool verbose;    /* also print the times that otherwise only run.log contains */
  double max_wall; /* time limit in seconds of wall-clock time; 0: none */
  int argc;        /* the command line, for the provenance */
  char **argv;
};

/* Runs the steps from the newest checkpoint, or from step 0, to the last step of the input. Collective. OK: complete.
 * STOPPED: stopped early; the log ends with the command that resumes the run. USAGE: refused before the first step; no
 * result was changed. FAILED, FULL, UNREAD (base/error.h): the run failed; the checkpoints written before are
 * unchanged. */
int simulation_run(const struct comm *comm, const struct config *config, const struct simulation_options *options);

#endif
