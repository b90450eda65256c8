/* Faulty substitutes for C library functions, which tests load with LD_PRELOAD. Environment variables select the
 * faults; the counts K are per process.
 *
 *   MCKEAN_FLOCK=none     flock fails with ENOSYS, as on file systems that do not support it
 *   MCKEAN_FLOCK=forgets  flock succeeds and locks nothing, as after a file server dropped the lock of a stopped client
 *   MCKEAN_STALE=K        the first K attempts to open a checkpoint fail with ESTALE, as if the file server had lost it
 *   MCKEAN_CRASH=K        the process is killed (SIGKILL) just before its K-th change to a file, counted from the
 *                         opening of its lock
 *   MCKEAN_CLOCK=K        each reading of CLOCK_MONOTONIC adds K microseconds to all later readings
 *   MCKEAN_TRACE=FILE     no fault: appends a line to FILE for each write, sync, rename and removal of a file by any
 *                         process, in order: PROCESS<tab>CALL<tab>PATH[<tab>NEW PATH]. A write or sync is recorded
 *                         after it succeeded, a rename or removal before the call */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* open64, pwrite64, ftruncate64 */

static bool counting;
static long changes_left;

static void start_counting(const char *path) {
  const char *crash = getenv("MCKEAN_CRASH"), *name = strrchr(path, '/');
  if (counting || !crash || !name || strcmp(name, "/lock") != 0) return;
  counting = true;
  changes_left = atol(crash);
}

static void count_change_or_die(void) {
  if (counting && --changes_left == 0) kill(getpid(), SIGKILL);
}

static bool stale(const char *path) {
  static long opened;
  const char *fault = getenv("MCKEAN_STALE");
  return fault && strstr(path, "/step-") && ++opened <= atol(fault);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* Appends the line by a single write, so that lines of different processes do not mix. */
static void trace(const char *call, const char *path, const char *new_path) {
  const char *name = getenv("MCKEAN_TRACE");
  char line[9000];
  if (!name) return;
  const int error = errno, file = REAL(open)(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  const int length = snprintf(line, sizeof line, "%d\t%s\t%s%s%s\n", (int)getpid(), call, path, new_path ? "\t" : "",
                              new_path ? new_path : "");
  if (file < 0 || REAL(write)(file, line, (size_t)length) != length) abort();
  close(file);
  errno = error;
}

static void trace_file(const char *call, int file, bool succeeded) {
  char link[64], path[4096];
  if (!succeeded || !getenv("MCKEAN_TRACE")) return;
  const int error = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  errno = error;
  if (length < 0) return;
  path[length] = 0;
  if (path[0] == '/') trace(call, path, NULL); /* not a pipe or socket */
}

int flock(int file, int operation) {
  const char *fault = getenv("MCKEAN_FLOCK");
  if (!fault) return REAL(flock)(file, operation);
  if (strcmp(fault, "none") == 0) errno = ENOSYS;
  return strcmp(fault, "none") == 0 ? -1 : 0;
}

int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  start_counting(path);
  if (flags & (O_CREAT | O_TRUNC)) count_change_or_die();
  if (stale(path)) {
    errno = ESTALE;
    return -1;
  }
  return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
  va_end(args);
  return open(path, flags, mode);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t offset) {
  count_change_or_die();
  const ssize_t written = REAL(pwrite)(file, data, bytes, offset);
  trace_file("write", file, written > 0);
  return written;
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off_t offset) {
  return pwrite(file, data, bytes, offset);
}

ssize_t write(int file, const void *data, size_t bytes) {
  const ssize_t written = REAL(write)(file, data, bytes);
  trace_file("write", file, written > 0);
  return written;
}

ssize_t pwritev(int file, const struct iovec *data, int count, off_t offset) {
  const ssize_t written = REAL(pwritev)(file, data, count, offset);
  trace_file("write", file, written > 0);
  return written;
}

ssize_t sendfile(int out, int in, off_t *offset, size_t bytes) {
  const ssize_t written = REAL(sendfile)(out, in, offset, bytes);
  trace_file("write", out, written > 0);
  return written;
}

int fallocate(int file, int mode, off_t offset, off_t bytes) {
  count_change_or_die();
  return REAL(fallocate)(file, mode, offset, bytes);
}

int ftruncate(int file, off_t bytes) {
  count_change_or_die();
  return REAL(ftruncate)(file, bytes);
}

int ftruncate64(int file, off_t bytes) {
  return ftruncate(file, bytes);
}

int fsync(int file) {
  count_change_or_die();
  const int status = REAL(fsync)(file);
  trace_file("sync", file, status == 0);
  return status;
}

int fdatasync(int file) {
  const int status = REAL(fdatasync)(file);
  trace_file("sync", file, status == 0);
  return status;
}

int rename(const char *from, const char *to) {
  count_change_or_die();
  trace("rename", from, to);
  return REAL(rename)(from, to);
}

int unlink(const char *path) {
  count_change_or_die();
  trace("unlink", path, NULL);
  return REAL(unlink)(path);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static long readings; /* changed by all threads */
  const char *fault = getenv("MCKEAN_CLOCK");
  const int status = REAL(clock_gettime)(clock, now);
  if (!fault || clock != CLOCK_MONOTONIC || status != 0) return status;
  const long long ns = now->tv_nsec + __atomic_fetch_add(&readings, 1, __ATOMIC_RELAXED) * 1000LL * atol(fault);
  now->tv_sec += ns / 1000000000;
  now->tv_nsec = ns % 1000000000;
  return status;
}
