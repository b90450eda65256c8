/* history_file: checks of history.h5, which may be damaged, of another format or written by a newer program. Local.
 *
 * The HDF5 structures in the file have no checksums, and the library does not tolerate damaged ones. A history
 * therefore begins with a header (io/file_header.h): magic "MCKEANHI", format version, and the fields CRC-32C (4 bytes)
 * of all bytes after the header, file length (8 bytes), zeros. Files without this header are opened without this check:
 * histories of older programs, and histories edited by hand whose first 512 bytes were set to zeros.
 *
 * Each new history.h5 leaves the one before it as history.previous.h5. If history.h5 is damaged or missing, a run
 * resumes from that copy and a checkpoint of its step or before, and computes the lost rows again. */
#ifndef MCKEAN_STORE_HISTORY_FILE_H
#define MCKEAN_STORE_HISTORY_FILE_H

#include "io/durable_file.h"
#include "io/file_header.h"
#include "io/h5.h"

enum { HISTORY_VERSION = 2, HISTORY_SEAL = FILE_HEADER_BYTES };

/* Verifies every byte, then opens the file for reading. *file: closed by the caller with h5_close; NULL on failure.
 * FAILED: missing, damaged, changed by another program, not a history. USAGE: written by a newer program. UNREAD: see
 * io/durable_file.h. */
int history_file_open(const char *path, struct h5 **file);

/* Opens the history from which a run of an output resumes: history.h5 or, if it is damaged or missing, the copy before
 * it, history.previous.h5. path: of the file opened or, on failure, of history.h5. *damage: why it is not history.h5,
 * which the caller frees; NULL: it is. Other arguments and errors: those of history_file_open, for history.h5. */
int history_file_resume(const char *output, char path[PATH_BYTES], char **damage, struct h5 **file);

/* Replaces <output>/history.h5 by a complete file, and keeps the old one as history.previous.h5. There is a history.h5
 * at any time. FULL, FAILED: see io/durable_file.h. */
int history_file_publish(const char *output, const char *complete);

/* Replaces a damaged or missing <output>/history.h5 by history.previous.h5; renames a damaged one to
 * history.h5.damaged, .damaged-2, ... Both copies are then the same file. FAILED: a file cannot be renamed. */
int history_file_restore(const char *output);

/* mark = "CRC-LENGTH" of the header: equal for histories with the same content; "none-LENGTH" without a header, "" if
 * the file cannot be read. Reads the header only. */
enum { HISTORY_MARK = 32 };
void history_file_mark(const char *path, char mark[HISTORY_MARK]);

/* Writes the header of a closed history that was created with a user block of HISTORY_SEAL bytes; leaves a history
 * without a user block (of an older program) unchanged. Does not check that other files are histories. FULL, FAILED or
 * UNREAD: see io/durable_file.h. */
int history_file_seal(const char *path);

#endif
