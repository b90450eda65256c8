/* summary: what a run did and how fast. Each rank times the parts of its time loop; at the end the least, mean and
 * largest of these over the ranks go to <output>/summary.json, and what a user asks first to the log. */
#ifndef MCKEAN_RUN_SUMMARY_H
#define MCKEAN_RUN_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/comm.h"
#include "model/kernel.h"
#include "run/config.h"
#include "run/report.h"

/* Parts of the time loop; none lies inside another. */
enum summary_part {
  PART_STEP,  /* steps without a row of the history */
  PART_ROW,   /* steps with a row, test points included; the first step of a run is one */
  PART_FIELD, /* f_n at test and training points */
  PART_SAVE,  /* history and checkpoints: checks, files */
  SUMMARY_PARTS
};

struct timer {
  double count;
  double seconds;
  double waited; /* of the seconds: in sums over ranks, their transfer and the wait for slower ranks */
  double pairs;  /* (unit x sample), on this rank */
};

struct summary {
  struct timer part[SUMMARY_PARTS];
  double bytes; /* of checkpoints, all ranks */
};

/* Local. Adds to a part what lies between two readings of the running totals. */
void summary_add(struct summary *summary, enum summary_part part, const struct timer *since, const struct timer *now);

/* The run of which it is told. */
struct summary_run {
  const struct config *config;
  int d;
  enum isa isa;
  int64_t first, step, steps; /* where this start of the run began, is, the run ends */
  double seconds;             /* of the time loop */
};

/* Collective. A summary that cannot be written is said once and never fails the run. */
void summary_report(const struct summary *summary, const struct comm *comm, const struct summary_run *run,
                    struct report *report);

#endif
