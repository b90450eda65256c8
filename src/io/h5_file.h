/* h5_file: what src/io/h5*.c share. Private to them. */
#ifndef MCKEAN_IO_H5_FILE_H
#define MCKEAN_IO_H5_FILE_H

#include <hdf5.h>

struct h5 {
  hid_t id;
  char *path;
};

/* Fails with "FILE: OBJECT: WHAT" and the text of errno, or the message of HDF5 if errno is unknown. */
int h5_fail(const struct h5 *file, const char *object, const char *what);

#endif
