/* checkpoint: the particles on disk. A checkpoint file is complete and verified, or it does not exist.
 *
 * <output>/checkpoints/step-%012lld.h5 is an HDF5 file with a user block of 512 bytes:
 *
 *   user block   magic "MCKEANCK", format version, file length, offset and number of /integrity/extents, CRC-32C of all
 *                bytes of the file except the user block and the datasets that these extents list, CRC-32C of the user
 *                block itself
 *   /            attributes format "mckean-checkpoint", format_version, step, time, seed, isa, precision, update,
 *                random_numbers, config; dt, dt_since_step, dt_since_time (struct dt_segment), which older files
 *                lack; dt_power, only if networks of different n have different dt or t. Then time and dt_since_time
 *                are those of the first size, and each /ensemble/i has its own. last_dt and last_dt_power, of the
 *                step before, only if dt or its stage changes at this step
 *   /ensemble/i  one size n, with R replicas: attributes n, replicas, unit; datasets c (R, n), a (R, n, d), b (R, n;
 *                flat units only), and the update rule's own fields (dynamics/update.h), such as m_c, m_a, m_b;
 *                float if precision is single, otherwise double
 *   /integrity   extents (offset, length) of these datasets; i/<dataset>: CRC-32C per block of 256 units (R, blocks)
 *   /provenance  attributes, see log/provenance.h
 *
 * Every byte is covered by a checksum, and the metadata are verified before the HDF5 library reads them. Later formats
 * must keep magic, version and CRC of the first 512 bytes, so that each program can distinguish a newer file from a
 * damaged one.
 *
 * Writing: rank 0 creates the file under a temporary name and reserves its space; each rank writes its units and reads
 * them back; rank 0 writes the CRCs, syncs and renames the file, and syncs the folder. A full disk, a kill or a failing
 * rank at any time leaves the older checkpoints unchanged. */
#ifndef MCKEAN_STORE_CHECKPOINT_H
#define MCKEAN_STORE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "log/provenance.h"
#include "parallel/comm.h"
#include "particles/particles.h"

/* Version 2: online points, their noise and the orders of mini-batches have different random numbers from version 1
 * (restart.c), and the attribute random_numbers is new. */
enum { CHECKPOINT_VERSION = 2 };

/* The metadata of a checkpoint. */
struct checkpoint_info {
  int version; /* of the format */
  int64_t step;
  double time;               /* of the networks of the first size */
  struct dt_segment segment; /* dt 0: unknown */
  uint64_t seed;
  int isa;      /* enum isa */
  char *config; /* the input with all defaults, YAML */
  uint32_t crc; /* of the metadata; identifies this checkpoint in the provenance of a run that resumes from it */
  int64_t bytes;
  struct ensemble_spec ensemble; /* streams 0: unknown */
  int unit, d, precision;
  int update; /* enum update_id */
  struct field_set fields;
};
void checkpoint_info_free(struct checkpoint_info *info); /* Local; frees what it holds. */

/* Local. Returns t of the networks of a size. */
double checkpoint_time(const struct checkpoint_info *info, int member);

/* Returns the path of the checkpoint of a step, folder/step-000000012000.h5; the caller frees it. Local. */
char *checkpoint_path(const char *folder, int64_t step);

/* Writes the checkpoint of a step to an existing folder. Directly before the rename, rank 0 calls may_write(context),
 * which returns an error if this run no longer owns the output. *bytes: size of the file. Collective. FULL
 * (io/durable_file.h): may be called again. UNREAD: the bytes cannot be read back. FAILED: any other error. In all
 * these cases the older checkpoints are unchanged. */
struct checkpoint_request {
  const char *folder;
  int64_t step;
  double time; /* of the networks of the first size */
  struct dt_segment segment;
  uint64_t seed;
  int update; /* enum update_id */
  enum isa isa;
  enum parallel_write_io io;
  const char *config;
  const struct provenance *provenance;
  int (*may_write)(void *context);
  void *context;
};
int checkpoint_write(const struct comm *comm, const struct checkpoint_request *request,
                     const struct particles *particles, int64_t *bytes);

