/* sandbox: tries in a child process to read a file that may be damaged.
 *
 * The HDF5 library crashes on some damaged files, for example by a division by zero or by writing out of bounds.
 * McKean's own files are verified by checksums before the library opens them; a user's file has none. Local. */
#ifndef MCKEAN_IO_SANDBOX_H
#define MCKEAN_IO_SANDBOX_H

/* Calls try(context) in a child process, which has a copy of the memory, so all of its effects are lost, including its
 * messages. OK: try returned, with any status, or no child could be created. FAILED: the child crashed; the file at
 * path is taken to be damaged. Call it while the process is small, before large arrays are allocated. */
int sandbox_run(const char *path, int (*try)(void *context), void *context);

#endif
