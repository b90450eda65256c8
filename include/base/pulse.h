/* pulse: what this process is doing, so that its watchdog (base/watchdog.h) can tell when it does nothing.
 *
 * The main thread writes, any thread reads and may give a sign of life. Texts are static. All functions are local and cost
 * a few stores. */
#ifndef MCKEAN_BASE_PULSE_H
#define MCKEAN_BASE_PULSE_H

#include <stdint.h>

struct pulse {
  const char *work; /* what it is at: "a step", "a checkpoint" */
  const char *wait; /* what it waits in for other ranks, NULL: it does not */
  int64_t step;     /* of the run, -1 before the first */
  uint64_t beats;   /* signs of life so far */
};

void pulse_work(const char *what);
void pulse_step(int64_t step); /* begins a step */
void pulse_wait(const char *what);
void pulse_go_on(void); /* the wait is over */
void pulse_beat(void);  /* a sign of life from a long piece of work, or from a wait that is meant */

struct pulse pulse_read(void);

/* A call that may have to wait for other ranks. */
#define PULSE_WAIT(what, call)                                                                                         \
  do {                                                                                                                 \
    pulse_wait(what);                                                                                                  \
    call;                                                                                                              \
    pulse_go_on();                                                                                                     \
  } while (0)

#endif
