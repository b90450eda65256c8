/* lock: one run per output folder.
 *
 * Rank 0 holds flock on <output>/lock; the kernel releases it however the run ends. The file holds token, host, pid,
 * start time, job id and restart count of its owner. On file systems without flock the lock is O_EXCL on
 * <output>/lock.exclusive, and it is taken over only if its owner is certainly gone (same host, no such process). All
 * functions are for rank 0 and local. */
#ifndef MCKEAN_STORE_LOCK_H
#define MCKEAN_STORE_LOCK_H

#include <stdbool.h>

enum { LOCK_CONTENT = 1024 };

struct lock;

/* Takes the lock. It retries for half a second, because a lock_probe holds the lock for an instant. USAGE: another run
 * holds it; the error text names that run and what to do. FAILED. */
int lock_take(const char *output, struct lock **lock);

/* Whether a run holds the lock. owner: "host a; pid 7; started ...", or "" if the lock was released regularly or
 * never taken. An owner that is named and does not hold the lock was killed. A run that starts at this time is not
 * disturbed. */
bool lock_probe(const char *output, char owner[LOCK_CONTENT]);

/* Follows the output folder to its new name. */
void lock_moved(struct lock *lock, const char *output);

/* Checks that the file still contains the token of this run: a run that was suspended, and whose output another run has
 * taken over, must not write. FAILED: the error text has the cause and what to do. */
int lock_held(const struct lock *lock);

/* Whether the file can be read and contains another token or none. Unlike lock_held it ignores a file that cannot be
 * read: between writes this does not end a run. */
bool lock_lost(const struct lock *lock);

/* Whether the file contains the token of this run; without an error text. */
bool lock_ours(const struct lock *lock);

void lock_release(struct lock *lock); /* accepts NULL */

#endif
