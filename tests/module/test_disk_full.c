// ranks: 1 2 3
/* room: without room a run fails or waits, as it was told; all ranks do alike. */
#include <math.h>
#include <signal.h>

#include "base/error.h"
#include "config/config.h"
#include "harness.h"
#include "run/disk_full.h"

/* What is written: full so often, then `end`. */
struct write {
  int calls, full, end;
};

static int attempt(void *context) {
  struct write *write = context;
  write->calls++;
  raise(SIGUSR1); /* tried again at once */
  const int own = write->calls <= write->full ? world.rank == world.size - 1 ? FAIL(FULL, "no room") : OK : write->end;
  return comm_agree(&world, own);
}

static double no_job(void) {
  return NAN;
}

static int write_with(int on_full, bool ending, double limit, struct write *write) {
  const struct stop_options options = {
      .clock = comm_time, .job_left = no_job, .max_wall = limit, .output = harness_folder()};
  struct report report = report_create(false);
  struct stop stop = stop_create(&world, &options);
  stop_begin(&stop, 0, 0, &report);
  const struct disk_full room = {&world, on_full, ending, &stop, &report};
  return disk_full_write(&room, attempt, write);
}

static void who_stops_tries_once(void **state) {
  (void)state;
  struct write write = {.full = 1};
  assert_status(FULL, write_with(ON_FULL_STOP, false, 0, &write));
  assert_all(write.calls == 1);
}

static void who_waits_tries_until_there_is_room(void **state) {
  (void)state;
  struct write write = {.full = 3};
  assert_ok(write_with(ON_FULL_WAIT, false, 0, &write));
  assert_all(write.calls == 4);
}

static void only_want_of_room_is_waited_for(void **state) {
  (void)state;
  struct write write = {.full = 2, .end = FAILED};
  assert_status(FAILED, write_with(ON_FULL_WAIT, false, 0, &write));
  assert_all(write.calls == 3);
}

static void who_is_to_end_does_not_wait(void **state) {
  (void)state;
  struct write write = {.full = 1};
  assert_status(STOPPED, write_with(ON_FULL_WAIT, true, 0, &write));
  assert_all(write.calls == 1);
}

static void a_limit_ends_the_wait(void **state) {
  (void)state;
  struct write write = {.full = 1000000};
  assert_status(STOPPED, write_with(ON_FULL_WAIT, false, 0.5, &write));
  assert_all(write.calls > 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_stops_tries_once),
      cmocka_unit_test(who_waits_tries_until_there_is_room),
      cmocka_unit_test(only_want_of_room_is_waited_for),
      cmocka_unit_test(who_is_to_end_does_not_wait),
      cmocka_unit_test(a_limit_ends_the_wait),
  };
  stop_install();
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
