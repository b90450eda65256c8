/* parallel_write: many ranks write bytes to their own offsets in one file.
 *
 * posix: every rank writes its own bytes with pwrite and syncs its own file descriptor; for file systems whose clients
 * see each other's pages coherently (local disks, Lustre, GPFS). mpiio: collective MPI-IO writes, for file systems
 * whose clients do not (NFS). Adjacent small pieces are joined into large writes. */
#ifndef MCKEAN_IO_PARALLEL_WRITE_H
#define MCKEAN_IO_PARALLEL_WRITE_H

#include <stdint.h>

#include "parallel/comm.h"

enum parallel_write_io { PARALLEL_WRITE_POSIX, PARALLEL_WRITE_MPIIO, PARALLEL_WRITE_KINDS };

struct parallel_write;

/* fill passes this rank's bytes to parallel_write_put. It is called once (posix), or three times (mpiio: to count, to
 * write, to compare) and must then pass the same bytes each time. */
struct parallel_write_job {
  void (*fill)(struct parallel_write *writer, void *context);
  void *context;
  int64_t largest; /* largest size in bytes of one parallel_write_put */
};

/* Local; one rank calls it before parallel_write_file. Allocates the blocks of the first bytes of a file, holes
 * included, so that a full disk is detected now: FULL. If the file system cannot reserve blocks, posix continues
 * without a reservation. mpiio then rewrites all of these bytes, because collective writes to a full disk may
 * deadlock. */
int parallel_write_reserve(const char *path, enum parallel_write_io io, int64_t bytes);

/* Collective. Writes the bytes of all ranks to an existing file, reads them back, compares and syncs them. FAILED or
 * FULL on one rank fails on all. The comparison reads this node's view of the file (posix: immediately after the
 * write). It therefore verifies the write, but neither the disk nor that no other node overwrites a shared page later;
 * mpiio and the CRCs that readers check cover these cases. */
int parallel_write_file(const struct comm *comm, const char *path, enum parallel_write_io io,
                        const struct parallel_write_job *job);

/* Local, inside fill. Returns the buffer for the bytes that belong at offset, valid until the next call. */
void *parallel_write_put(struct parallel_write *writer, int64_t offset, int64_t bytes);

#endif
