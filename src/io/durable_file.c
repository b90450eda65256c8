#include "io/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "parallel/heartbeat.h"

enum { TEXT = 8192, PIECE = 1 << 30 /* Linux transfers at most 2 GiB per call */ };

static const struct advice {
  int error, status;
  const char *text;
} advice_table[] = {
    {ENOSPC, FULL, "free space on this disk"},
    {EDQUOT, FULL, "free space within your quota (`quota -s`), or have it raised"},
    {EFBIG, FAILED, "raise the limit of file sizes (`ulimit -f`)"},
    {EROFS, FAILED, "have the file system mounted for writing"},
    {EACCES, FAILED, "change its owner or permissions, or choose another run.output"},
    {ENOENT, FAILED, "its folder was moved, removed or unmounted: restore it"},
    {ESTALE, FAILED, "the file server no longer has its folder: have it mounted again"},
    {EIO, FAILED, "the disk or the connection to it fails (see dmesg): repair it, or move the output to another disk"},
};
enum { ADVICES = sizeof advice_table / sizeof *advice_table };

int durable_file_fail(int error, const char *format, ...) {
  char text[TEXT];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (int i = 0; i < ADVICES; i++)
    if (advice_table[i].error == error)
      return FAIL(advice_table[i].status, "%s: %s; %s, then run the same command again", text, strerror(error),
                  advice_table[i].text);
  return FAIL(FAILED, "%s: %s", text, strerror(error));
}

int durable_file_fail_read(int error, const char *format, ...) {
  const bool permanent = error == ENOENT || error == ENOTDIR || error == ELOOP || error == EISDIR || error == EIO;
  char text[TEXT];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return FAIL(permanent ? FAILED : UNREAD, "%s: %s", text, strerror(error));
}

int durable_file_fail_full(const char *folder, const char *what, int64_t bytes) {
  struct statvfs disk = {0};
  statvfs(folder, &disk);
  return FAIL(FULL,
              "%s: no space for %s: %.6g MB are needed, %.6g MB are free on this disk; files written before are "
              "unchanged. %s",
              folder, what, (double)bytes * 1e-6, (double)disk.f_bavail * (double)disk.f_frsize * 1e-6, error_text());
}

int durable_file_reserve(int file, const char *path, int64_t bytes, bool *reserved) {
  int failed;
  do failed = bytes > 0 && fallocate(file, 0, 0, bytes) != 0;
  while (failed && errno == EINTR);
  *reserved = !failed;
  return !failed || errno == EOPNOTSUPP || errno == ENOSYS ? OK
                                                           : durable_file_fail(errno, "%s: cannot reserve space", path);
}

int durable_file_pwrite(int file, const char *path, int64_t offset, const void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t count = pwrite(file, (const char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return durable_file_fail(count < 0 ? errno : ENOSPC, "%s: cannot write %lld bytes at %lld", path, (long long)left,
                               (long long)(offset + done));
    done += count;
    heartbeat_beat();
  }
  return OK;
}

int durable_file_pread(int file, const char *path, int64_t offset, void *data, int64_t bytes) {
  for (int64_t done = 0; done < bytes;) {
    const int64_t left = bytes - done;
    const ssize_t count = pread(file, (char *)data + done, (size_t)(left < PIECE ? left : PIECE), offset + done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return durable_file_fail_read(errno, "%s: cannot read %lld bytes at %lld", path, (long long)left,
                                    (long long)(offset + done));
    if (count == 0)
      return FAIL(FAILED, "%s: cannot read %lld bytes at %lld: the file ends there", path, (long long)left,
                  (long long)(offset + done));
    done += count;
    heartbeat_beat();
  }
  return OK;
}

int durable_file_crc(int file, const char *path, int64_t begin, int64_t end, uint32_t *crc) {
  enum { BUFFER = 1 << 20 };
  unsigned char *buffer = alloc_small(BUFFER);
  int status = OK;
  for (int64_t at = begin; at < end && status == OK; at += BUFFER) {
    const int64_t count = end - at < BUFFER ? end - at : BUFFER;
    status = durable_file_pread(file, path, at, buffer, count);
    if (status == OK) *crc = crc32c(*crc, buffer, (size_t)count);
  }
  free(buffer);
  return status;
}

static int copy_bytes(int in, int out, const char *from, const char *to) {
  struct stat found;
  bool reserved;
  if (fstat(in, &found) != 0) return durable_file_fail(errno, "%s: cannot read", from);
  TRY(durable_file_reserve(out, to, found.st_size, &reserved));
  for (int64_t left = found.st_size; left > 0;) {
    const ssize_t copied = sendfile(out, in, NULL, (size_t)(left < PIECE ? left : PIECE));
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return durable_file_fail(errno, "%s: cannot copy it to %s", from, to);
    if (copied == 0) return FAIL(FAILED, "%s: the file became shorter while it was copied to %s", from, to);
    left -= copied;
    heartbeat_beat();
  }
  return OK;
}

int durable_file_copy(const char *from, const char *to) {
  const int in = open(from, O_RDONLY | O_CLOEXEC);
  if (in < 0) return durable_file_fail(errno, "%s: cannot open", from);
  const int out = open(to, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
  int status = out < 0 ? durable_file_fail(errno, "%s: cannot create", to) : copy_bytes(in, out, from, to);
  if (out >= 0 && close(out) != 0 && status == OK) status = durable_file_fail(errno, "%s: cannot write", to);
  close(in);
  return status;
}

int durable_file_sync(const char *path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return durable_file_fail(errno, "%s: cannot open", path);
  const int status = fsync(file) == 0 ? OK : durable_file_fail(errno, "%s: cannot sync it to disk", path);
  close(file);
  return status;
}

void durable_file_temporary(const char *folder, const char *name, char path[PATH_BYTES]) {
  char host[256] = "unknown";
  gethostname(host, sizeof host - 1);
  snprintf(path, PATH_BYTES, "%s/.%s.tmp-%s-%d", folder, name, host, (int)getpid());
}

int durable_file_check_stdout(void) {
  return fflush(stdout) == 0 && !ferror(stdout) ? OK
                                                : FAIL(FAILED, "standard output: cannot write: %s", strerror(errno));
}

void durable_file_discard(const char *path) {
  if (truncate(path, 0) != 0 && errno == ENOENT) return;
  unlink(path);
}

int durable_file_set_aside(const char *path) {
  const size_t size = strlen(path) + 32;
  char *aside = alloc_small(size);
  snprintf(aside, size, "%s.damaged", path);
  struct stat found;
  for (int i = 2; i < 1000 && lstat(aside, &found) == 0; i++) snprintf(aside, size, "%s.damaged-%d", path, i);
  const int status =
      rename(path, aside) == 0 ? OK : FAIL(FAILED, "%s: cannot rename it to %s: %s", path, aside, strerror(errno));
  free(aside);
  return status;
}
