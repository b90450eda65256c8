/* disk_full: the reaction of a run to a full disk or quota, as selected by output.on_full. */
#ifndef MCKEAN_RUN_DISK_FULL_H
#define MCKEAN_RUN_DISK_FULL_H

#include <stdbool.h>

#include "log/report.h"
#include "parallel/comm.h"
#include "run/stop.h"

struct disk_full {
  const struct comm *comm;
  int on_full; /* enum on_full */
  bool ending; /* the run is about to stop and does not wait */
  struct stop *stop;
  struct report *report;
};

/* Calls attempt(context), a collective function that writes files and may be called again after it has returned FULL.
 * on_full stop: returns the status of the attempt. on_full wait: reports the full disk once, then calls attempt again
 * every few seconds, and immediately on signal USR1, until the status is not FULL, and returns that status. Collective.
 * STOPPED: the disk is full and the run is about to stop, or another signal, the stop file or a time limit ended the
 * wait; the newest steps are not on disk. */
int disk_full_write(const struct disk_full *policy, int (*attempt)(void *context), void *context);

#endif
