/* A C library with faults, to be preloaded (LD_PRELOAD) by tests/fault_*:
 *
 *   MCKEAN_FLOCK=none     flock is not supported, as on some file systems
 *   MCKEAN_FLOCK=forgets  flock says yes and holds nothing: as when a server lost the lock of a client that was away
 *   MCKEAN_STALE=K        a checkpoint cannot be opened the first K times, as when its server lost track of it
 *   MCKEAN_CRASH=K        kill -9 just before the K-th change to a file since the run opened its lock */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* the C library's names for large files */

static bool counting;
static long left;

static void start_counting(const char *path) {
  const char *crash = getenv("MCKEAN_CRASH"), *name = strrchr(path, '/');
  if (counting || !crash || !name || strcmp(name, "/lock") != 0) return;
  counting = true;
  left = atol(crash);
}

static void change(void) {
  if (counting && --left == 0) kill(getpid(), SIGKILL);
}

static bool stale(const char *path) {
  static long opened;
  const char *fault = getenv("MCKEAN_STALE");
  return fault && strstr(path, "/step-") && ++opened <= atol(fault);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

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
  if (flags & (O_CREAT | O_TRUNC)) change();
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
  change();
  return REAL(pwrite)(file, data, bytes, offset);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off_t offset) {
  return pwrite(file, data, bytes, offset);
}

int fallocate(int file, int mode, off_t offset, off_t bytes) {
  change();
  return REAL(fallocate)(file, mode, offset, bytes);
}

int ftruncate(int file, off_t bytes) {
  change();
  return REAL(ftruncate)(file, bytes);
}

int ftruncate64(int file, off_t bytes) {
  return ftruncate(file, bytes);
}

int fsync(int file) {
  change();
  return REAL(fsync)(file);
}

int rename(const char *from, const char *to) {
  change();
  return REAL(rename)(from, to);
}

int unlink(const char *path) {
  change();
  return REAL(unlink)(path);
}
