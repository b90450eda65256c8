/* sandbox: a trial read of a file that may be damaged, in a child process.
 *
 * The HDF5 library crashes on some damaged files, for example by a division by zero or by writing out of bounds.
 * McKean's own files are verified by checksums before the library opens them; a user's file has no checksums. Local. */
#ifndef MCKEAN_IO_SANDBOX_H
#define MCKEAN_IO_SANDBOX_H

/* Calls try(context) in a child process. The child has a copy of the memory, so all effects of try are lost, including
 * its error messages. OK: try returned, with any status, or no child could be created. FAILED: the child crashed,
 * exited with a nonzero code, or exceeded an hour of processor time; the message states that the file at path is
 * damaged. FAILED, with another message: SIGKILL ended the child, so the state of the file is unknown. Call this
 * while the process is small, before large arrays are allocated. */
int sandbox_run(const char *path, int (*try)(void *context), void *context);

#endif
