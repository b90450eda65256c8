/* room: what a run does when the disk or the quota is full, by output.on_full. */
#ifndef MCKEAN_RUN_DISK_FULL_H
#define MCKEAN_RUN_DISK_FULL_H

#include <stdbool.h>

#include "log/report.h"
#include "parallel/comm.h"
#include "run/stop.h"

struct disk_full {
  const struct comm *comm;
  int on_full; /* enum on_full */
  bool ending; /* the run was told to end: no time to wait */
  struct stop *stop;
  struct report *report;
};

/* Collective. Does attempt(context), a collective function that writes files, and may be called again where it returns
 * FULL. stop: returns what it returned. wait: says so once and calls it again every few seconds, and at once on signal
 * USR1, until there is room; STOPPED if the run is ending, or if a signal, the stop file or the time limit ends the
 * wait, with the newest steps unwritten. */
int disk_full_write(const struct disk_full *room, int (*attempt)(void *context), void *context);

#endif
