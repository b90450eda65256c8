// ranks: 1
/* sandbox: the ways in which the child process of a trial read can end, and what the message states about the file. */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness.h"
#include "io/sandbox.h"

static int ends_by(void *context) {
  const int signal_number = *(int *)context;
  if (signal_number == SIGXCPU) {
    setrlimit(RLIMIT_CPU, &(struct rlimit){1, 2});
    for (volatile long i = 0;; i++) continue;
  }
  if (signal_number != 0) raise(signal_number);
  return FAILED; /* a returned error is not a crash */
}

static void the_message_distinguishes_crashes_time_and_kills(void **state) {
  (void)state;
  const struct {
    int signal_number, status;
    const char *text;
  } cases[] = {{0, OK, ""},
               {SIGSEGV, FAILED, "data.h5: damaged: the HDF5 library crashes"},
               {SIGFPE, FAILED, "data.h5: damaged: the HDF5 library crashes"},
               {SIGXCPU, FAILED, "data.h5: damaged: the HDF5 library did not finish reading the file"},
               {SIGKILL, FAILED, "data.h5: the process that read the file was killed (SIGKILL)"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int signal_number = cases[i].signal_number;
    assert_all_for(sandbox_run("data.h5", ends_by, &signal_number) == cases[i].status, "signal %d", signal_number);
    if (cases[i].status != OK) assert_all_for(strstr(error_text(), cases[i].text), "signal %d", signal_number);
  }
}

static int exits(void *context) {
  (void)context;
  _exit(3);
}

static void a_child_that_exits_has_crashed(void **state) {
  (void)state;
  assert_status(FAILED, sandbox_run("data.h5", exits, NULL));
  assert_all(strstr(error_text(), "(exit)") != NULL);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_message_distinguishes_crashes_time_and_kills),
                                     cmocka_unit_test(a_child_that_exits_has_crashed)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
