/* dry_run: a forecast of the time, memory and disk space of a run, for --dry-run. It writes nothing and takes no
 * lock. */
#ifndef MCKEAN_FORECAST_DRY_RUN_H
#define MCKEAN_FORECAST_DRY_RUN_H

#include <stdbool.h>

#include "base/rank_range.h"
#include "config/config.h"
#include "data/dataset.h"
#include "forecast/pilot_run.h"
#include "log/provenance.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "particles/kernel.h"

struct dry_run {
  const struct config *config;
  int ranks, nodes;
  int64_t first, steps;      /* first step of the run, last step of the input */
  bool complete;             /* no steps remain, and the last row is written */
  double pairs;              /* (unit x sample), of the remaining steps */
  int64_t rows, fields;      /* of the history, in the remaining steps */
  struct rank_range units;   /* bytes of units on a rank; while they move between stages, of old and new owner */
  struct rank_range memory;  /* bytes of a rank, program and libraries included */
  double node_memory;        /* bytes of all ranks on the node with the smallest reserve */
  double node_available;     /* bytes available there, at most those that SLURM grants the job */
  double program;            /* bytes of program, points and work space in memory, maximum over ranks */
  double history_memory;     /* bytes of rows between two checkpoints in memory, maximum over ranks */
  int64_t checkpoint;        /* bytes of a file */
  double kept;               /* largest number of checkpoints on disk: kept, snapshots, the one being written */
  double history, disk;      /* bytes of history.h5 at the end; largest sum of all files */
  double present;            /* bytes of files that the output already holds */
  double free;               /* free bytes in folder, NAN: unknown */
  char folder[4096];         /* the output, or its nearest parent that exists */
  struct pilot_run pilot;    /* the measured times */
  double start;              /* seconds to make the data */
  double loop;               /* seconds of steps, rows and fields */
  double checkpoints;        /* approximate number to be written */
  double checkpoint_seconds; /* of one */
  bool rate_known;           /* from summary.json of this output; otherwise DRY_RUN_RATE */
};

#define DRY_RUN_RATE 0.2 /* GB/s of checkpoints on a disk of unknown speed */

struct dry_run_options {
  bool fresh;       /* as in struct simulation_options */
  const char *json; /* output file, NULL: none */
  int argc;         /* the command line of the run itself, for the provenance */
  char **argv;
};

/* Prints steps, memory, disk space and time of a run, with a header for a SLURM job. Collective. The status is that of
 * the run before its first step: OK, or the reason why it would be refused. Cost: a few seconds. */
int dry_run_report(const struct comm *comm, const struct config *config, const struct dry_run_options *options);

/* Prints the forecast; writes it as JSON (format mckean-plan). Local, rank 0. FAILED: the file cannot be written. */
void dry_run_print(const struct dry_run *plan, struct report *report);
int dry_run_json(const struct dry_run *plan, const char *path);

#endif
