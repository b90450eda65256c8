#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/cmd.h"
#include "io/durable_file.h"
#include "store/checkpoint.h"
#include "store/history_file.h"

const char cmd_verify_options[] = "  FILE   a checkpoint, or the history.h5 of a run\n"
                                  "  RUN    a run folder: its history.h5, the copy before it and all checkpoints;\n"
                                  "         or a folder of checkpoints: all of them\n";

static bool is_name(const char *name) {
  const size_t length = strlen(name);
  return strncmp(name, "step-", 5) == 0 && length > 3 && strcmp(name + length - 3, ".h5") == 0;
}

static int is_checkpoint(const struct dirent *entry) {
  return is_name(entry->d_name);
}

/* Returns whether path is a folder that does not have the name of a checkpoint. */
static bool is_ordinary_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode) && !is_name(slash ? slash + 1 : path);
}

static bool is_history(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  return strcmp(name, "history.h5") == 0 || strcmp(name, "history.previous.h5") == 0;
}

/* Verifies a history and prints the result. Rank 0. */
static int verify_history(const char *path) {
  struct h5 *file;
  int64_t step = 0;
  int status = history_file_open(path, &file);
  if (status == OK) status = h5_get_int(file, "/", "step", &step);
  h5_close(file);
  if (status == OK)
    printf("%s: intact, step %lld\n", path, (long long)step);
  else
    printf("%s\n", error_text());
  return status;
}

/* Verifies one file and prints the result. *worst: raised to the status of this file if that is worse. Collective. */
static void verify(const struct comm *comm, const char *path, int *worst) {
  struct checkpoint_info info = {0};
  if (is_history(path)) {
    const int found = comm_agree(comm, comm->rank == 0 ? verify_history(path) : OK);
    if (found > *worst) *worst = found;
    return;
  }
  const int status = checkpoint_verify(comm, path, &info);
  if (comm->rank == 0 && status == OK)
    printf("%s: intact, step %lld, %.3f MB\n", path, (long long)info.step, (double)info.bytes * 1e-6);
  if (comm->rank == 0 && status != OK) printf("%s\n", error_text());
  checkpoint_info_free(&info);
  if (status > *worst) *worst = status;
}

/* Rank 0. Prints the paths of both histories and of all checkpoints of a run, or of a folder of checkpoints, one per
 * line. If there are none, prints a path that does not exist, so that verification fails. */
static void list_folder(const char *folder, FILE *out) {
  char inner[PATH_BYTES];
  struct stat found;
  snprintf(inner, sizeof inner, "%s/checkpoints", folder);
  if (stat(inner, &found) != 0) snprintf(inner, sizeof inner, "%s", folder);
  for (int previous = 0; previous < 2; previous++) {
    char history[PATH_BYTES];
    snprintf(history, sizeof history, "%s/history%s.h5", folder, previous ? ".previous" : "");
    if (stat(history, &found) == 0) fprintf(out, "%s\n", history);
  }
  struct dirent **entry = NULL;
  const int count = scandir(inner, &entry, is_checkpoint, alphasort);
  if (count <= 0) fprintf(out, "%s/(no checkpoints)\n", inner);
  for (int i = 0; i < count; i++) {
    fprintf(out, "%s/%s\n", inner, entry[i]->d_name);
    free(entry[i]);
  }
  free(entry);
}

/* Collective. Returns the paths of the files to verify, one per line; the caller frees the text. */
static char *list_files(const struct comm *comm, int argc, char **argv) {
  char *text = NULL;
  size_t size = 0;
  if (comm->rank == 0) {
    FILE *out = open_memstream(&text, &size);
    if (!out) die("no memory for a list of files");
    for (int i = 1; i < argc; i++) {
      if (is_ordinary_folder(argv[i]))
        list_folder(argv[i], out);
      else
        fprintf(out, "%s\n", argv[i]);
    }
    fclose(out);
  }
  int64_t bytes = (int64_t)size + 1;
  comm_bcast(comm, &bytes, sizeof bytes, 0);
  if (comm->rank != 0) text = alloc_small((size_t)bytes);
  comm_bcast(comm, text, bytes, 0);
  return text;
}

int cmd_verify(const struct comm *comm, int argc, char **argv) {
  if (argc < 2) return FAIL(USAGE, "verify: expected checkpoints or run folders");
  int worst = OK;
  char *files = list_files(comm, argc, argv), *rest = NULL;
  for (const char *path = strtok_r(files, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest))
    verify(comm, path, &worst);
  free(files);
  return worst == OK ? OK : FAIL(FAILED, "not all files are intact, see above");
}
