// ranks: 1
/* lock: one owner at a time, freed by the kernel after kill -9, noticed when taken over. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
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
  char owner[LOCK_CONTENT], pid[32];
  snprintf(pid, sizeof pid, "pid %d;", (int)child);
  assert_status(USAGE, lock_take(harness_folder(), &lock));
  assert_true(lock_probe(harness_folder(), owner));
  assert_non_null(strstr(owner, pid));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  assert_false(lock_probe(harness_folder(), owner));
  assert_non_null(strstr(owner, pid)); /* it did not end in order */
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

static void who_asks_is_told_and_keeps_nothing(void **state) {
  (void)state;
  char owner[LOCK_CONTENT], other[300];
  snprintf(other, sizeof other, "%s/there is none", harness_folder());
  assert_false(lock_probe(other, owner));
  struct lock *lock;
  assert_ok(lock_take(harness_folder(), &lock));
  assert_true(lock_probe(harness_folder(), owner));
  assert_int_equal(strncmp(owner, "host ", 5), 0);
  assert_ok(lock_held(lock));
  lock_release(lock);
  assert_false(lock_probe(harness_folder(), owner));
  assert_string_equal(owner, "");
}

static int asking; /* the file whose lock the alarm below lets go */
static void let_go(int signal) {
  (void)signal;
  flock(asking, LOCK_UN);
}

/* Who asks holds the lock for an instant. Here for 0.1 s of this process's own time, however slow the machine is. */
static void who_asks_does_not_refuse_a_run(void **state) {
  (void)state;
  char path[300];
  struct lock *lock;
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
  snprintf(path, sizeof path, "%s/lock", harness_folder());
  asking = open(path, O_RDONLY);
  assert_int_equal(flock(asking, LOCK_SH | LOCK_NB), 0);
  signal(SIGALRM, let_go);
  const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
  assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
  close(asking);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(second_owner_is_refused_with_the_first_one_named),
      cmocka_unit_test(a_killed_owner_leaves_it_free),
      cmocka_unit_test(a_superseded_owner_knows),
      cmocka_unit_test(who_asks_is_told_and_keeps_nothing),
      cmocka_unit_test(who_asks_does_not_refuse_a_run),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
