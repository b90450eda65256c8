/* history_file: history.h5 as a file that may be damaged, foreign or written by a newer program. Local.
 *
 * The structures of HDF5 have no checksums, and the library is not safe on damaged ones. So a history begins with 512
 * bytes that HDF5 ignores (its user block): magic "MCKEANHI", format version (4 bytes), CRC-32C of all following bytes
 * (4), length of the file (8), zeros, CRC-32C of these 508 bytes. Histories of older programs lack this block and are
 * read without the check; so is a history that was edited by hand if its first 512 bytes are zero. */
#ifndef MCKEAN_STORE_HISTORY_FILE_H
#define MCKEAN_STORE_HISTORY_FILE_H

#include "io/h5.h"

enum { HISTORY_VERSION = 1, HISTORY_SEAL = 512 };

/* Verifies every byte, then opens the file for reading. FAILED: missing, damaged, not a history. USAGE: written by a
 * newer program. */
int history_file_open(const char *path, struct h5 **file);

/* Writes the first 512 bytes of a closed history that was created with a user block of HISTORY_SEAL bytes; leaves other
 * files unchanged. FULL, FAILED. */
int history_file_seal(const char *path);

#endif
