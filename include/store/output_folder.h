/* output: the folder a run writes to. Local (rank 0) unless said otherwise. */
#ifndef MCKEAN_STORE_OUTPUT_FOLDER_H
#define MCKEAN_STORE_OUTPUT_FOLDER_H

#include <stdbool.h>

#include "config/config.h"
#include "store/lock.h"

/* Is there what a run has written? A folder with nothing but other things in it is not an old output. */
bool output_folder_holds_run(const char *output);

/* Makes <output> and <output>/checkpoints, takes the lock and removes the temporary files of runs that were killed, or
 * that sleep between asking whether the lock is still theirs and the rename, which then fails.
 * fresh: an old run there is renamed to <output>.1, .2, … USAGE: busy, or something else is in the way; *aside: what
 * the old run is called now, to be freed, or NULL. */
int output_folder_open(const char *output, bool fresh, struct lock **lock, char **aside);

/* Removes all temporary files (io/durable_file.h) of a folder. Only who holds the lock may. */
void output_folder_clean(const char *folder);

/* Collective, while rank 0 holds the lock. USAGE, naming a rank and its host, unless all ranks see the same folder: each
 * of them writes to the checkpoints there. */
int output_folder_same(const struct comm *comm, const char *output);

/* Writes nothing. The output, or its nearest parent that exists, in folder [4096]. USAGE: a file is in the way; FAILED:
 * nothing may be written there. */
int output_folder_probe(const char *output, char *folder);

#endif
