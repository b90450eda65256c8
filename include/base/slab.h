/* slab: bytes at places of a file that many ranks write together.
 *
 * posix: every rank writes its own bytes with pwrite and syncs its own descriptor; for file systems whose clients see
 * one another's pages coherently (local disks, Lustre, GPFS). mpiio: collective MPI-IO writes, for those that do not
 * (NFS). Small neighbouring pieces are joined into large writes. */
#ifndef MCKEAN_BASE_SLAB_H
#define MCKEAN_BASE_SLAB_H

#include <stdint.h>

#include "base/comm.h"

enum slab_io { SLAB_POSIX, SLAB_MPIIO, SLAB_KINDS };

struct slab;

/* fill writes this rank's bytes by calling slab_put; it is called once (posix) or three times with the same outcome
 * (mpiio: to count, to write, to compare). */
struct slab_job {
  void (*fill)(struct slab *slab, void *context);
  void *context;
  int64_t largest; /* bytes of a slab_put */
};

/* Local (one rank), before slab_write. Claims the blocks of a file's first bytes, holes included, so that a full disk is
 * met here: FULL. Where the file system cannot reserve them posix goes on without, but for mpiio all bytes are written
 * once more, since on a full disk collective writes may wait for one another for ever. */
int slab_claim(const char *path, enum slab_io io, int64_t bytes);

/* Collective. The file exists. Ends with all bytes read back, compared and synced. FAILED on any rank: on all. What is
 * read back comes from this node's view of the file (posix: right after the write), so it proves the write, not the
 * disk, and not that no other node overwrites a shared page later: that is what mpiio and the CRCs of readers are for.
 */
int slab_write(const struct comm *comm, const char *path, enum slab_io io, const struct slab_job *job);

/* Local, inside fill. Returns where to put the bytes that belong at offset, valid until the next call. */
void *slab_put(struct slab *slab, int64_t offset, int64_t bytes);

/* Local. Whole reads and writes at a place of an open file; FAILED names path. */
int slab_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes);
int slab_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes);

#endif
