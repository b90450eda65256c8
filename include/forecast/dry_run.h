/* plan: what a run would need and do, for --dry-run. Nothing is written, no lock is taken. */
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
  int64_t first, steps;      /* the step it begins at; the steps of the input */
  bool complete;             /* there are none to come, and the last row is written */
  double pairs;              /* (unit x sample), of the steps to come */
  int64_t rows, fields;      /* of the history, to come */
  struct rank_range units;   /* bytes of units on a rank; two owners' where they move between stages */
  struct rank_range memory;  /* bytes of a rank, program and libraries included */
  double node_memory;        /* bytes of all ranks of the node that has least to spare */
  double node_room;          /* bytes that are there, or that SLURM gives the job there */
  double program;            /* of these the program with its points and work space, most */
  double history_memory;     /* of these the rows between two checkpoints, most */
  int64_t checkpoint;        /* bytes of a file */
  double kept;               /* files at most at a time: those kept, snapshots, the one being written */
  double history, disk;      /* bytes of history.h5 at the end; of all files at most at a time */
  double there;              /* bytes of them that the output holds already */
  double room;               /* bytes free there, NAN: not known */
  char folder[4096];         /* the output, or its nearest parent that exists */
  struct pilot_run trial;    /* what the times rest on */
  double start;              /* seconds to make the data */
  double loop;               /* seconds of steps, rows and fields */
  double checkpoints;        /* to be written, about */
  double checkpoint_seconds; /* of one */
  bool rate_known;           /* from the summary of an earlier start; else at DRY_RUN_RATE */
};

#define DRY_RUN_RATE 0.2 /* GB/s of checkpoints that are assumed of an unknown disk */

struct dry_run_options {
  bool fresh;       /* as in struct simulation_options */
  const char *json; /* output file, NULL: none */
  int argc;         /* the command line of the run itself, for the provenance */
  char **argv;
};

/* Prints what the run would do, need and take, with a header for a SLURM job. Collective. The status is that of the run
 * before its first step: OK, or why it would be refused. */
int dry_run_report(const struct comm *comm, const struct config *config, const struct dry_run_options *options);

/* Local, rank 0. In words, and as JSON with the names above. FAILED: cannot write. */
void dry_run_print(const struct dry_run *plan, struct report *report);
int dry_run_json(const struct dry_run *plan, const char *path);

#endif
