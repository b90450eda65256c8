// ranks: 1
/* stop: signals, wall time and the stop file, with a clock of our own. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "run/stop.h"

static double now;

static double test_clock(void) {
  return now;
}

static void signals_ask_for_what_they_mean(void **state) {
  (void)state;
  stop_install();
  struct stop stop = stop_create(test_clock, 0, NULL);
  const char *why = "";
  assert_int_equal(stop_poll(&stop, &why), STOP_NONE);
  raise(SIGUSR1);
  assert_int_equal(stop_poll(&stop, &why), STOP_CHECKPOINT);
  assert_string_equal(why, "signal USR1");
  assert_int_equal(stop_poll(&stop, &why), STOP_NONE);
  raise(SIGTERM);
  raise(SIGTERM); /* SLURM repeats it */
  assert_int_equal(stop_poll(&stop, &why), STOP_END);
  assert_string_equal(why, "signal TERM");
  assert_int_equal(stop_poll(&stop, &why), STOP_END); /* it is not forgotten */
}

static void only_a_late_second_interrupt_kills(void **state) {
  (void)state;
  for (int late = 0; late < 2; late++) {
    const pid_t child = fork();
    if (child == 0) {
      stop_install();
      raise(SIGINT);
      if (late) usleep(2100000);
      raise(SIGINT);
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), late ? 128 + SIGINT : 0);
  }
}

static void the_wall_time_leaves_room_for_a_checkpoint(void **state) {
  (void)state;
  now = 100;
  struct stop stop = stop_create(test_clock, 60, NULL);
  const char *why = "";
  stop_learn(&stop, 4, 1);
  stop_learn(&stop, 2, 1); /* the longest counts: 2 (4 + 1) seconds */
  now = 149.5;
  assert_int_equal(stop_poll(&stop, &why), STOP_NONE);
  now = 150;
  assert_int_equal(stop_poll(&stop, &why), STOP_END);
  assert_string_equal(why, "the wall-time limit");
}

static void the_stop_file_is_obeyed_once(void **state) {
  (void)state;
  struct stop stop = stop_create(test_clock, 0, harness_folder());
  const char *why = "";
  assert_int_equal(stop_poll(&stop, &why), STOP_NONE);
  FILE *file = fopen(stop.file, "w");
  assert_non_null(file);
  fclose(file);
  assert_int_equal(stop_poll(&stop, &why), STOP_END);
  assert_int_equal(stop_poll(&stop, &why), STOP_NONE);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_a_late_second_interrupt_kills),
      cmocka_unit_test(the_wall_time_leaves_room_for_a_checkpoint), cmocka_unit_test(the_stop_file_is_obeyed_once),
      cmocka_unit_test(signals_ask_for_what_they_mean), /* last: an end signal is not forgotten */
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
