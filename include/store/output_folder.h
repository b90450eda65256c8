/* output_folder: the folder that a run writes to. For rank 0 and local, unless stated otherwise. */
#ifndef MCKEAN_STORE_OUTPUT_FOLDER_H
#define MCKEAN_STORE_OUTPUT_FOLDER_H

#include <stdbool.h>

#include "config/config.h"
#include "store/lock.h"

/* Whether the folder holds files of a run: history.h5, run.log, summary.json or checkpoints. */
bool output_folder_holds_run(const char *output);

/* Creates <output> and <output>/checkpoints, takes the lock, and removes the temporary files of runs that were killed
 * or are suspended before a rename; that rename then fails. fresh: an existing run is renamed to <output>.1, .2, ...
 * *aside: its new name, which the caller frees, or NULL. USAGE: another run holds the lock, or a file is in the way. */
int output_folder_open(const char *output, bool fresh, struct lock **lock, char **aside);

/* Removes all temporary files (io/durable_file.h) of a folder. Only the owner of the lock may call it. */
void output_folder_clean(const char *folder);

/* Checks that all ranks see the same folder, since each of them writes to the checkpoints; rank 0 holds the lock.
 * Collective. USAGE: the error text names a rank and its host. */
int output_folder_same(const struct comm *comm, const char *output);

/* Finds the output, or its nearest parent that exists. Writes nothing. folder: [4096]. USAGE: a file is in the way.
 * FAILED: the folder is not writable. */
int output_folder_probe(const char *output, char *folder);

#endif
