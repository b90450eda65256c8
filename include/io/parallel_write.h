/* slab: bytes at places of a file that many ranks write together.
 *
 * posix: every rank writes its own bytes with pwrite and syncs its own descriptor; for file systems whose clients see
 * one another's pages coherently (local disks, Lustre, GPFS). mpiio: collective MPI-IO writes, for those that do not
 * (NFS). Small neighbouring pieces are joined into large writes. */
#ifndef MCKEAN_IO_PARALLEL_WRITE_H
#define MCKEAN_IO_PARALLEL_WRITE_H

#include <stdint.h>

#include "parallel/comm.h"

enum parallel_write_io { PARALLEL_WRITE_POSIX, PARALLEL_WRITE_MPIIO, PARALLEL_WRITE_KINDS };

struct parallel_write;

/* fill writes this rank's bytes by calling parallel_write_put; it is called once (posix) or three times with the same outcome
 * (mpiio: to count, to write, to compare). */
struct parallel_write_job {
  void (*fill)(struct parallel_write *slab, void *context);
  void *context;
  int64_t largest; /* bytes of a parallel_write_put */
};

/* Local (one rank), before parallel_write_file. Claims the blocks of a file's first bytes, holes included, so that a full disk is
 * met here: FULL. Where the file system cannot reserve them posix goes on without, but for mpiio all bytes are written
 * once more, since on a full disk collective writes may wait for one another for ever. */
int parallel_write_reserve(const char *path, enum parallel_write_io io, int64_t bytes);

/* Collective. The file exists. Ends with all bytes read back, compared and synced. FAILED on any rank: on all. What is
 * read back comes from this node's view of the file (posix: right after the write), so it proves the write, not the
 * disk, and not that no other node overwrites a shared page later: that is what mpiio and the CRCs of readers are for.
 */
int parallel_write_file(const struct comm *comm, const char *path, enum parallel_write_io io,
                        const struct parallel_write_job *job);

/* Local, inside fill. Returns where to put the bytes that belong at offset, valid until the next call. */
void *parallel_write_put(struct parallel_write *slab, int64_t offset, int64_t bytes);

/* Local. Whole reads and writes at a place of an open file; FAILED names path. */
int durable_file_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes);
int durable_file_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes);

#endif
