/* lock: one run per output folder.
 *
 * Rank 0 holds flock on <output>/lock. The kernel releases it when the process ends, for whatever reason. The file
 * contains token, host, pid, start time, job id and restart count of its owner. On file systems without flock the lock
 * is the file <output>/lock.exclusive, created with O_EXCL; another run takes it over only if its owner is certainly
 * dead (same host, no such process). All functions are local, for rank 0. */
#ifndef MCKEAN_STORE_LOCK_H
#define MCKEAN_STORE_LOCK_H

#include <stdbool.h>

enum { LOCK_CONTENT = 1024 };

struct lock;

/* Takes the lock. Retries for 0.5 s, because lock_probe holds the lock briefly, and for 5 s while the file names no
 * owner, because a new owner may be about to write its token. USAGE: another run holds the lock; the error text names
 * that run and what to do. FAILED or FULL: the file cannot be created or written. */
int lock_take(const char *output, struct lock **lock);

/* Returns whether a run holds the lock. owner: "host a; pid 7; started ...", or "" if the lock was released or never
 * taken. If an owner is named but does not hold the lock, that run was killed. A probe does not disturb a run that
 * starts at the same time. */
bool lock_probe(const char *output, char owner[LOCK_CONTENT]);

/* Checks that the file still contains the token of this run. If it does not, another run took over the output while
 * this run was suspended, or the output was moved or removed; this run must not write. FAILED: the error text has the
 * cause and what to do. */
int lock_check(const struct lock *lock);

/* Returns whether the file can be read and does not contain the token of this run. Unlike lock_check, it ignores a file
 * that cannot be read, because such a file must not end a run between writes. */
bool lock_is_lost(const struct lock *lock);

/* Returns whether the file contains the token of this run. Sets no error text. */
bool lock_is_ours(const struct lock *lock);

void lock_release(struct lock *lock); /* accepts NULL */

#endif
