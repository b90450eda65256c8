/* provenance: the facts that identify the program, the machine and the command that produced a result. */
#ifndef MCKEAN_LOG_PROVENANCE_H
#define MCKEAN_LOG_PROVENANCE_H

#include <stdint.h>

#include "io/h5.h"
#include "parallel/comm.h"

/* Defined in build/info.c, which the Makefile writes. */
extern const char *const build_version;  /* git describe --always --dirty, or the release */
extern const char *const build_compiler; /* first line of cc --version */
extern const char *const build_flags;

/* Named facts, in the order of output. */
struct provenance_fact {
  char name[32];
  char value[4096];
};
enum { PROVENANCE_FACTS = 16 };
struct provenance {
  int count;
  struct provenance_fact fact[PROVENANCE_FACTS];
};

/* Sets the facts: version, compiler, flags, library versions (HDF5, MPI), host of rank 0, number of ranks, start time,
 * command line, job id and restart count. All ranks receive the facts of rank 0. Collective. */
void provenance_fill(const struct comm *comm, int argc, char *const *argv, struct provenance *provenance);

/* Checks that all ranks run the same program (version and checksum of its file) with the same command line. Collective.
 * USAGE: they do not; the error text names a rank that differs from rank 0, and its host. */
int provenance_alike(const struct comm *comm, int argc, char *const *argv);

/* Adds or replaces a fact, such as the parent checkpoint. Calls die() if PROVENANCE_FACTS other facts are set already.
 * Local. */
void provenance_set(struct provenance *provenance, const char *name, const char *value);

/* Writes the facts as attributes of the group /provenance. Local. FAILED or FULL: as for h5_set_text (io/h5.h). */
int provenance_write(const struct provenance *provenance, struct h5 *file);

#endif
