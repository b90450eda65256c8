// ranks: 1
/* lock: one owner at a time, freed by the kernel after kill -9, noticed when taken over. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "run/lock.h"

static void second_owner_is_refused_with_the_first_one_named(void **state) {
  (void)state;
  struct lock *first, *second;
  assert_ok(lock_take(harness_folder(), &first));
  assert_ok(lock_held(first));
  assert_status(USAGE, lock_take(harness_folder(), &second));
  char pid[32];
  snprintf(pid, sizeof pid, "pid %d", (int)getpid());
  assert_non_null(strstr(status_text(), pid));
  assert_ok(lock_held(first)); /* the refused one did not sign */
  lock_release(first);
  assert_ok(lock_take(harness_folder(), &second));
  lock_release(second);
}

static void a_killed_owner_leaves_it_free(void **state) {
  (void)state;
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) { /* no MPI in here */
    struct lock *lock;
    if (lock_take(harness_folder(), &lock) != OK || write(ready[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  struct lock *lock;
  assert_status(USAGE, lock_take(harness_folder(), &lock));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
}

static void a_superseded_owner_knows(void **state) {
  (void)state;
  struct lock *lock;
  char path[300];
  assert_ok(lock_take(harness_folder(), &lock));
  snprintf(path, sizeof path, "%s/lock", harness_folder());
  FILE *file = fopen(path, "w");
  fputs("token another\n", file);
  fclose(file);
  assert_status(FAILED, lock_held(lock));
  lock_release(lock);
  unlink(path);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(second_owner_is_refused_with_the_first_one_named),
      cmocka_unit_test(a_killed_owner_leaves_it_free),
      cmocka_unit_test(a_superseded_owner_knows),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
