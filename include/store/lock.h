/* lock: one run per output folder.
 *
 * Rank 0 holds flock on <output>/lock, which the kernel releases however the run ends. The file names token, host, pid,
 * start time, job id and restart count of its owner. Where flock is not supported: O_EXCL on <output>/lock.exclusive, and
 * an old lock is taken over only with evidence that its owner is gone (same host and no such process). */
#ifndef MCKEAN_STORE_LOCK_H
#define MCKEAN_STORE_LOCK_H

#include <stdbool.h>

enum { LOCK_CONTENT = 1024 };

struct lock;

/* Local (rank 0). USAGE when another run holds it, naming that run and what to do; that takes half a second, in which
 * who only asks (lock_probe) lets go. */
int lock_take(const char *output, struct lock **lock);

/* Local. Does a run hold it? owner: "host a; pid 7; started ...", or "" when it was released in order or never taken;
 * who is named and does not hold it was killed. Hinders no run that starts at this moment. */
bool lock_probe(const char *output, char owner[LOCK_CONTENT]);

/* Local. The output's folder has been renamed to `output`, and the lock with it. */
void lock_moved(struct lock *lock, const char *output);

/* Local. OK while the file still carries our token: a run that slept and was superseded must not write. FAILED: what
 * became of it, and what to do. */
int lock_held(const struct lock *lock);

/* Local. Has another run signed, or signed and left? A file that cannot be read just now is no reason to end a run between
 * its writes. */
bool lock_lost(const struct lock *lock);

/* Local. Does the file carry our token? Unlike lock_held it has no text to tell. */
bool lock_ours(const struct lock *lock);

void lock_release(struct lock *lock); /* accepts NULL */

#endif
