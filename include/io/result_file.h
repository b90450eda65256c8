/* result_file: a result that is written to a path of the user: as a new file, or in place of an earlier result of the
 * same kind, completely or not at all.
 *
 * The content of an existing file decides whether it is an earlier result; an empty file and a file of zeros, which
 * a system crash may leave, count as one. Any other file is refused before the work starts. Symbolic links are
 * followed and kept, and permissions are kept. A device or a pipe is written directly. All functions are local. */
#ifndef MCKEAN_IO_RESULT_FILE_H
#define MCKEAN_IO_RESULT_FILE_H

#include <stdbool.h>

#include "io/durable_file.h"

struct result_file {
  char target[PATH_BYTES];  /* the path without links */
  char written[PATH_BYTES]; /* where the caller writes: a temporary file, or target if that is a device or a pipe */
};

/* Checks the path, and creates the empty temporary file. is_earlier: whether the nonempty regular file at path is an
 * earlier result of this kind. The caller writes to file->written, and then calls result_file_publish or
 * result_file_discard. USAGE: a file exists that is_earlier does not recognize. FAILED: the path cannot be written. */
int result_file_open(const char *path, bool (*is_earlier)(const char *path, const void *kind), const void *kind,
                     struct result_file *file);

/* Returns whether a file is empty or contains only zeros. */
bool result_file_is_blank(const char *path);

/* Returns whether a file begins like the tables of an analysis: "2 runs, 3 sizes". */
bool result_file_is_tables(const char *path);

/* Gives the temporary file the name of the target. FAILED, FULL: this is impossible; the temporary file is removed. */
int result_file_publish(const struct result_file *file);

/* Removes the temporary file. */
void result_file_discard(const struct result_file *file);

/* Returns whether the target is a device or a pipe. Opening a pipe may wait for its reader. */
bool result_file_is_direct(const struct result_file *file);

#endif
