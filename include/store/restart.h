/* resume: the checkpoint of its output that a run goes on from. */
#ifndef MCKEAN_STORE_RESTART_H
#define MCKEAN_STORE_RESTART_H

#include "config/config.h"
#include "log/report.h"
#include "parallel/comm.h"
#include "store/checkpoint.h"

struct restart {
  char *path; /* NULL: there is none, the run starts at step 0 */
  struct checkpoint_info info;
  struct steps snapshots; /* of the input, and those of the checkpoint's that lie behind it */
};

/* Collective; writes nothing. The newest checkpoint of folder that verifies; damaged ones are told of. USAGE: it is of
 * another problem, lies beyond the end of the input, or was computed with a level that some processor here lacks; or
 * there is none, but a history of another problem, which must not be replaced. FAILED: there are some, none is whole.
 * UNREAD: the newest cannot be read, not in ten seconds of trying either. */
int restart_find(const struct comm *comm, const struct config *config, const char *folder, struct report *report,
                 struct restart *resume);
void restart_free(struct restart *resume); /* frees what it holds */

#endif
