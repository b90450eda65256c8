#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "io/durable_file.h"
#include "log/slurm.h"

/* ATTEMPTS: maximum number of attempts to take the lock; lock_probe may hold it briefly. ATTEMPTS_UNNAMED: the maximum
 * while the file names no owner, because a new owner may be about to write its token. */
enum { ATTEMPTS = 11, ATTEMPTS_UNNAMED = 101 };
static const struct timespec BETWEEN_ATTEMPTS = {.tv_nsec = 50000000};

struct lock {
  char path[PATH_BYTES];
  char content[LOCK_CONTENT]; /* token, host, pid and so on; the file contains this text while the lock is ours */
  int file;
  bool exclusive; /* flock is not supported, and this run owns <lock>.exclusive */
};

enum { HOST_BYTES = 256 };

/* host = the name of this host as text (utf8_append). */
static void name_host(char host[HOST_BYTES]) {
  char name[HOST_BYTES] = "unknown";
  gethostname(name, sizeof name - 1);
  utf8_append(host, HOST_BYTES, 0, name);
}

static void describe(struct lock *lock) {
  char host[HOST_BYTES], start[64];
  name_host(host);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm utc;
  gmtime_r(&now.tv_sec, &utc);
  strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", &utc);
  char job[SLURM_ID];
  snprintf(lock->content, sizeof lock->content,
           "token %s-%d-%lld%09ld\nhost %s\npid %d\nstarted %s\njob %s\nrestarts %d\n", host, (int)getpid(),
           (long long)now.tv_sec, now.tv_nsec, host, (int)getpid(), start, slurm_job(job) ? job : "none",
           slurm_restarts());
}

/* Reads a file, truncated to LOCK_CONTENT - 1 bytes. Returns false if it cannot be read; content is then "". */
static bool read_content(const char *path, char content[LOCK_CONTENT]) {
  content[0] = 0;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t bytes = read(file, content, LOCK_CONTENT - 1);
  content[bytes > 0 ? bytes : 0] = 0;
  close(file);
  return bytes >= 0;
}

/* owner = "host a; pid 7; started ..." of the current or last owner, as plain text; "" if the file names none. */
static void read_owner(const char *path, char owner[LOCK_CONTENT]) {
  char content[LOCK_CONTENT], line[LOCK_CONTENT];
  read_content(path, content);
  const char *lines = strchr(content, '\n');
  size_t length = 0;
  for (const char *c = lines ? lines + 1 : content; *c && length + 2 < LOCK_CONTENT; c++) {
    if (*c != '\n') {
      line[length++] = *c;
    } else if (c[1]) {
      line[length++] = ';';
      line[length++] = ' ';
    }
  }
  line[length] = 0;
  utf8_append(owner, LOCK_CONTENT, 0, line);
}

static int refuse(const char *path) {
  char owner[LOCK_CONTENT];
  read_owner(path, owner);
  return FAIL(USAGE, "%s: another run writes to this output (%s): wait for it, stop it, or choose another run.output",
              path, *owner ? owner : "its lock names no owner yet");
}

/* Returns whether the process has ended. A killed process is a zombie until its parent reads its exit status. */
static bool process_is_gone(int pid) {
  char path[64], stat[LOCK_CONTENT];
  if (kill(pid, 0) != 0) return errno == ESRCH;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  read_content(path, stat);
  const char *name_end = strrchr(stat, ')');
  return name_end && strncmp(name_end, ") Z", 3) == 0;
}

/* For a lock without flock. Returns whether the owner ran on this host and its process has ended. */
static bool owner_is_gone(const char *content) {
  char host[HOST_BYTES] = "", here[HOST_BYTES];
  int pid = 0;
  const char *lines = strchr(content, '\n');
  if (!lines || sscanf(lines, "\nhost %255s\npid %d", host, &pid) != 2) return false;
  name_host(here);
  return strcmp(host, here) == 0 && process_is_gone(pid);
}

static void name_exclusive(const char *path, char name[PATH_BYTES + 100]) {
  snprintf(name, PATH_BYTES + 100, "%s.exclusive", path);
}

/* Removes the exclusive file if its owner is dead. If several runs attempt this, only one can create the second name (a
 * hard link). The others do not remove the file, which may already belong to a new owner. The content under the second
 * name shows whether the owner had changed before the link was created. */
static void remove_stale(const struct lock *lock, const char *exclusive) {
  char second[4400], was[LOCK_CONTENT], is[LOCK_CONTENT];
  read_content(exclusive, was);
  if (!owner_is_gone(was)) return;
  snprintf(second, sizeof second, "%.*s.lock.tmp-gone", (int)(strlen(lock->path) - strlen("lock")), lock->path);
  if (link(exclusive, second) != 0) return;
  read_content(second, is);
  if (strcmp(is, was) == 0) unlink(exclusive);
  unlink(second);
}

static int take_without_flock(struct lock *lock) {
  char exclusive[PATH_BYTES + 100];
  name_exclusive(lock->path, exclusive);
  remove_stale(lock, exclusive);
  const int file = open(exclusive, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0 && errno == EEXIST) {
    const int status = refuse(exclusive);
    return FAIL(status, "%s. This file system does not support flock; if that run has ended, remove %s", error_text(),
                exclusive);
  }
  if (file < 0) return FAIL(FAILED, "%s: cannot lock the output: %s", exclusive, strerror(errno));
  const int status = durable_file_pwrite(file, exclusive, 0, lock->content, (int64_t)strlen(lock->content));
  close(file);
  lock->exclusive = status == OK;
  if (status != OK) unlink(exclusive);
  return status;
}

