/* checkpoint: the particles on disk, complete and verified or not there.
 *
 * <output>/checkpoints/step-%012lld.h5. HDF5 with a 512-byte user block in front:
 *
 *   user block   magic "MCKEANCK", format version, file length, offset and count of /integrity/extents, CRC-32C of all
 *                bytes of the file outside user block and extents, CRC-32C of the user block itself
 *   /            attributes format "mckean-checkpoint", format_version, step, time, seed, isa, precision, config; dt,
 *                dt_since_step, dt_since_time (dynamics/schedule.h, struct dt_segment): files of before dt: auto lack these
 *   /ensemble/i  attributes n, replicas, unit; datasets c (R, n), a (R, n, d), b (R, n; ridge units only)
 *   /integrity   extents (offset, length) of these datasets; i/c, i/a, i/b: CRC-32C per block of 256 rows (R, blocks)
 *   /provenance  attributes, see log/provenance.h
 *
 * So every byte is covered, and the metadata are proved before the HDF5 library sees them. Any later format keeps magic,
 * version and CRC of the first 512 bytes where they are, so that every program can tell it from damage.
 *
 * Writing: rank 0 lays the file out under a temporary name and reserves its space, every rank writes its own rows at
 * their offsets and reads them back, then CRCs, rename, fsync of the folder. A full disk, a kill or a failing rank at
 * any instant leaves the older checkpoints as they were. */
#ifndef MCKEAN_STORE_CHECKPOINT_H
#define MCKEAN_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "log/provenance.h"
#include "parallel/comm.h"
#include "particles/particles.h"

enum { CHECKPOINT_VERSION = 1 };

/* What a checkpoint says of itself. */
struct checkpoint_info {
  int64_t step;
  double time;
  struct dt_segment segment; /* dt 0: not known */
  uint64_t seed;
  int isa;      /* enum isa */
  char *config; /* resolved YAML */
  uint32_t crc; /* of its metadata: names this checkpoint in the provenance of the next */
  int64_t bytes;
  struct ensemble_spec ensemble; /* streams 0: not told */
  int unit, d, precision;
};
void checkpoint_info_free(struct checkpoint_info *info); /* frees what it holds */

/* Name of the checkpoint of a step: folder/step-000000012000.h5, to be freed. Local. */
char *checkpoint_path(const char *folder, int64_t step);

/* Collective. Writes folder/step-….h5 (folder exists). may_write(context) is asked on rank 0 directly before the
 * rename: not OK means that this run no longer owns the output. FULL (io/durable_file.h), after which it may be called again,
 * and FAILED, with what to do: nothing else changed. */
struct checkpoint_request {
  const char *folder;
  int64_t step;
  double time;
  struct dt_segment segment;
  uint64_t seed;
  enum isa isa;
  enum parallel_write_io io;
  const char *config;
  const struct provenance *provenance;
  int (*may_write)(void *context);
  void *context;
};
int checkpoint_write(const struct comm *comm, const struct checkpoint_request *request,
                     const struct particles *particles, int64_t *bytes);

/* Local. Length of the file that checkpoint_write would make for units of this ensemble, type, d and precision; of
 * particles nothing else is asked. Lays it out in /dev/shm or /tmp for a moment, where its rows take no room. */
int checkpoint_bytes(const struct checkpoint_request *request, const struct particles *particles, int64_t *bytes);

/* Collective, any rank count. Checks every byte, and that a name step-….h5 tells its step. FAILED with the first damage
 * found; USAGE: whole or not, a newer program made it; UNREAD (io/durable_file.h); OK fills info (unless NULL). */
int checkpoint_verify(const struct comm *comm, const char *path, struct checkpoint_info *info);

/* Local. Does a file begin like a checkpoint? */
bool checkpoint_looks(const char *path);

/* Local. Checks user block and metadata, not the particles' own bytes. */
int checkpoint_inspect(const char *path, struct checkpoint_info *info);

/* Collective. The newest checkpoint of folder that verifies (quick: that passes checkpoint_inspect): its path in *path
 * (to be freed), info filled; *path NULL if the folder holds none. Damaged ones passed over are named through
 * note(context, text) on rank 0. FAILED if there are checkpoints but none verifies. USAGE if a newer program made the
 * newest that is not damaged: what it did is not to be lost by going on from before. UNREAD: that one could not be read. */
int checkpoint_newest(const struct comm *comm, const char *folder, bool quick,
                      void (*note)(void *context, const char *text), void *context, char **path,
                      struct checkpoint_info *info);

/* Collective. Fills own units of particles, any rank count, and checks their CRCs. USAGE: other ensemble, unit, d or
 * precision. */
int checkpoint_read(const struct comm *comm, const char *path, struct particles *particles);

/* Local (rank 0). Renames checkpoints newer than step, none of which verified, to "….damaged" (-2, …, where there are
 * such): they shall neither be found again nor count as the newest ones to keep. FAILED. */
int checkpoint_set_aside(const char *folder, int64_t step);

/* Local (rank 0). Removes all but the newest keep checkpoints; steps listed in snapshots stay. */
int checkpoint_rotate(const char *folder, int keep, const struct steps *snapshots);

/* Local. Compares the particles of two checkpoints. *equal: all bits; writes one line per dataset that differs, with
 * the largest absolute and relative difference, to out (NULL: silent). USAGE: shapes differ. */
int checkpoint_compare(const char *a, const char *b, FILE *out, bool *equal);

#endif
