/* h5_guard: refuses HDF5 features that datasets of numbers do not need and that a file could use to make the reader
 * allocate too much memory or open other files. Private to h5.c; all functions are local. */
#ifndef MCKEAN_IO_H5_GUARD_H
#define MCKEAN_IO_H5_GUARD_H

#include <hdf5.h>
#include <stdbool.h>

/* Disables filter plugins, so that no file can make HDF5 load a library. Call this once, after H5open. */
void h5_guard_start(void);

/* Returns whether type is an IEEE float or double, or a signed or unsigned integer of 8 to 64 bits, of either byte
 * order. */
bool h5_guard_number(hid_t type);

/* Returns what values of this type are, for messages: "text", "bool", "complex numbers", "16-bit floating-point
 * numbers". The result is a static text, or text. */
const char *h5_guard_content(hid_t type, char text[64]);

/* Returns NULL if the numbers of an open dataset may be read, otherwise a static text that states what was expected.
 * The numbers may be read only if:
 *   - h5_guard_number accepts their type, or it is the bool of h5py (read as 0 and 1);
 *   - this file stores them, with no filters except gzip, shuffling and checksums;
 *   - they take at most 16 MiB of memory, or at most 1032 times the stored bytes (the largest ratio of gzip);
 *   - without chunks, the file stores all of their bytes;
 *   - with gzip, a chunk has at most 1 MiB of numbers, and its stored size is at most slightly larger.
 * Opens no other file. */
const char *h5_guard_dataset(hid_t file, hid_t dataset);

#endif
