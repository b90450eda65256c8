/* sandbox: a reader of files that may be damaged is tried out in a child process.
 *
 * The HDF5 library ends the program on some broken files: a division by zero, a heap that is overwritten. Files of ours
 * are proved by checksums before it sees them; a user's file has none. Local. */
#ifndef MCKEAN_IO_SANDBOX_H
#define MCKEAN_IO_SANDBOX_H

/* Calls try(context) in a child, whose memory is a copy: whatever it does there is lost, its messages included. OK: it
 * came to an end, with any status; also where there can be no child. FAILED: it did not, and the file at path is taken
 * to be damaged. Call it while the process is small: before memory is asked for. */
int sandbox_run(const char *path, int (*try)(void *context), void *context);

#endif
