#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/status.h"
#include "cli/cmd.h"
#include "run/checkpoint.h"

static int is_checkpoint(const struct dirent *entry) {
  const size_t length = strlen(entry->d_name);
  return strncmp(entry->d_name, "step-", 5) == 0 && length > 3 && strcmp(entry->d_name + length - 3, ".h5") == 0;
}

/* Verifies one file and prints what was found; *worst keeps the worst status. */
static void verify(const struct comm *comm, const char *path, int *worst) {
  struct checkpoint_info info = {0};
  const int status = checkpoint_verify(comm, path, &info);
  if (comm->rank == 0 && status == OK)
    printf("%s: whole, step %lld, %.3f MB\n", path, (long long)info.step, (double)info.bytes * 1e-6);
  if (comm->rank == 0 && status != OK) printf("%s\n", status_text());
  checkpoint_info_free(&info);
  if (status > *worst) *worst = status;
}

/* All checkpoints of a run, or of a folder of checkpoints. */
static void verify_folder(const struct comm *comm, const char *folder, int *worst) {
  char inner[4200], path[4500];
  struct stat found;
  snprintf(inner, sizeof inner, "%s/checkpoints", folder);
  if (stat(inner, &found) != 0) snprintf(inner, sizeof inner, "%s", folder);
  struct dirent **entry = NULL;
  const int count = scandir(inner, &entry, is_checkpoint, alphasort);
  if (count <= 0) {
    if (comm->rank == 0) printf("%s: holds no checkpoints\n", folder);
    if (*worst < FAILED) *worst = FAILED;
  }
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%s/%s", inner, entry[i]->d_name);
    verify(comm, path, worst);
    free(entry[i]);
  }
  free(entry);
}

int cmd_verify(const struct comm *comm, int argc, char **argv) {
  if (argc < 2) return FAIL(USAGE, "verify: checkpoints or run folders were expected");
  int worst = OK;
  for (int i = 1; i < argc; i++) {
    struct stat found;
    if (stat(argv[i], &found) == 0 && S_ISDIR(found.st_mode))
      verify_folder(comm, argv[i], &worst);
    else
      verify(comm, argv[i], &worst);
  }
  return worst == OK ? OK : FAIL(worst, "not all checkpoints are whole, see above");
}
