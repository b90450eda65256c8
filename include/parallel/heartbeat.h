/* heartbeat: the current activity of this process and a count of its signs of progress, for the watchdog
 * (parallel/watchdog.h).
 *
 * The main thread sets the activity, the blocking call and the step. Any thread may read them or call heartbeat_beat.
 * Texts must be static. All functions are local and cost a few stores. */
#ifndef MCKEAN_PARALLEL_HEARTBEAT_H
#define MCKEAN_PARALLEL_HEARTBEAT_H

#include <stdint.h>

struct heartbeat {
  const char *activity;      /* "a step", "a checkpoint" */
  const char *blocking_call; /* the blocking call that the main thread is in, or NULL */
  int64_t step;              /* of the run; -1 before the first */
  uint64_t beats;            /* number of heartbeats so far */
};

/* Each call of these functions also counts as a heartbeat. */
void heartbeat_activity(const char *activity);
void heartbeat_step(int64_t step);              /* a step begins */
void heartbeat_wait(const char *blocking_call); /* a blocking call begins */
void heartbeat_resume(void);                    /* the blocking call has returned */

/* Counts a heartbeat: call this during a long activity or an intentional wait. */
void heartbeat_beat(void);

struct heartbeat heartbeat_read(void);

/* Executes `call`, which may wait for other ranks, between heartbeat_wait and heartbeat_resume. */
#define HEARTBEAT_WAIT(blocking_call, call)                                                                            \
  do {                                                                                                                 \
    heartbeat_wait(blocking_call);                                                                                     \
    call;                                                                                                              \
    heartbeat_resume();                                                                                                \
  } while (0)

#endif
