/* history_file: history.h5 as a file that may be damaged, foreign or written by a newer program. Local.
 *
 * HDF5's own structures have no checksums, and the library does not tolerate damaged ones. So a history begins with a
 * header (io/file_header.h): magic "MCKEANHI", format version, and the fields CRC-32C of all bytes after the header
 * (4), length of the file (8), zeros. Older programs wrote histories without this header; they are read without this
 * check. So is a history that was edited by hand, whose first 512 bytes are zeros. */
#ifndef MCKEAN_STORE_HISTORY_FILE_H
#define MCKEAN_STORE_HISTORY_FILE_H

#include "io/file_header.h"
#include "io/h5.h"

enum { HISTORY_VERSION = 1, HISTORY_SEAL = FILE_HEADER_BYTES };

/* Verifies every byte, then opens the file for reading. FAILED: missing, damaged, not a history. USAGE: written by a
 * newer program. */
int history_file_open(const char *path, struct h5 **file);

/* Writes the first 512 bytes of a closed history that was created with a user block of HISTORY_SEAL bytes; leaves other
 * files unchanged. FULL, FAILED. */
int history_file_seal(const char *path);

#endif
