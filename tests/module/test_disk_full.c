// ranks: 1 2 3
/* disk_full: on a full disk a run fails or waits, as output.on_full requests; all ranks do the same. */
#include <math.h>
#include <signal.h>

#include "base/error.h"
#include "config/config.h"
#include "harness.h"
#include "run/disk_full.h"

/* A write that finds the disk full `full` times, on the last rank, and then returns `end`. */
struct write {
  int calls, full, end;
};

static int attempt(void *context) {
  struct write *write = context;
  write->calls++;
  raise(SIGUSR1); /* ends the wait before the next attempt */
  const int own =
      write->calls <= write->full ? world.rank == world.size - 1 ? FAIL(FULL, "disk full") : OK : write->end;
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
  const struct disk_full disk_full = {&world, on_full, ending, &stop, &report};
  return disk_full_write(&disk_full, attempt, write);
}

static void on_full_stop_tries_once(void **state) {
  (void)state;
  struct write write = {.full = 1};
  assert_status(FULL, write_with(ON_FULL_STOP, false, 0, &write));
  assert_all(write.calls == 1);
}

static void on_full_wait_tries_until_there_is_space(void **state) {
  (void)state;
  struct write write = {.full = 3};
  assert_ok(write_with(ON_FULL_WAIT, false, 0, &write));
  assert_all(write.calls == 4);
}

static void other_failures_are_not_waited_for(void **state) {
  (void)state;
  struct write write = {.full = 2, .end = FAILED};
  assert_status(FAILED, write_with(ON_FULL_WAIT, false, 0, &write));
  assert_all(write.calls == 3);
}

static void a_run_that_is_ending_does_not_wait(void **state) {
  (void)state;
  struct write write = {.full = 1};
  assert_status(STOPPED, write_with(ON_FULL_WAIT, true, 0, &write));
  assert_all(write.calls == 1);
}

static void the_wall_time_limit_ends_the_wait(void **state) {
  (void)state;
  struct write write = {.full = 1000000};
  assert_status(STOPPED, write_with(ON_FULL_WAIT, false, 0.5, &write));
  assert_all(write.calls > 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(on_full_stop_tries_once),           cmocka_unit_test(on_full_wait_tries_until_there_is_space),
      cmocka_unit_test(other_failures_are_not_waited_for), cmocka_unit_test(a_run_that_is_ending_does_not_wait),
      cmocka_unit_test(the_wall_time_limit_ends_the_wait),
  };
  stop_install();
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
