#include "store/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/durable_file.h"
#include "io/file_header.h"
#include "io/foreign_file.h"
#include "io/sandbox.h"

static const char NEWEST[] = "history.h5", PREVIOUS[] = "history.previous.h5";
static const char MAGIC[8] = {'M', 'C', 'K', 'E', 'A', 'N', 'H', 'I'};
static const char HDF5[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};

static int open_regular(const char *path, int flags, int *file, int64_t *bytes) {
  struct stat found;
  *bytes = 0;
  *file = open(path, flags | O_CLOEXEC | O_NONBLOCK); /* does not wait for the writer of a pipe */
  if (*file < 0 && (errno == ENOENT || errno == ENOTDIR))
    return FAIL(FAILED, "%s: expected the folder of a run, which contains history.h5 from its first checkpoint on: %s",
                path, strerror(errno));
  if (*file < 0) return durable_file_fail_read(errno, "%s: cannot open the history", path);
  if (fstat(*file, &found) == 0 && S_ISREG(found.st_mode)) {
    *bytes = found.st_size;
    return OK;
  }
  close(*file);
  return FAIL(FAILED, "%s: expected a history, but this is not a regular file", path);
}

static int check_version(const char *path, int64_t version) {
  return version <= HISTORY_VERSION
             ? OK
             : FAIL(USAGE, "%s: written by a newer McKean: format version %lld, this program reads versions up to %d",
                    path, (long long)version, HISTORY_VERSION);
}

/* Returns whether an older program created the history: without a header, or with one of zeros. */
static bool is_older(const unsigned char seal[HISTORY_SEAL]) {
  static const unsigned char zeros[HISTORY_SEAL];
  return memcmp(seal, HDF5, sizeof HDF5) == 0 || memcmp(seal, zeros, sizeof zeros) == 0;
}

/* Verifies every byte. *changed: the bytes after the header are not those that McKean wrote. */
static int verify(int file, const char *path, int64_t bytes, bool *changed) {
  unsigned char seal[HISTORY_SEAL];
  uint32_t expected, found;
  int64_t length;
  if (bytes < HISTORY_SEAL)
    return FAIL(FAILED, "%s: expected a history (RUN/history.h5), received %s of %lld bytes", path,
                foreign_file_name(path), (long long)bytes);
  TRY(durable_file_pread(file, path, 0, seal, HISTORY_SEAL));
  if (is_older(seal)) return OK;
  if (!file_header_is(MAGIC, seal))
    return FAIL(FAILED, "%s: expected a history (RUN/history.h5), received %s", path, foreign_file_name(path));
  if (!file_header_intact(seal, &expected, &found))
    return FAIL(FAILED, "%s: damaged: CRC of its first 512 bytes", path);
  TRY(check_version(path, file_header_version(seal)));
  memcpy(&expected, seal + 12, 4);
  memcpy(&length, seal + 16, 8);
  *changed = true;
  if (length != bytes)
    return FAIL(FAILED, "%s: damaged: expected %lld bytes, found %lld", path, (long long)length, (long long)bytes);
  found = 0;
  TRY(file_header_body_crc(file, path, HISTORY_SEAL, bytes, &found));
  if (expected != found) return FAIL(FAILED, "%s: damaged: CRC expected %08x, found %08x", path, expected, found);
  *changed = false;
  return OK;
}

static int check_format(struct h5 *file, const char *path) {
  char *format;
  int64_t version;
  if (h5_get_text(file, "/", "format", &format) != OK)
    return FAIL(FAILED, "%s: expected a history (RUN/history.h5), received %s; h5dump -n %s lists its content", path,
                foreign_file_name(path), path);
  const bool right = strcmp(format, "mckean-history") == 0;
  const int status = right ? OK : FAIL(FAILED, "%s: expected a history, found format \"%.80s\"", path, format);
  free(format);
  TRY(status);
  TRY(h5_get_int(file, "/", "format_version", &version));
  return check_version(path, version);
}

/* ---- changes by other programs ---- */

static bool is_ours(const char *name, const char *const *names) {
  while (*names && strcmp(name, *names) != 0) names++;
  return *names != NULL;
}

struct addition {
  const char *path;
  char text[120]; /* "attribute "note"", or "" */
};

/* Finds an attribute or an object of the root group that McKean does not write. An unreadable file has none. */
static int find_addition(void *context) {
  static const char *const attributes[] = {"format", "format_version", "random_numbers", "config", "step", "own_times",
                                           NULL},
                           *const objects[] = {"target", "teacher", "test", "train", "ensemble", "provenance", NULL};
  struct addition *addition = context;
  char name[100], *text = addition->text;
  struct h5 *file;
  TRY(h5_open(addition->path, false, &file));
  for (int i = 0; !*text && h5_attribute(file, "/", i, name, sizeof name); i++)
    if (!is_ours(name, attributes)) snprintf(text, sizeof addition->text, "attribute \"%s\"", name);
  for (int i = 0; !*text && h5_link(file, "/", i, name, sizeof name); i++)
    if (!is_ours(name, objects)) snprintf(text, sizeof addition->text, "object \"%s\"", name);
  return h5_close(file);
}

