/* restart: the checkpoint from which a run resumes. */
#ifndef MCKEAN_STORE_RESTART_H
#define MCKEAN_STORE_RESTART_H

#include "config/config.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "store/checkpoint.h"

struct restart {
  char *path; /* NULL: no checkpoint, the run starts at step 0 */
  struct checkpoint_info info;
  struct steps snapshots; /* those of the input, and those of the checkpoint's input up to its step */
};

/* Finds the newest checkpoint in a folder that verifies; reports damaged ones. Writes nothing. Collective. USAGE: the
 * checkpoint was written by a different input, is beyond the last step of the input, or needs an ISA level that a
 * processor of this run lacks; or there is no checkpoint, but a history that must not be replaced. FAILED: there are
 * checkpoints, but none is complete. UNREAD: the newest one could not be read within ten seconds. */
int restart_find(const struct comm *comm, const struct config *config, const char *folder, struct report *report,
                 struct restart *restart);
void restart_free(struct restart *restart); /* Local; frees what it holds. */

#endif
