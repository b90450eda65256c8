#include "parallel/heartbeat.h"

#include <stdatomic.h>
#include <stddef.h>

/* Of the process, like the text of its last failure: what it does is asked from outside of all calls. */
static _Atomic(const char *) work = "the start", wait;
static _Atomic int64_t at_step = -1;
static _Atomic uint64_t beats;

/* Signs of several threads may count as one. */
void heartbeat_beat(void) {
  const uint64_t before = atomic_load_explicit(&beats, memory_order_relaxed);
  atomic_store_explicit(&beats, before + 1, memory_order_relaxed);
}

void heartbeat_work(const char *what) {
  atomic_store_explicit(&work, what, memory_order_relaxed);
  heartbeat_beat();
}

void heartbeat_step(int64_t step) {
  atomic_store_explicit(&at_step, step, memory_order_relaxed);
  heartbeat_work("a step");
}

void heartbeat_wait(const char *what) {
  atomic_store_explicit(&wait, what, memory_order_relaxed);
  heartbeat_beat();
}

void heartbeat_resume(void) {
  heartbeat_wait(NULL);
}

struct heartbeat heartbeat_read(void) {
  return (struct heartbeat){.work = atomic_load(&work),
                            .wait = atomic_load(&wait),
                            .step = atomic_load(&at_step),
                            .beats = atomic_load(&beats)};
}