static int write_token(struct lock *lock) {
  if (ftruncate(lock->file, 0) != 0) return FAIL(FAILED, "%s: cannot write the lock: %s", lock->path, strerror(errno));
  TRY(durable_file_pwrite(lock->file, lock->path, 0, lock->content, (int64_t)strlen(lock->content)));
  (void)fsync(lock->file); /* so that other nodes see it */
  return OK;
}

/* Returns whether flock is not supported. Other errors may be transient, and the owner may be alive. */
static bool has_no_flock(int error) {
  return error == ENOLCK || error == EOPNOTSUPP || error == ENOSYS || error == EINVAL;
}

/* Opens the file and locks it. Returns 0 or errno. ESTALE: between these calls another run renamed the folder, together
 * with the locked file, which is therefore no longer the lock of this output. */
static int attempt(struct lock *lock) {
  struct stat locked, named;
  if (lock->file >= 0) close(lock->file);
  lock->file = open(lock->path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (lock->file < 0 || flock(lock->file, LOCK_EX | LOCK_NB) != 0) return errno;
  const bool same = fstat(lock->file, &locked) == 0 && stat(lock->path, &named) == 0 && locked.st_dev == named.st_dev &&
                    locked.st_ino == named.st_ino;
  return same ? 0 : ESTALE;
}

static int attempt_repeatedly(struct lock *lock) {
  for (int i = 1;; i++) {
    const int error = attempt(lock);
    if (error != EWOULDBLOCK && error != ESTALE && error != ENOENT) return error;
    char owner[LOCK_CONTENT] = "";
    read_owner(lock->path, owner);
    if (i >= (error == EWOULDBLOCK && !*owner ? ATTEMPTS_UNNAMED : ATTEMPTS)) return error;
    nanosleep(&BETWEEN_ATTEMPTS, NULL);
  }
}

int lock_take(const char *output, struct lock **out) {
  struct lock *lock = alloc_small(sizeof *lock);
  *lock = (struct lock){.file = -1};
  snprintf(lock->path, sizeof lock->path, "%s/lock", output);
  describe(lock);
  const int error = attempt_repeatedly(lock);
  int status = OK;
  if (error == EWOULDBLOCK)
    status = refuse(lock->path);
  else if (lock->file >= 0 && has_no_flock(error))
    status = take_without_flock(lock);
  else if (error)
    status = durable_file_fail(error, "%s: cannot acquire the lock", lock->path);
  if (status == OK) status = write_token(lock);
  if (status == OK) status = lock_check(lock); /* without flock, another run may have renamed the folder meanwhile */
  if (status != OK) {
    lock_release(lock);
    return status;
  }
  *out = lock;
  return OK;
}

bool lock_probe(const char *output, char owner[LOCK_CONTENT]) {
  char path[PATH_BYTES], exclusive[PATH_BYTES + 100], content[LOCK_CONTENT];
  snprintf(path, sizeof path, "%s/lock", output);
  read_owner(path, owner);
  if (!*owner) return false;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool held = false;
  if (flock(file, LOCK_SH | LOCK_NB) != 0) {
    held = errno == EWOULDBLOCK;
    name_exclusive(path, exclusive);
    read_content(exclusive, content);
    held = held || (*content && !owner_is_gone(content));
  }
  close(file); /* releases the lock */
  return held;
}

static bool holds_token(const struct lock *lock, const char *path) {
  char content[LOCK_CONTENT];
  read_content(path, content);
  return strcmp(content, lock->content) == 0;
}

bool lock_is_lost(const struct lock *lock) {
  char content[LOCK_CONTENT];
  return read_content(lock->path, content) && strcmp(content, lock->content) != 0;
}

bool lock_is_ours(const struct lock *lock) {
  return holds_token(lock, lock->path);
}

/* Returns lock_is_ours. While the file exists but cannot be read, retries, because it may be ours. */
static bool is_ours_after_retries(const struct lock *lock) {
  char content[LOCK_CONTENT];
  for (int i = 1; i < ATTEMPTS && access(lock->path, F_OK) == 0 && !read_content(lock->path, content); i++)
    nanosleep(&BETWEEN_ATTEMPTS, NULL);
  return lock_is_ours(lock);
}

int lock_check(const struct lock *lock) {
  char owner[LOCK_CONTENT];
  if (is_ours_after_retries(lock)) return OK;
  if (access(lock->path, F_OK) != 0)
    return FAIL(FAILED,
                "%s: this run lost its lock (%s): the output was moved, removed or unmounted, or the lock was removed "
                "manually; this run ends without writing. Restore the output: the same command resumes from the newest "
                "checkpoint",
                lock->path, strerror(errno));
  read_owner(lock->path, owner);
  return FAIL(FAILED,
              "%s: this run lost its lock: another run took over the output while this one was suspended (%s); this "
              "one ends without writing",
              lock->path, *owner ? owner : "it has ended");
}

void lock_release(struct lock *lock) {
  if (!lock) return;
  char exclusive[PATH_BYTES + 100];
  name_exclusive(lock->path, exclusive);
  /* The file is not removed; otherwise two runs could hold locks on two files with the same name. */
  if (lock->file >= 0 && holds_token(lock, lock->path) && ftruncate(lock->file, 0) != 0)
    (void)lock; /* an outdated owner in the file does no harm, because flock decides */
  if (lock->exclusive && holds_token(lock, exclusive)) unlink(exclusive);
  if (lock->file >= 0) close(lock->file);
  free(lock);
}
