/* relative_path: the place of a file that another file names, such as the data file in an input. */
#ifndef MCKEAN_IO_RELATIVE_PATH_H
#define MCKEAN_IO_RELATIVE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "parallel/comm.h"

/* A relative path in the file `from` is resolved from the working folder or, if there is no such file, from the
 * folder of `from`. Prepends this folder to path [size] in the second case, if the file exists there. path: the same on
 * all ranks, before and after; only rank 0 looks for the file. Collective. */
void relative_path_resolve(const struct comm *comm, const char *from, char *path, size_t size);

/* USAGE: there is no such file; the message states where relative_path_resolve looks for it. Local. */
int relative_path_check(const char *path);

/* Returns whether two paths may name one file: they are equal, or one is the other with a folder before it. Local. */
bool relative_path_same(const char *a, const char *b);

#endif
