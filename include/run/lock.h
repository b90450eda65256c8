/* lock: one run per output folder.
 *
 * Rank 0 holds flock on <output>/lock, which the kernel releases however the run ends. The file names token, host, pid,
 * start time, job id and restart count of its owner. Where flock is not supported: O_EXCL, and an old lock is taken
 * over only with evidence that its owner is gone (same host and no such process). */
#ifndef MCKEAN_RUN_LOCK_H
#define MCKEAN_RUN_LOCK_H

struct lock;

/* Local (rank 0). USAGE when another run holds it, naming that run and what to do. */
int lock_take(const char *output, struct lock **lock);

/* Local. OK while the file still carries our token: a run that slept and was superseded must not write. */
int lock_held(const struct lock *lock);

void lock_release(struct lock *lock); /* accepts NULL */

#endif
