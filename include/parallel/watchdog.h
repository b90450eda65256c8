/* watchdog: aborts a job in which a rank hangs, and names that rank.
 *
 * Every rank runs a watchdog thread that checks the heartbeat of its main thread (parallel/heartbeat.h). If there was
 * no heartbeat for longer than the limit, the thread asks two coordinators for a poll: rank 0, and the first rank on
 * another host (on a single host: rank 1) in case rank 0 itself hangs. Each coordinator's thread queries the threads of
 * all ranks. A rank hangs if its thread does not reply (a stopped process, a failed node), or if its main thread is not
 * in a blocking call and had no heartbeat for longer than the limit (a file system that does not respond). If all ranks
 * have been in a blocking call for longer than the limit, they wait for one another, and all of them hang. If a rank
 * hangs, a coordinator reports it on stderr and in the log of the run, and aborts all ranks with STOPPED; the same
 * command resumes from the newest checkpoint. Otherwise nothing happens.
 *
 * Time during which a process was itself stopped does not count. The watchdog adds almost no cost to a step: threads
 * exchange messages only after a rank appears to hang. They do so concurrently with the main threads, which requires
 * MPI_THREAD_MULTIPLE. */
#ifndef MCKEAN_PARALLEL_WATCHDOG_H
#define MCKEAN_PARALLEL_WATCHDOG_H

#include "parallel/comm.h"

struct watchdog;

/* Collective. Starts one thread on each rank. limit: in seconds, equal on all ranks. *watchdog is NULL if limit is 0
 * (off), or if this MPI lacks MPI_THREAD_MULTIPLE; in the second case rank 0 warns on stderr. */
void watchdog_start(const struct comm *comm, double limit, struct watchdog **watchdog);

/* Sets the file to which the watchdog of this process appends its report, or NULL. path stays valid until the next
 * call. Local. */
void watchdog_log(const char *path);

/* Collective. Stops the threads and frees watchdog. Call this before comm_stop. Accepts NULL. */
void watchdog_stop(struct watchdog *watchdog);

#endif
