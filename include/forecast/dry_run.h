/* dry_run: forecasts the time, memory and disk space of a run, for --dry-run. It does not change the output folder, and
 * it probes the lock of this folder but does not keep it. */
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

/* dt/limit of the networks of one size in the stage to come in which it is largest, of those in which dt is a number.
 * lambda, and sup M(x,x) if known, are those of an estimate at `step`: at step 0, or the last one in the history of the
 * run to resume. */
enum { DRY_RUN_SENTENCE = 768 };
struct dry_run_stability {
  int64_t n, step;
  int stage;                       /* the stage */
  int stages, stages_above;        /* stages to come in which dt is a number, and those in which it exceeds the limit */
  double ratio, error, limit;      /* dt/limit, its error, and the limit of dt in that stage */
  bool above, scaled_down;         /* scaled_down: the estimate is of fewer than n units (forecast/pilot_run.h) */
  bool without_noise;              /* the steps use mini-batches, but sup M(x,x) is unknown: the limit is too large */
  char text[DRY_RUN_SENTENCE];     /* the warning; "" if there is none */
  char recorded[DRY_RUN_SENTENCE]; /* a warning of the steps so far, from the history; "" if there is none */
};

/* The forecast, complete on rank 0 only. */
struct dry_run {
  const struct config *config;
  const struct dataset *data; /* exists while the forecast is printed */
  int ranks, nodes;
  int64_t first_step, steps; /* step at which the run starts or resumes; last step of the input */
  bool resumes;              /* from a checkpoint */
  bool complete;             /* no steps remain, and the history has the last row */
  double pairs;              /* pairs (schedule_pairs) in the remaining steps */
  int64_t rows, fields;      /* rows and fields that the remaining steps add to the history */
  struct rank_range units;   /* peak bytes of units on a rank: while blocks change owners, old and new units together */
  struct rank_range memory;  /* total bytes of a rank, program and libraries included */
  double node_memory;        /* bytes used by all ranks on the node with the least memory left */
  double node_available;     /* bytes installed on that node, or fewer if SLURM grants fewer */
  double work_memory;        /* bytes of program, points and work space, maximum over ranks */
  double history_memory;     /* bytes of history rows and fields between two checkpoints, maximum over ranks */
  int64_t checkpoint;        /* bytes of one checkpoint file */
  double kept;               /* largest number of checkpoints on disk: output.keep, or for a new run `checkpoints` if
                              * that is less, + snapshots + one being written */
  double history, disk;      /* bytes: history.h5 at the end; all files together at their peak */
  double overlaps;           /* bytes of overlaps in history.h5 at the end */
  double present;            /* bytes of the history and checkpoints in the output; 0 if options.fresh is true */
  double free_space;         /* free bytes on the disk of `folder`; NAN: unknown */
  char folder[4096];         /* the output folder, or its nearest existing parent */
  struct pilot_run pilot;    /* the measured times */
  int sizes;                 /* length of stability */
  struct dry_run_stability stability[ENSEMBLE_MAX];
  double data_seconds;       /* seconds to create target and data */
  double loop_seconds;       /* seconds of the remaining steps, rows, fields and estimates of the stability limit */
  double checkpoints;        /* approximate number of checkpoints to be written */
  double save_seconds;       /* seconds between them by output.checkpoint_minutes; 0: none by time */
  double checkpoint_seconds; /* seconds to write one */
  bool rate_known;           /* the write rate is from summary.json of this output; otherwise it is DRY_RUN_RATE */
};

#define DRY_RUN_RATE 0.2 /* GB/s, assumed write rate of checkpoints on a disk of unknown speed */

struct dry_run_options {
  bool fresh;       /* as in struct simulation_options */
  const char *json; /* file for the forecast in JSON, or NULL */
  int argc;         /* the command line without --dry-run and --json, as the run would record it */
  char **argv;
};

/* Prints the steps, memory, disk space and time of a run and a header for a SLURM job, and writes the JSON file if one
 * is requested. Collective. Returns OK, or the status with which the run would end before its first step; the error
 * text has the reason. FAILED or USAGE also if the JSON file cannot be written, FAILED or FULL also if checkpoint_bytes
 * fails. Cost: a few seconds in addition to the creation of target and data. */
int dry_run_report(const struct comm *comm, const struct config *config, const struct dry_run_options *options);

/* dry_run_print prints a forecast; dry_run_json writes it as JSON (format mckean-plan). Local, for rank 0. Errors:
 * those of json_create and json_write. */
void dry_run_print(const struct dry_run *plan, struct report *report);
int dry_run_json(const struct dry_run *plan, const char *path);

#endif
