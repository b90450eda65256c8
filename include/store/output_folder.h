/* output_folder: the folder that a run writes to. Functions are local, for rank 0, unless stated otherwise. */
#ifndef MCKEAN_STORE_OUTPUT_FOLDER_H
#define MCKEAN_STORE_OUTPUT_FOLDER_H

#include <stdbool.h>

#include "config/config.h"
#include "store/lock.h"

/* Returns whether the folder contains files of a run: history.h5, run.log, summary.json or checkpoints. */
bool output_folder_holds_run(const char *output);

/* Creates <output> and <output>/checkpoints, takes the lock, and removes the temporary files of earlier runs. (An
 * earlier run that was only suspended then fails when it renames its temporary file.) fresh: first moves the files of
 * an existing run, and no others, to a new folder <output>.1, .2, ... *aside: its name, which the caller frees, or
 * NULL. USAGE: another run holds the lock, a file has the name of the folder, or a file of the user in it has a name
 * that the run would write to. FAILED or FULL: a folder cannot be created, or a file cannot be moved. */
int output_folder_open(const char *output, bool fresh, struct lock **lock, char **aside);

/* Removes the temporary files of earlier runs (io/durable_file.h) in a folder. Only for the owner of the lock. */
void output_folder_clean(const char *folder);

/* Checks that all ranks see the same folder, because every rank writes to the checkpoints. Rank 0 must hold the lock.
 * Collective. USAGE: they do not; the error text names a rank and its host. */
int output_folder_same(const struct comm *comm, const char *output);

/* Finds the output folder or, if it does not exist, its nearest existing parent. Writes nothing. folder: [4096], the
 * path found. USAGE: a file has the name of a folder, or a link leads to nothing. FAILED: it is not writable. */
int output_folder_probe(const char *output, char *folder);

#endif
