/* h5_guard: what of HDF5 a file may use to be read. HDF5 can do much that nobody asks for in a file of numbers, and that
 * costs memory or leads out of the file; private to h5.c. */
#ifndef MCKEAN_BASE_H5_GUARD_H
#define MCKEAN_BASE_H5_GUARD_H

#include <hdf5.h>
#include <stdbool.h>

/* No filter is loaded from a library that a file asks for. Once, after H5open. */
void h5_guard_start(void);

/* One of the usual integers or floating-point numbers, of either byte order. */
bool h5_guard_number(hid_t type);

/* NULL if the numbers of an open dataset may be read: stored in this file, by nothing but gzip, shuffling and checksums,
 * and not claiming more memory than the bytes stored can fill. Otherwise what was expected instead. Opens no other
 * file. */
const char *h5_guard_dataset(hid_t file, hid_t dataset);

#endif
