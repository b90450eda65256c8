/* foreign_file: data files of other formats, where an HDF5 file is expected. */
#ifndef MCKEAN_IO_FOREIGN_FILE_H
#define MCKEAN_IO_FOREIGN_FILE_H

#include <stddef.h>

/* Writes the command that converts a data file of another format, "tools/python -m mckean import data.csv data.h5", and
 * returns text. to: the HDF5 file; NULL: named after path. Local. */
enum { FOREIGN_FILE_COMMAND = 4 * 4096 };
const char *foreign_file_command(const char *path, const char *to, char *text, size_t size);

/* Returns what a file is, for messages: "a text file, such as CSV", "the history of a run". Local. */
const char *foreign_file_name(const char *path);

/* Reads the first bytes of a file that should be an HDF5 file. USAGE: it is a CSV or other text file, a NumPy file, or
 * of another known format; the message states this and how to convert it. expected: the content that the HDF5 file
 * should have, for the message, such as "x (N, d) and y (N)". OK: it is an HDF5 file, or of an unknown format, or
 * cannot be read; then h5_open reports the error. Local. */
int foreign_file_check(const char *path, const char *expected);

#endif
