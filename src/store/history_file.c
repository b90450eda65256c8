#include "store/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "io/durable_file.h"
#include "io/file_header.h"

static const char MAGIC[8] = {'M', 'C', 'K', 'E', 'A', 'N', 'H', 'I'};
static const char HDF5[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};

static int open_regular(const char *path, int flags, int *file, int64_t *bytes) {
  struct stat found;
  *bytes = 0;
  *file = open(path, flags | O_CLOEXEC | O_NONBLOCK); /* does not wait for the writer of a pipe */
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

static int verify(int file, const char *path, int64_t bytes) {
  unsigned char seal[HISTORY_SEAL];
  uint32_t expected, found;
  int64_t length;
  if (bytes < HISTORY_SEAL)
    return FAIL(FAILED, "%s: expected a history, but this file has %lld bytes", path, (long long)bytes);
  TRY(durable_file_pread(file, path, 0, seal, HISTORY_SEAL));
  if (!file_header_is(MAGIC, seal)) return OK;
  if (!file_header_intact(seal, &expected, &found))
    return FAIL(FAILED, "%s: damaged: CRC of its first 512 bytes", path);
  TRY(check_version(path, file_header_version(seal)));
  memcpy(&expected, seal + 12, 4);
  memcpy(&length, seal + 16, 8);
  if (length != bytes)
    return FAIL(FAILED, "%s: damaged: expected %lld bytes, found %lld", path, (long long)length, (long long)bytes);
  found = 0;
  TRY(durable_file_crc(file, path, HISTORY_SEAL, bytes, &found));
  return expected == found ? OK : FAIL(FAILED, "%s: damaged: CRC expected %08x, found %08x", path, expected, found);
}

static int check_format(struct h5 *file, const char *path) {
  char *format;
  int64_t version;
  TRY(h5_get_text(file, "/", "format", &format));
  const bool right = strcmp(format, "mckean-history") == 0;
  const int status = right ? OK : FAIL(FAILED, "%s: expected a history, found format \"%.80s\"", path, format);
  free(format);
  TRY(status);
  TRY(h5_get_int(file, "/", "format_version", &version));
  return check_version(path, version);
}

int history_file_open(const char *path, struct h5 **file) {
  int descriptor;
  int64_t bytes;
  *file = NULL;
  TRY(open_regular(path, O_RDONLY, &descriptor, &bytes));
  int status = verify(descriptor, path, bytes);
  close(descriptor);
  TRY(status);
  TRY(h5_open(path, false, file));
  status = check_format(*file, path);
  if (status == OK) return OK;
  h5_close(*file);
  *file = NULL;
  return status;
}

static int seal_file(int file, const char *path, int64_t bytes) {
  unsigned char seal[HISTORY_SEAL] = {0};
  uint32_t crc = 0;
  TRY(durable_file_pread(file, path, 0, seal, sizeof HDF5));
  if (memcmp(seal, HDF5, sizeof HDF5) == 0) return OK; /* created by an older program: it has no space for a header */
  TRY(durable_file_crc(file, path, HISTORY_SEAL, bytes, &crc));
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
