#include "store/output_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"

static int make_folder(const char *path) {
  char part[PATH_BYTES];
  for (const char *end = path; end;) {
    end = strchr(end + 1, '/');
    snprintf(part, sizeof part, "%.*s", end ? (int)(end - path) : (int)strlen(path), path);
    if (mkdir(part, 0777) == 0 || errno == EEXIST) {
      struct stat found;
      if (stat(part, &found) == 0 && S_ISDIR(found.st_mode)) continue;
      return FAIL(USAGE, "%s: expected an output folder, but this is a file; choose another run.output", part);
    }
    if (errno == ENOTDIR)
      return FAIL(USAGE, "%s: a part of this path is a file, not a folder; choose another run.output", part);
    return durable_file_fail(errno, "%s: cannot create the output folder", part);
  }
  return OK;
}

static int make_folders(const char *output) {
  char checkpoints[PATH_BYTES];
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", output);
  return make_folder(checkpoints);
}

/* Renames output to the first unused name output.N. */
static int rename_output(const char *output, char **aside) {
  const size_t size = strlen(output) + 16;
  char *name = alloc_small(size);
  for (int i = 1; i < 1000000; i++) {
    snprintf(name, size, "%s.%d", output, i);
    if (access(name, F_OK) == 0) continue;
    if (rename(output, name) != 0) break;
    *aside = name;
    return OK;
  }
  const int status = FAIL(FAILED, "%s: cannot rename it to %s: %s", output, name, strerror(errno));
  free(name);
  return status;
}

bool output_folder_holds_run(const char *output) {
  static const char *const written[] = {"history.h5", "run.log", "summary.json"};
  char path[PATH_BYTES];
  bool found = false;
  for (size_t i = 0; i < sizeof written / sizeof *written && !found; i++) {
    snprintf(path, sizeof path, "%s/%s", output, written[i]);
    found = access(path, F_OK) == 0;
  }
  snprintf(path, sizeof path, "%s/checkpoints", output);
  DIR *directory = opendir(path);
  for (const struct dirent *entry; directory && (entry = readdir(directory));) found = found || entry->d_name[0] != '.';
  if (directory) closedir(directory);
  return found;
}

/* Renames the old run, which takes its lock with it, and takes the lock of the new folder. The old lock is held until
 * then. If another run takes the new lock first, this function fails. If output is a symbolic link, the link stays and
 * its target is renamed, because the link may point to a large disk. */
static int start_over(const char *output, struct lock **lock, char **aside) {
  struct lock *old = *lock;
  struct stat kind;
  char *linked = lstat(output, &kind) == 0 && S_ISLNK(kind.st_mode) ? realpath(output, NULL) : NULL;
  const char *folder = linked ? linked : output;
  *lock = NULL;
  int status = rename_output(folder, aside);
  if (status == OK) {
    lock_moved(old, *aside);
    status = make_folders(folder);
    if (status == OK) status = lock_take(output, lock);
    if (status != OK) status = FAIL(status, "%s. The old output was renamed to %s", error_text(), *aside);
  }
  if (status != OK) {
    free(*aside);
    *aside = NULL;
  }
  free(linked);
  lock_release(old);
  return status;
}

int output_folder_open(const char *output, bool fresh, struct lock **lock, char **aside) {
  char checkpoints[PATH_BYTES];
  *aside = NULL;
  TRY(make_folders(output));
  TRY(lock_take(output, lock));
  if (fresh && output_folder_holds_run(output)) TRY(start_over(output, lock, aside));
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", output);
  output_folder_clean(output);
  output_folder_clean(checkpoints);
  return OK;
}

void output_folder_clean(const char *folder) {
  DIR *directory = opendir(folder);
  if (!directory) return;
  for (const struct dirent *entry; (entry = readdir(directory));)
    if (entry->d_name[0] == '.' && strstr(entry->d_name, ".tmp-")) unlinkat(dirfd(directory), entry->d_name, 0);
  closedir(directory);
}

int output_folder_same(const struct comm *comm, const char *output) {
  char path[PATH_BYTES], what[PATH_BYTES + 100], content[1024] = "";
  snprintf(path, sizeof path, "%s/lock", output);
  snprintf(what, sizeof what, "the content of %s", path);
  FILE *file = fopen(path, "rb");
  if (file) {
    content[fread(content, 1, sizeof content - 1, file)] = 0;
    fclose(file);
  }
  for (char *c = content; *c; c++)
    if (*c == '\n') *c = ';';
  return comm_same(
      comm, what, content,
      "run.output must be a folder on a file system that all nodes share; give its absolute path if ranks start in "
      "different folders");
}

int output_folder_probe(const char *output, char *folder) {
  struct stat found = {0};
  snprintf(folder, 4096, "%s", output);
  while (stat(folder, &found) != 0 && strcmp(folder, ".") != 0) {
    char *end = strrchr(folder, '/');
    while (end && end > folder && !end[1]) { /* a trailing slash, as in "new/" */
      *end = 0;
      end = strrchr(folder, '/');
    }
    if (end && end > folder)
      *end = 0;
    else
      strcpy(folder, end ? "/" : ".");
  }
  if (!S_ISDIR(found.st_mode))
    return FAIL(USAGE, "%s: expected an output folder, but this is a file; choose another run.output", folder);
  return access(folder, W_OK | X_OK) == 0
             ? OK
             : FAIL(FAILED, "%s: cannot write there: %s; choose another run.output", folder, strerror(errno));
}
