/* pulse: what this process is doing, so that its watchdog (parallel/watchdog.h) can tell when it does nothing.
 *
 * The main thread writes, any thread reads and may give a sign of life. Texts are static. All functions are local and cost
 * a few stores. */
#ifndef MCKEAN_PARALLEL_HEARTBEAT_H
#define MCKEAN_PARALLEL_HEARTBEAT_H

#include <stdint.h>

struct heartbeat {
  const char *work; /* what it is at: "a step", "a checkpoint" */
  const char *wait; /* what it waits in for other ranks, NULL: it does not */
  int64_t step;     /* of the run, -1 before the first */
  uint64_t beats;   /* signs of life so far */
};

void heartbeat_work(const char *what);
void heartbeat_step(int64_t step); /* begins a step */
void heartbeat_wait(const char *what);
void heartbeat_resume(void); /* the wait is over */
void heartbeat_beat(void);   /* a sign of life from a long piece of work, or from a wait that is meant */

struct heartbeat heartbeat_read(void);

/* A call that may have to wait for other ranks. */
#define HEARTBEAT_WAIT(what, call)                                                                                     \
  do {                                                                                                                 \
    heartbeat_wait(what);                                                                                              \
    call;                                                                                                              \
    heartbeat_resume();                                                                                                \
  } while (0)

#endif
