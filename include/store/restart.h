/* restart: the checkpoint and the history from which a run resumes. */
#ifndef MCKEAN_STORE_RESTART_H
#define MCKEAN_STORE_RESTART_H

#include "config/config.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "store/checkpoint.h"

struct restart {
  char *path;            /* NULL: no checkpoint, the run starts at step 0 */
  bool previous_history; /* history.h5 is damaged or missing: history_file_restore must replace it */
  char moved_file[4096]; /* unit.init.path of the checkpoint if that of the input differs: the caller compares the
                          * particles; otherwise "" */
  struct checkpoint_info info;
};

/* Finds the checkpoint from which a run of an output can resume: the newest intact one, up to the step that the
 * history reaches (history_reach). *previous: NULL, or set to whether the history is history.previous.h5. FAILED: all
 * checkpoints are damaged, or beyond that step. Other arguments and errors: those of checkpoint_newest. Collective. */
int restart_newest(const struct comm *comm, const char *output, bool quick,
                   void (*note)(void *context, const char *text), void *context, char **path,
                   struct checkpoint_info *info, bool *previous);

/* Finds the checkpoint of an output (restart_newest) and checks that the run may resume from it; reports damaged ones,
 * and writes nothing else. config gets what is recorded up to the step of the checkpoint (config_continue), and
 * unit.init.checksum of the checkpoint's input. restart: freed by the caller with restart_free after OK. Collective.
 * USAGE: the checkpoint was written by a different input or a newer program, or by an older one whose random numbers
 * differ in the remaining steps, is beyond the last step of the input, or needs an ISA level that a processor of this
 * run lacks; or there is no checkpoint, but a history that must not be replaced. FAILED: all checkpoints are damaged.
 * UNREAD: the newest one could not be read within ten seconds. */
int restart_find(const struct comm *comm, struct config *config, struct report *report, struct restart *restart);
/* Applies config_keep (config/config.h) with the input recorded in the output: that of the newest checkpoint or,
 * without one, of the history. Call it before the data are created, unless the run starts over with --fresh. Does
 * nothing if there is no readable record; restart_find reports damage. Collective. Returns OK. */
int restart_keep(const struct comm *comm, struct config *config);

void restart_free(struct restart *restart); /* Local; frees what it holds. */

#endif
