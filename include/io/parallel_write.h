/* parallel_write: all ranks write bytes at their own offsets of one file.
 *
 * posix: every rank writes its own bytes with pwrite and syncs its own file descriptor. Use posix on file systems whose
 * clients cache pages coherently (local disks, Lustre, GPFS). mpiio: collective MPI-IO writes, for file systems without
 * coherent client caches (NFS). Adjacent small pieces are joined into large writes. */
#ifndef MCKEAN_IO_PARALLEL_WRITE_H
#define MCKEAN_IO_PARALLEL_WRITE_H

#include <stdint.h>

#include "parallel/comm.h"

enum parallel_write_io { PARALLEL_WRITE_POSIX, PARALLEL_WRITE_MPIIO, PARALLEL_WRITE_KINDS };

struct parallel_write;

/* fill stores this rank's bytes in the buffers that parallel_write_put returns. parallel_write_file calls fill once
 * (posix), or up to three times (mpiio: to count, to write, to compare). fill must store the same bytes each time. */
struct parallel_write_job {
  void (*fill)(struct parallel_write *writer, void *context);
  void *context;
  int64_t largest; /* largest size in bytes of one parallel_write_put */
};

/* Local; one rank calls it before parallel_write_file. Allocates the disk blocks of the first `bytes` bytes of a file,
 * including holes, so that a full disk is detected before the write (FULL). If the file system cannot allocate blocks,
 * posix continues without a reservation; mpiio reads and rewrites all of these bytes, because collective writes to a
 * full disk may deadlock. */
int parallel_write_reserve(const char *path, enum parallel_write_io io, int64_t bytes);

/* Collective. Writes the bytes of all ranks to an existing file, reads them back, compares them and syncs the file. If
 * one rank fails, all ranks return its status: FULL, FAILED, or UNREAD (the bytes cannot be read back). The comparison
 * reads the file as this node sees it (posix: immediately after each write). It does not detect a bad disk, or another
 * node that later overwrites a shared page. mpiio prevents such overwriting, and the CRCs that readers check detect
 * both. */
int parallel_write_file(const struct comm *comm, const char *path, enum parallel_write_io io,
                        const struct parallel_write_job *job);

/* Local; fill calls it. Returns the buffer for the next `bytes` bytes, which belong at this offset of the file. The
 * buffer is valid until the next call. */
void *parallel_write_put(struct parallel_write *writer, int64_t offset, int64_t bytes);

#endif
