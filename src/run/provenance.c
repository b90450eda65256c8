#include "run/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/h5.h"
#include "base/status.h"

void provenance_set(struct provenance *provenance, const char *name, const char *value) {
  int i = 0;
  while (i < provenance->count && strcmp(provenance->fact[i].name, name) != 0) i++;
  if (i == PROVENANCE_FACTS) die("more than %d facts of provenance", PROVENANCE_FACTS);
  if (i == provenance->count) provenance->count++;
  snprintf(provenance->fact[i].name, sizeof provenance->fact[i].name, "%s", name);
  snprintf(provenance->fact[i].value, sizeof provenance->fact[i].value, "%s", value);
}

static void set_libraries(struct provenance *provenance) {
  char hdf5[64], mpi[MPI_MAX_LIBRARY_VERSION_STRING], text[sizeof hdf5 + sizeof mpi + 4];
  int length;
  h5_version(hdf5, sizeof hdf5);
  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, ",\n")] = 0;
  snprintf(text, sizeof text, "%s, %s", hdf5, mpi);
  provenance_set(provenance, "libraries", text);
}

static void set_start(struct provenance *provenance) {
  char text[64];
  const time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  provenance_set(provenance, "started", text);
}

void provenance_fill(const struct comm *comm, int argc, char *const *argv, struct provenance *provenance) {
  char text[4096] = "";
  *provenance = (struct provenance){0};
  provenance_set(provenance, "version", build_version);
  provenance_set(provenance, "compiler", build_compiler);
  provenance_set(provenance, "flags", build_flags);
  set_libraries(provenance);
  if (gethostname(text, sizeof text - 1) != 0) snprintf(text, sizeof text, "unknown");
  provenance_set(provenance, "host", text);
  snprintf(text, sizeof text, "%d", comm->size);
  provenance_set(provenance, "ranks", text);
  set_start(provenance);
  size_t used = (size_t)snprintf(text, sizeof text, "mckean");
  for (int i = 0; i < argc && used < sizeof text; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, " %s", argv[i]);
  provenance_set(provenance, "command", text);
  const char *job = getenv("SLURM_JOB_ID"), *restarts = getenv("SLURM_RESTART_COUNT");
  snprintf(text, sizeof text, "%s, restart %s", job ? job : "none", restarts ? restarts : "0");
  provenance_set(provenance, "job", text);
  comm_bcast(comm, provenance, sizeof *provenance, 0);
}

int provenance_write(const struct provenance *provenance, struct h5 *file) {
  for (int i = 0; i < provenance->count; i++)
    TRY(h5_set_text(file, "/provenance", provenance->fact[i].name, provenance->fact[i].value));
  return OK;
}
