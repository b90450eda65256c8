#include "io/result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

bool result_file_is_blank(const char *path) {
  FILE *file = fopen(path, "rbe");
  int byte = 0;
  while (file && byte == 0) byte = fgetc(file);
  const bool blank = file && byte == EOF && feof(file);
  if (file) fclose(file);
  return blank;
}

bool result_file_is_tables(const char *path) {
  char start[32] = "";
  int runs, end = 0;
  FILE *file = fopen(path, "re");
  if (!file) return false;
  (void)!fread(start, 1, sizeof start - 1, file);
  fclose(file);
  return sscanf(start, "%d run%*[s], %*d size%n", &runs, &end) >= 1 &&
         (end > 0 || (sscanf(start, "%d run, %*d size%n", &runs, &end) == 1 && end > 0));
}

/* target = the path without links. Creates an empty file at the end of a dangling link. */
static int resolve(const char *path, char target[PATH_BYTES]) {
  struct stat found;
  char to[PATH_BYTES] = "";
  if (strlen(path) >= 4096) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(ENAMETOOLONG));
  if (stat(path, &found) != 0 && lstat(path, &found) == 0) {
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) {
      const int error = errno;
      (void)!readlink(path, to, sizeof to - 1);
      return FAIL(FAILED, "%s: cannot write: this link leads to %s: %s", path, to, strerror(error));
    }
    close(file);
  }
  char *resolved = realpath(path, NULL);
  snprintf(target, PATH_BYTES, "%s", resolved ? resolved : path);
  free(resolved);
  return OK;
}

static int check(const char *path, bool (*is_earlier)(const char *path, const void *kind), const void *kind,
                 const struct stat *found) {
  if (!S_ISREG(found->st_mode)) return OK;
  if (access(path, R_OK) != 0) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
  return result_file_is_blank(path) || is_earlier(path, kind)
             ? OK
             : FAIL(USAGE, "%s: exists and is not an earlier result; give another name, or move that file away", path);
}

/* Creates the temporary file beside the target, with the permissions of an earlier result. */
static int create(const char *path, const struct stat *earlier, struct result_file *file) {
  char folder[PATH_BYTES];
  strcpy(folder, file->target);
  char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
  if (!*name) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(EISDIR));
  char last[PATH_BYTES];
  snprintf(last, sizeof last, "%.100s", name); /* a name has at most 255 bytes with what is added */
  if (slash) *slash = 0;
  durable_file_temporary(!slash ? "." : slash == folder ? "/" : folder, last, file->written);
  const int created = open(file->written, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const bool kept = created >= 0 && (!earlier || fchmod(created, earlier->st_mode & 0777) == 0);
  const int error = errno;
  if (created >= 0) close(created);
  if (kept) return OK;
  if (created >= 0) unlink(file->written);
  return FAIL(FAILED, "%s: cannot write: %s", path, strerror(error));
}

int result_file_open(const char *path, bool (*is_earlier)(const char *path, const void *kind), const void *kind,
                     struct result_file *file) {
  struct stat found;
  TRY(resolve(path, file->target));
  const bool exists = stat(file->target, &found) == 0;
  if (exists) TRY(check(path, is_earlier, kind, &found));
  if (exists && S_ISDIR(found.st_mode)) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(EISDIR));
  if (exists && access(file->target, W_OK) != 0) return FAIL(FAILED, "%s: cannot write: %s", path, strerror(errno));
  if (!exists || S_ISREG(found.st_mode)) return create(path, exists ? &found : NULL, file);
  strcpy(file->written, file->target);
  return OK;
}

bool result_file_is_direct(const struct result_file *file) {
  return strcmp(file->written, file->target) == 0;
}

int result_file_publish(const struct result_file *file) {
  if (result_file_is_direct(file) || rename(file->written, file->target) == 0) return OK;
  const int status = durable_file_fail(errno, "%s: cannot rename it to %s", file->written, file->target);
  result_file_discard(file);
  return status;
}

void result_file_discard(const struct result_file *file) {
  if (!result_file_is_direct(file)) unlink(file->written);
}
