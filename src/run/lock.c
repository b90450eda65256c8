#include "run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/slab.h"
#include "base/status.h"

/* A probe holds the lock for an instant: that is no other run. */
enum { ATTEMPTS = 11 };
static const struct timespec BETWEEN_ATTEMPTS = {.tv_nsec = 50000000};

struct lock {
  char path[4200];
  char content[LOCK_CONTENT]; /* token and who we are: what the file must hold as long as it is ours */
  int file;
};

static void describe(struct lock *lock) {
  char host[256] = "unknown", start[64];
  gethostname(host, sizeof host - 1);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct tm utc;
  gmtime_r(&now.tv_sec, &utc);
  strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%SZ", &utc);
  const char *job = getenv("SLURM_JOB_ID"), *restarts = getenv("SLURM_RESTART_COUNT");
  snprintf(lock->content, sizeof lock->content,
           "token %s-%d-%lld%09ld\nhost %s\npid %d\nstarted %s\njob %s\nrestarts %s\n", host, (int)getpid(),
           (long long)now.tv_sec, now.tv_nsec, host, (int)getpid(), start, job ? job : "none",
           restarts ? restarts : "0");
}

static void read_content(const char *path, char content[LOCK_CONTENT]) {
  content[0] = 0;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const ssize_t bytes = read(file, content, LOCK_CONTENT - 1);
  content[bytes > 0 ? bytes : 0] = 0;
  close(file);
}

/* "host a; pid 7; started ..." of the lock's present or last owner, "" if nobody has signed. */
static void read_owner(const char *path, char owner[LOCK_CONTENT]) {
  char content[LOCK_CONTENT];
  read_content(path, content);
  const char *lines = strchr(content, '\n');
  size_t length = 0;
  for (const char *c = lines ? lines + 1 : content; *c && length + 2 < LOCK_CONTENT; c++) {
    if (*c != '\n') {
      owner[length++] = *c;
    } else if (c[1]) {
      owner[length++] = ';';
      owner[length++] = ' ';
    }
  }
  owner[length] = 0;
}

static int refuse(const char *path) {
  char owner[LOCK_CONTENT];
  read_owner(path, owner);
  return FAIL(USAGE, "%s: another run writes to this output (%s): wait for it, stop it, or choose another run.output",
              path, *owner ? owner : "its owner has not signed yet");
}

/* Where flock is not supported: the owner is gone if it ran on this host and its process is no more. */
static bool owner_is_gone(const char *path) {
  char content[LOCK_CONTENT], host[256] = "", here[256] = "unknown";
  int pid = 0;
  read_content(path, content);
  const char *lines = strchr(content, '\n');
  if (!lines || sscanf(lines, "\nhost %255s\npid %d", host, &pid) != 2) return false;
  gethostname(here, sizeof here - 1);
  return strcmp(host, here) == 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

static int take_without_flock(struct lock *lock) {
  char exclusive[4300];
  snprintf(exclusive, sizeof exclusive, "%s.exclusive", lock->path);
  if (owner_is_gone(lock->path)) unlink(exclusive);
  const int file = open(exclusive, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0 && errno == EEXIST) {
    const int status = refuse(lock->path);
    return FAIL(status, "%s. This file system has no flock; if that run is gone, remove %s", status_text(), exclusive);
  }
  if (file < 0) return FAIL(FAILED, "%s: cannot lock the output: %s", exclusive, strerror(errno));
  close(file);
  return OK;
}

static int sign(struct lock *lock) {
  if (ftruncate(lock->file, 0) != 0) return FAIL(FAILED, "%s: cannot write the lock: %s", lock->path, strerror(errno));
  return slab_pwrite(lock->file, lock->path, 0, lock->content, (int64_t)strlen(lock->content));
}

static int flock_patiently(int file) {
  for (int attempt = 1;; attempt++) {
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK || attempt == ATTEMPTS) return -1;
    nanosleep(&BETWEEN_ATTEMPTS, NULL);
  }
}

int lock_take(const char *output, struct lock **out) {
  struct lock *lock = status_malloc(sizeof *lock);
  snprintf(lock->path, sizeof lock->path, "%s/lock", output);
  describe(lock);
  lock->file = open(lock->path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  int status = OK;
  if (lock->file < 0)
    status = FAIL(FAILED, "%s: cannot open the lock: %s", lock->path, strerror(errno));
  else if (flock_patiently(lock->file) != 0)
    status = errno == EWOULDBLOCK ? refuse(lock->path) : take_without_flock(lock);
  if (status == OK) status = sign(lock);
  if (status != OK) {
    if (lock->file >= 0) close(lock->file);
    free(lock);
    return status;
  }
  *out = lock;
  return OK;
}

bool lock_probe(const char *output, char owner[LOCK_CONTENT]) {
  char path[4200], exclusive[4300];
  snprintf(path, sizeof path, "%s/lock", output);
  read_owner(path, owner);
  if (!*owner) return false;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool held = false;
  if (flock(file, LOCK_SH | LOCK_NB) != 0) {
    snprintf(exclusive, sizeof exclusive, "%s.exclusive", path);
    held = errno == EWOULDBLOCK || (access(exclusive, F_OK) == 0 && !owner_is_gone(path));
  }
  close(file); /* lets go */
  return held;
}

int lock_held(const struct lock *lock) {
  char content[LOCK_CONTENT];
  read_content(lock->path, content);
  if (strcmp(content, lock->content) == 0) return OK;
  return FAIL(FAILED,
              "%s: the lock is no longer ours: another run took over this output while this one was stopped; it goes "
              "on there, this one ends without writing",
              lock->path);
}

void lock_release(struct lock *lock) {
  if (!lock) return;
  if (lock_held(lock) == OK) {
    char exclusive[4300];
    snprintf(exclusive, sizeof exclusive, "%s.exclusive", lock->path);
    unlink(exclusive);
    /* The file stays: removing it could leave two runs with locks on two files of one name. */
    const int emptied = ftruncate(lock->file, 0);
    (void)emptied; /* a name left in it does no harm: flock decides */
  }
  close(lock->file);
  free(lock);
}
