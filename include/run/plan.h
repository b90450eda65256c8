/* plan: what a run would need and do, for --dry-run. Nothing is written, no lock is taken. */
#ifndef MCKEAN_RUN_PLAN_H
#define MCKEAN_RUN_PLAN_H

#include <stdbool.h>

#include "base/comm.h"
#include "base/range.h"
#include "model/data.h"
#include "model/kernel.h"
#include "run/config.h"
#include "run/provenance.h"
#include "run/report.h"
#include "run/trial.h"

struct plan {
  const struct config *config;
  int ranks, nodes;
  int64_t first, steps;      /* the step it begins at; the steps of the input */
  bool complete;             /* there are none to come, and the last row is written */
  double pairs;              /* (unit x sample), of the steps to come */
  int64_t rows, fields;      /* of the history, to come */
  struct range units;        /* bytes of units on a rank; two owners' where they move between stages */
  struct range memory;       /* bytes of a rank, program and libraries included */
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
  struct trial trial;        /* what the times rest on */
  double start;              /* seconds to make the data */
  double loop;               /* seconds of steps, rows and fields */
  double checkpoints;        /* to be written, about */
  double checkpoint_seconds; /* of one */
  bool rate_known;           /* from the summary of an earlier start; else at PLAN_RATE */
};

#define PLAN_RATE 0.2 /* GB/s of checkpoints that are assumed of an unknown disk */

struct plan_request {
  const struct config *config;
  const struct data *data;
  enum isa isa;
  const struct provenance *provenance;
  bool fresh;
  double start;     /* seconds it took to make the data */
  const char *json; /* NULL: none */
};

/* Collective. Tells what the run would do, need and take, and a SLURM header. The status is that of the run before its
 * first step: OK, or what would be refused and why. */
int plan_report(const struct comm *comm, const struct plan_request *request, struct report *report);

/* Local, rank 0. In words, and as JSON with the names above. FAILED: cannot write. */
void plan_say(const struct plan *plan, struct report *report);
int plan_json(const struct plan *plan, const char *path);

#endif
