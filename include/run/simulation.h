/* sim: one run from input to finished output, new or resumed. */
#ifndef MCKEAN_RUN_SIMULATION_H
#define MCKEAN_RUN_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "parallel/comm.h"

struct simulation_options {
  bool fresh;      /* set an old output aside (rename it) and start at step 0 */
  int64_t stop_at; /* stop with a checkpoint at this step; -1: at the end */
  double max_wall; /* seconds, 0: no limit */
  int argc;        /* the command line of the run, for the provenance */
  char **argv;
};

/* Collective. OK: complete; STOPPED: stopped early with a checkpoint; USAGE: nothing was done; FAILED. */
int simulation_run(const struct comm *comm, const struct config *config, const struct simulation_options *options);

#endif
