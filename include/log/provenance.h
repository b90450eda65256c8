/* provenance: where numbers come from. */
#ifndef MCKEAN_LOG_PROVENANCE_H
#define MCKEAN_LOG_PROVENANCE_H

#include <stdint.h>

#include "io/h5.h"
#include "parallel/comm.h"

/* Built into the program by the Makefile (build/info.c). */
extern const char *const build_version;  /* git describe --always --dirty, or the release */
extern const char *const build_compiler; /* first line of cc --version */
extern const char *const build_flags;

/* Named facts about this run, in order of output. */
struct provenance_fact {
  char name[32];
  char value[4096];
};
enum { PROVENANCE_FACTS = 16 };
struct provenance {
  int count;
  struct provenance_fact fact[PROVENANCE_FACTS];
};

/* Collective. version, compiler, flags, library versions (MPI, HDF5), host of rank 0, ranks, start time, argv, job id
 * and restarts; same on all ranks. */
void provenance_fill(const struct comm *comm, int argc, char *const *argv, struct provenance *provenance);

/* Collective. USAGE, naming a rank and its host, unless all ranks run the same program (version and checksum of its file)
 * with the same command line. */
int provenance_alike(const struct comm *comm, int argc, char *const *argv);

/* Local. Adds or replaces a fact (parent checkpoint …). */
void provenance_set(struct provenance *provenance, const char *name, const char *value);

/* Local. As attributes of the group /provenance. FAILED. */
int provenance_write(const struct provenance *provenance, struct h5 *file);

#endif
