/* history_file: history.h5 as a file that may be damaged, foreign or of a newer program. Local.
 *
 * HDF5's own structures have no checksums, and the library is not made for broken ones. So a history begins with 512
 * bytes that HDF5 leaves alone: magic "MCKEANHI", format version (4), CRC-32C of all that follows (4), length of the
 * file (8), zeros, CRC-32C of these 508 bytes. Histories of older programs begin without, and are read without that
 * proof; one that was edited by hand is, too, with zeros for the first 512 bytes. */
#ifndef MCKEAN_STORE_HISTORY_FILE_H
#define MCKEAN_STORE_HISTORY_FILE_H

#include "io/h5.h"

enum { HISTORY_VERSION = 1, HISTORY_SEAL = 512 };

/* Proves every byte, then opens to read. FAILED: not there, damaged, no history. USAGE: a newer program made it. */
int history_file_open(const char *path, struct h5 **file);

/* Writes the proof of a closed history made with a user block of HISTORY_SEAL bytes; leaves others as they are. FULL,
 * FAILED. */
int history_file_seal(const char *path);

#endif