static int verify_path(const char *path) {
  int descriptor;
  int64_t bytes;
  bool changed = false;
  TRY(open_regular(path, O_RDONLY, &descriptor, &bytes));
  const int status = verify(descriptor, path, bytes, &changed);
  close(descriptor);
  if (!changed) return status;
  char *damage = strdup(error_text());
  struct addition addition = {.path = path};
  if (sandbox_run(path, find_addition, &addition) == OK) (void)find_addition(&addition); /* HDF5 does not crash */
  if (!*addition.text)
    (void)FAIL(status, "%s", damage ? damage : path);
  else
    (void)FAIL(status,
               "%s: another program added the %s, so its checksum differs; to keep the file as it is: dd if=/dev/zero "
               "of='%s' bs=512 count=1 conv=notrunc",
               path, addition.text, path);
  free(damage);
  return status;
}

static int open_verified(const char *path, struct h5 **file) {
  *file = NULL;
  TRY(verify_path(path));
  TRY(h5_open(path, false, file));
  const int status = check_format(*file, path);
  if (status == OK) return OK;
  h5_close(*file);
  *file = NULL;
  return status;
}

int history_file_open(const char *path, struct h5 **file) {
  char previous[PATH_BYTES];
  const int status = open_verified(path, file);
  const char *slash = strrchr(path, '/');
  snprintf(previous, sizeof previous, "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path, PREVIOUS);
  const bool newest = strcmp(slash ? slash + 1 : path, NEWEST) == 0;
  if (status != FAILED || !newest || access(previous, F_OK) != 0) return status;
  return FAIL(FAILED, "%s. Run the same `mckean run` command again: it computes the lost rows again, from %s",
              error_text(), previous);
}

/* ---- the copy before the newest ---- */

int history_file_resume(const char *output, char path[PATH_BYTES], char **damage, struct h5 **file) {
  *damage = NULL;
  snprintf(path, PATH_BYTES, "%s/%s", output, NEWEST);
  const int status = open_verified(path, file);
  if (status != FAILED) return status;
  *damage = strdup(error_text());
  if (!*damage) die("no memory for a message");
  snprintf(path, PATH_BYTES, "%s/%s", output, PREVIOUS);
  if (open_verified(path, file) == OK) return OK;
  snprintf(path, PATH_BYTES, "%s/%s", output, NEWEST);
  (void)FAIL(FAILED, "%s", *damage);
  free(*damage);
  *damage = NULL;
  return FAILED;
}

/* Replaces the file `to` of an output by the file `from`, which stays. */
static int replicate(const char *output, const char *from, const char *to) {
  char source[PATH_BYTES], target[PATH_BYTES], temporary[PATH_BYTES];
  snprintf(source, sizeof source, "%s/%s", output, from);
  snprintf(target, sizeof target, "%s/%s", output, to);
  durable_file_temporary(output, to, temporary);
  unlink(temporary);
  if (link(source, temporary) != 0) TRY(durable_file_copy(source, temporary)); /* not all file systems have links */
  const int status =
      rename(temporary, target) == 0 ? OK : durable_file_fail(errno, "%s: cannot rename it to %s", temporary, target);
  unlink(temporary); /* it stays if both names belong to one file */
  return status;
}

int history_file_publish(const char *output, const char *complete) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/%s", output, NEWEST);
  if (access(path, F_OK) == 0) TRY(replicate(output, NEWEST, PREVIOUS));
  return rename(complete, path) == 0 ? OK : durable_file_fail(errno, "%s: cannot rename it to %s", complete, path);
}

int history_file_restore(const char *output) {
  char path[PATH_BYTES];
  struct stat found;
  snprintf(path, sizeof path, "%s/%s", output, NEWEST);
  if (lstat(path, &found) == 0) TRY(durable_file_set_aside(path));
  return replicate(output, PREVIOUS, NEWEST);
}

/* ---- the header ---- */

void history_file_mark(const char *path, char mark[HISTORY_MARK]) {
  unsigned char seal[HISTORY_SEAL] = {0};
  uint32_t crc;
  int file;
  int64_t bytes;
  *mark = 0;
  if (open_regular(path, O_RDONLY, &file, &bytes) != OK) return;
  const bool sealed = bytes >= HISTORY_SEAL && durable_file_pread(file, path, 0, seal, HISTORY_SEAL) == OK &&
                      file_header_is(MAGIC, seal);
  close(file);
  memcpy(&crc, seal + 12, 4);
  if (sealed)
    snprintf(mark, HISTORY_MARK, "%08x-%lld", crc, (long long)bytes);
  else
    snprintf(mark, HISTORY_MARK, "none-%lld", (long long)bytes);
}

static int seal_file(int file, const char *path, int64_t bytes) {
  unsigned char seal[HISTORY_SEAL] = {0};
  uint32_t crc = 0;
  TRY(durable_file_pread(file, path, 0, seal, sizeof HDF5));
  if (memcmp(seal, HDF5, sizeof HDF5) == 0) return OK; /* created by an older program: it has no space for a header */
  TRY(file_header_body_crc(file, path, HISTORY_SEAL, bytes, &crc));
  memcpy(seal + 12, &crc, 4);
  memcpy(seal + 16, &bytes, 8);
  file_header_seal(MAGIC, HISTORY_VERSION, seal);
  return durable_file_pwrite(file, path, 0, seal, HISTORY_SEAL);
}

int history_file_seal(const char *path) {
  int file;
  int64_t bytes;
  TRY(open_regular(path, O_RDWR, &file, &bytes));
  const int status = seal_file(file, path, bytes);
  close(file);
  return status;
}
