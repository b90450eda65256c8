#include "parallel/heartbeat.h"

#include <stdatomic.h>
#include <stddef.h>

/* One state per process: the watchdog thread reads it while the main thread runs. */
static _Atomic(const char *) activity = "startup", blocking_call;
static _Atomic int64_t step_now = -1;
static _Atomic uint64_t beats;

/* A load and a store are cheaper than an atomic increment. Simultaneous heartbeats of several threads may count as one,
 * which is harmless. */
void heartbeat_beat(void) {
  const uint64_t before = atomic_load_explicit(&beats, memory_order_relaxed);
  atomic_store_explicit(&beats, before + 1, memory_order_relaxed);
}

void heartbeat_activity(const char *text) {
  atomic_store_explicit(&activity, text, memory_order_relaxed);
  heartbeat_beat();
}

void heartbeat_step(int64_t step) {
  atomic_store_explicit(&step_now, step, memory_order_relaxed);
  heartbeat_activity("a step");
}

static void set_blocking_call(const char *text) {
  atomic_store_explicit(&blocking_call, text, memory_order_relaxed);
  heartbeat_beat();
}

void heartbeat_wait(const char *text) {
  set_blocking_call(text);
}

void heartbeat_resume(void) {
  set_blocking_call(NULL);
}

struct heartbeat heartbeat_read(void) {
  return (struct heartbeat){.activity = atomic_load(&activity),
                            .blocking_call = atomic_load(&blocking_call),
                            .step = atomic_load(&step_now),
                            .beats = atomic_load(&beats)};
}
