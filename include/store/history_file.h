/* history_file: checks of history.h5, which may be damaged, of another format or written by a newer program. Local.
 *
 * The HDF5 structures in the file have no checksums, and the library does not tolerate damaged ones. A history
 * therefore begins with a header (io/file_header.h): magic "MCKEANHI", format version, and the fields CRC-32C (4 bytes)
 * of all bytes after the header, file length (8 bytes), zeros. Files without this header are opened without this check:
 * histories of older programs, and histories edited by hand whose first 512 bytes were set to zeros. */
#ifndef MCKEAN_STORE_HISTORY_FILE_H
#define MCKEAN_STORE_HISTORY_FILE_H

#include "io/file_header.h"
#include "io/h5.h"

enum { HISTORY_VERSION = 2, HISTORY_SEAL = FILE_HEADER_BYTES };

/* Verifies every byte, then opens the file for reading. *file: closed by the caller with h5_close; NULL on failure.
 * FAILED: missing, damaged, not a history. USAGE: written by a newer program. UNREAD: see io/durable_file.h. */
int history_file_open(const char *path, struct h5 **file);

/* Writes the header of a closed history that was created with a user block of HISTORY_SEAL bytes; leaves a history
 * without a user block (of an older program) unchanged. Does not check that other files are histories. FULL, FAILED or
 * UNREAD: see io/durable_file.h. */
int history_file_seal(const char *path);

#endif
