/* The checkpoint that an argument of a verb names: a file, or one of a run folder. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"
#include "store/checkpoint.h"

static bool is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static int check_named(const char *path) {
  struct stat found;
  if (stat(path, &found) == 0 || (errno != ENOENT && errno != ENOTDIR)) return OK;
  return FAIL(USAGE, "%s: expected a checkpoint or the folder of a run: %s", path, strerror(errno));
}

static void warn(void *context, const char *text) {
  (void)context;
  fprintf(stderr, "warning: skipped a damaged file: %s\n", text);
}

static int of_step(const char *folder, int64_t step, char **chosen) {
  struct stat found;
  *chosen = checkpoint_path(folder, step);
  if (stat(*chosen, &found) == 0) return OK;
  free(*chosen);
  *chosen = NULL;
  return FAIL(USAGE,
              "%s: no checkpoint of step %lld; a run keeps its newest checkpoints (output.keep) and those of "
              "output.snapshots: list them with ls %s",
              folder, (long long)step, folder);
}

int checkpoint_choose(const struct comm *comm, const char *path, int64_t step, bool quick, char **chosen) {
  char folder[PATH_BYTES] = "";
  *chosen = NULL;
  TRY(comm_agree(comm, comm->rank == 0 ? check_named(path) : OK));
  if (comm->rank == 0 && is_folder(path)) {
    snprintf(folder, sizeof folder, "%s/checkpoints", path);
    if (!is_folder(folder)) snprintf(folder, sizeof folder, "%s", path);
  }
  comm_bcast(comm, folder, sizeof folder, 0);
  if (!*folder) {
    if (step >= 0) return FAIL(USAGE, "%s: expected a run folder with --step, received a file", path);
    *chosen = strdup(path);
    return *chosen ? OK : FAIL(FAILED, "no memory for a path");
  }
  if (step >= 0) return of_step(folder, step, chosen); /* all ranks see the same folder */
  struct checkpoint_info info = {0};
  TRY(checkpoint_newest(comm, folder, INT64_MAX, quick, warn, NULL, chosen, &info));
  if (!*chosen)
    return FAIL(USAGE,
                "%s: expected a run folder with checkpoints, found none in %s; `mckean run` writes the first one", path,
                folder);
  checkpoint_info_free(&info);
  return OK;
}
