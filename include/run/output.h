/* output: the folder a run writes to. Local (rank 0). */
#ifndef MCKEAN_RUN_OUTPUT_H
#define MCKEAN_RUN_OUTPUT_H

#include <stdbool.h>

#include "run/config.h"
#include "run/lock.h"

/* Makes <output> and <output>/checkpoints and takes the lock. fresh: an old run there is renamed to <output>.1, .2, …
 * USAGE: busy, or something else is in the way; *aside: what the old run is called now, to be freed, or NULL. */
int output_open(const char *output, bool fresh, struct lock **lock, char **aside);

/* Without any checkpoint a history must not be replaced unless it is of the same problem (a run that was killed before
 * its first checkpoint was complete): USAGE otherwise. */
int output_startable(const struct config *config);

#endif