/* Computes the size of the file that checkpoint_write would write. Only ensemble, unit, d, precision and fields of
 * particles are used. Creates a sparse file in /dev/shm or /tmp and removes it. Local. FAILED or FULL: it cannot be
 * created. */
int checkpoint_bytes(const struct checkpoint_request *request, const struct particles *particles, int64_t *bytes);

/* Verifies every byte, and that a file named step-<number>.h5 contains the step <number>. info: filled unless NULL;
 * freed by the caller. Collective, any number of ranks. FAILED: damaged; the error text names the first damage. USAGE:
 * written by a newer program. UNREAD: see io/durable_file.h. */
int checkpoint_verify(const struct comm *comm, const char *path, struct checkpoint_info *info);

/* Returns whether a file begins with the magic of a checkpoint. Local. */
bool checkpoint_looks(const char *path);

/* Verifies user block and metadata, but not the datasets of the particles. Local. Errors: those of
 * checkpoint_verify. */
int checkpoint_inspect(const char *path, struct checkpoint_info *info);

/* Finds the newest intact checkpoint of a folder, up to the step `last`: one that passes checkpoint_verify or, if quick
 * is true, all its checks except those of the particles' datasets. *path: its path, which the caller frees, or NULL if
 * the folder has no checkpoint up to this step. Rank 0 calls note(context, text) for each damaged checkpoint that is
 * newer. Collective. FAILED: all checkpoints are damaged. USAGE or UNREAD: the newest one not known to be damaged was
 * written by a newer program, or cannot be read. No older one is then used, because resuming from it would lose
 * steps. */
int checkpoint_newest(const struct comm *comm, const char *folder, int64_t last, bool quick,
                      void (*note)(void *context, const char *text), void *context, char **path,
                      struct checkpoint_info *info);

/* Finds the checkpoint that an argument of a verb names. path: a checkpoint file; or a run folder, or a folder of
 * checkpoints, of which the checkpoint of a step is taken, or for step -1 the newest intact one (checkpoint_newest;
 * warns of damaged ones on standard error). *chosen: its path, which the caller frees; NULL on failure. Collective.
 * USAGE: the folder has no checkpoint, or none of this step; step >= 0 with a file. Other errors: those of
 * checkpoint_newest. */
int checkpoint_choose(const struct comm *comm, const char *path, int64_t step, bool quick, char **chosen);

/* Reads each rank's own units and verifies their CRCs. Collective, any number of ranks. USAGE: the ensemble, unit type,
 * d, precision or fields of the checkpoint differ from those of particles. FAILED: damaged. UNREAD: see
 * io/durable_file.h. */
int checkpoint_read(const struct comm *comm, const char *path, struct particles *particles);

/* Renames all checkpoints newer than a step to "<name>.damaged", "<name>.damaged-2", ..., so that checkpoint_newest and
 * checkpoint_rotate ignore them. The caller has found that they, or the history before them, are damaged. Local, rank
 * 0. FAILED: a file cannot be renamed. */
int checkpoint_set_aside(const char *folder, int64_t step);

/* Keeps the newest `keep` checkpoints and those of the steps in snapshots, and removes all others. Local, rank 0.
 * FAILED: a file cannot be removed. */
int checkpoint_rotate(const char *folder, int keep, const struct steps *snapshots);

/* Compares the particles of two checkpoints. *equal: all bits are equal. out: receives a line for each dataset that
 * differs, with the largest absolute and relative difference; or NULL. Verifies only the metadata. Local. USAGE: sizes,
 * replicas, d, precision or fields differ. Other errors: those of checkpoint_verify. */
int checkpoint_compare(const char *a, const char *b, FILE *out, bool *equal);

#endif
