/* watchdog: ends a job in which a rank hangs, and names that rank.
 *
 * Every rank has a thread that looks at its own main thread's pulse (parallel/heartbeat.h). When that has given no sign of life
 * for longer than the limit, the thread asks a clerk for a roll call: rank 0, or the first rank of another host (of a
 * single host: rank 1) in case rank 0 itself hangs. The clerk's thread asks all threads what their ranks do. A rank hangs
 * if its thread does not answer (a stopped process, a dead node), or if it has been at a piece of work, waiting for no
 * other rank, longer than the limit (a file system that does not answer). All hang if all wait for one another. Then the
 * clerk says so on stderr and aborts all ranks with STOPPED: the run goes on from its newest checkpoint. If every rank
 * that the others wait for is alive nothing happens.
 *
 * Time in which a process was itself stopped does not count. The step costs nothing more: messages are sent only once
 * something seems to hang, by the threads, which is why MPI must allow several threads (MPI_THREAD_MULTIPLE). */
#ifndef MCKEAN_PARALLEL_WATCHDOG_H
#define MCKEAN_PARALLEL_WATCHDOG_H

#include "parallel/comm.h"

struct watchdog;

/* Collective. limit in seconds, the same on all ranks. *watchdog NULL if limit is 0 (off) or MPI allows one thread
 * only: then rank 0 warns on stderr. */
void watchdog_start(const struct comm *comm, double limit, struct watchdog **watchdog);

/* Collective. Before MPI ends. Accepts NULL. */
void watchdog_stop(struct watchdog *watchdog);

#endif
