#include "log/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "base/shell.h"
#include "io/h5.h"
#include "log/slurm.h"

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

/* Returns "mckean run x.yaml ..." with the words quoted for the shell. The caller frees it. */
static char *command_line(int argc, char *const *argv) {
  char *command;
  size_t size;
  FILE *out = open_memstream(&command, &size);
  if (!out) die("no memory for a command line");
  fputs("mckean", out);
  for (int i = 0; i < argc; i++) {
    fputc(' ', out);
    shell_quote(out, argv[i]);
  }
  if (fclose(out) != 0) die("no memory for a command line");
  return command;
}

/* CRC-32C of the program file; 0 if it cannot be read. */
static uint32_t program_crc(void) {
  char part[65536];
  uint32_t crc = 0;
  FILE *file = fopen("/proc/self/exe", "rb");
  if (!file) return 0;
  for (size_t bytes; (bytes = fread(part, 1, sizeof part, file)) > 0;) crc = crc32c(crc, part, bytes);
  fclose(file);
  return crc;
}

int provenance_alike(const struct comm *comm, int argc, char *const *argv) {
  char program[512], *command = command_line(argc, argv);
  snprintf(program, sizeof program, "%s, CRC-32C %08x", build_version, program_crc());
  int status = comm_same(comm, "the program", program, "start the same program file on all ranks");
  if (status == OK) status = comm_same(comm, "the command line", command, "start all ranks with the same command line");
  free(command);
  return status;
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
  char *command = command_line(argc, argv);
  provenance_set(provenance, "command", command);
  free(command);
  char job[SLURM_ID];
  snprintf(text, sizeof text, "%s, restart %d", slurm_job(job) ? job : "none", slurm_restarts());
  provenance_set(provenance, "job", text);
  comm_bcast(comm, provenance, sizeof *provenance, 0);
}

int provenance_write(const struct provenance *provenance, struct h5 *file) {
  for (int i = 0; i < provenance->count; i++)
    TRY(h5_set_text(file, "/provenance", provenance->fact[i].name, provenance->fact[i].value));
  return OK;
}
