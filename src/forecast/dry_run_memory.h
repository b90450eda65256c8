/* dry_run_memory: the memory of a run. Private to src/forecast. */
#ifndef MCKEAN_FORECAST_DRY_RUN_MEMORY_H
#define MCKEAN_FORECAST_DRY_RUN_MEMORY_H

#include "forecast/dry_run.h"

/* Facts about a rank and its node, gathered on rank 0. */
struct dry_run_rank {
  char node[256];
  double free_memory; /* bytes that the job may use on this node */
  double base_memory; /* peak bytes of the rank without units, after the pilot run */
  double memory;      /* predicted total bytes of the rank; set by dry_run_memory */
};

/* Predicts the memory of each rank and of the node with the least memory left: sets units, memory, work_memory,
 * history_memory, nodes, node_memory and node_available of plan, which needs its times, steps and pilot run. ranks
 * [plan->ranks]: sets the member memory. Local, for rank 0. */
void dry_run_memory(struct dry_run *plan, const struct dataset *data, struct dry_run_rank *ranks);

#endif
