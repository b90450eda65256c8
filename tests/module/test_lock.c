// ranks: 1
/* lock: one owner at a time, also on file systems without flock and while an old output is moved aside. With flock the
 * operating system releases the lock after kill -9. An owner detects that another run has taken the lock over. Names of
 * hosts are text. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "io/durable_file.h"
#include "store/lock.h"
#include "store/output_folder.h"

/* other_run simulates what another run does just before a call of flock or link in this run. The flock and link below
 * replace those of the C library. */
static bool no_flock;
static int flocks = -1, links = -1; /* number of calls before the one that calls other_run; -1: none does */
static void (*other_run)(void);

static void count_down(int *calls) {
  if (*calls >= 0 && --*calls < 0) other_run();
}

int flock(int file, int operation) {
  count_down(&flocks);
  if (no_flock) errno = ENOSYS;
  return no_flock ? -1 : (int)syscall(SYS_flock, file, operation);
}

int link(const char *from, const char *to) {
  count_down(&links);
  return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* This replaces the function of the C library, too. */
static const char *other_host; /* the name of this host; NULL: its real name */
int gethostname(char *name, size_t size) {
  struct utsname real;
  if (!other_host) uname(&real);
  snprintf(name, size, "%s", other_host ? other_host : real.nodename);
  return 0;
}

/* Returns the path of a file in the folder of the test; valid for two calls. */
static const char *path_of(const char *name) {
  static char path[2][400];
  static int next;
  next = !next;
  snprintf(path[next], sizeof path[next], "%s/%s", harness_folder(), name);
  return path[next];
}

static void put(const char *name, const char *text) {
  FILE *file = fopen(path_of(name), "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

/* Returns the text of a file, or "" if it does not exist. */
static const char *get(const char *name) {
  static char text[LOCK_CONTENT];
  FILE *file = fopen(path_of(name), "r");
  text[file ? fread(text, 1, sizeof text - 1, file) : 0] = 0;
  if (file) fclose(file);
  return text;
}

static bool exists(const char *name) {
  return access(path_of(name), F_OK) == 0;
}

static int start_clean(void **state) {
  (void)state;
  char command[1000];
  no_flock = false;
  other_host = NULL;
  flocks = links = -1;
  snprintf(command, sizeof command, "rm -rf '%s'/* && mkdir '%s'", harness_folder(), path_of("out"));
  return system(command);
}

static void a_second_owner_is_refused_and_the_first_is_named(void **state) {
  (void)state;
  struct lock *first, *second;
  assert_ok(lock_take(harness_folder(), &first));
  assert_ok(lock_check(first));
  assert_status(USAGE, lock_take(harness_folder(), &second));
  char pid[32];
  snprintf(pid, sizeof pid, "pid %d", (int)getpid());
  assert_non_null(strstr(error_text(), pid));
  assert_ok(lock_check(first)); /* the refused run did not write to the lock file */
  lock_release(first);
  assert_ok(lock_take(harness_folder(), &second));
  lock_release(second);
}

/* Tables, messages and JSON print what the lock contains. */
static void names_of_hosts_are_text(void **state) {
  (void)state;
  struct lock *first, *second;
  char owner[LOCK_CONTENT];
  other_host = "no\xe9"
               "de\t\x1b[2J";
  assert_ok(lock_take(path_of("out"), &first));
  assert_non_null(strstr(get("out/lock"), "\nhost no\\xe9de\\x09\\x1b[2J\n"));
  assert_status(USAGE, lock_take(path_of("out"), &second));
  assert_non_null(strstr(error_text(), "host no\\xe9de\\x09\\x1b[2J; pid "));
  lock_release(first);
  put("out/lock", "token a\nhost \xff\x1b[2J\npid 7\n"); /* of an older program */
  lock_probe(path_of("out"), owner);
  assert_string_equal(owner, "host \\xff\\x1b[2J; pid 7");
}

static void a_killed_owner_releases_the_lock(void **state) {
  (void)state;
  int ready[2];
  char byte;
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) { /* calls no MPI */
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
  assert_non_null(strstr(owner, pid)); /* the killed owner did not remove its text */
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
}

static void a_superseded_owner_finds_out(void **state) {
  (void)state;
  struct lock *lock;
  char path[300];
  assert_ok(lock_take(harness_folder(), &lock));
  snprintf(path, sizeof path, "%s/lock", harness_folder());
  FILE *file = fopen(path, "w");
  fputs("token another\n", file);
  fclose(file);
  assert_status(FAILED, lock_check(lock));
  lock_release(lock);
  unlink(path);
}

static void a_probe_returns_the_owner_and_keeps_no_lock(void **state) {
  (void)state;
  char owner[LOCK_CONTENT], other[300];
  snprintf(other, sizeof other, "%s/missing", harness_folder());
  assert_false(lock_probe(other, owner));
  struct lock *lock;
  assert_ok(lock_take(harness_folder(), &lock));
  assert_true(lock_probe(harness_folder(), owner));
  assert_int_equal(strncmp(owner, "host ", 5), 0);
  assert_ok(lock_check(lock));
  lock_release(lock);
  assert_false(lock_probe(harness_folder(), owner));
  assert_string_equal(owner, "");
}

static int asking; /* the lock file as the probe opened it; the alarm releases its lock */
static void release_asking(int signal) {
  (void)signal;
  flock(asking, LOCK_UN);
}

/* lock_probe holds the lock for a short time. Here this process holds it for 0.1 s, as a probe would, while lock_take
 * waits in the same process, so the speed of the machine does not matter. */
static void a_probe_does_not_refuse_a_run(void **state) {
  (void)state;
  char path[300];
  struct lock *lock;
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
  snprintf(path, sizeof path, "%s/lock", harness_folder());
  asking = open(path, O_RDONLY);
  assert_int_equal(flock(asking, LOCK_SH | LOCK_NB), 0);
  signal(SIGALRM, release_asking);
  const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
  assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
  assert_ok(lock_take(harness_folder(), &lock));
  lock_release(lock);
  close(asking);
}

static void a_lock_that_cannot_be_read_is_not_lost_but_not_held(void **state) {
  (void)state;
  struct lock *lock;
  assert_ok(lock_take(path_of("out"), &lock));
  assert_false(lock_is_lost(lock));
  assert_true(lock_is_ours(lock));
  unlink(path_of("out/lock"));
  assert_false(lock_is_lost(lock));
  assert_status(FAILED, lock_check(lock));
  put("out/lock", ""); /* another run took the lock and released it */
  assert_true(lock_is_lost(lock));
  assert_false(lock_is_ours(lock));
  put("out/lock", "token another\nhost there\npid 7\n");
  assert_true(lock_is_lost(lock));
  assert_status(FAILED, lock_check(lock));
  assert_non_null(strstr(error_text(), "host there; pid 7"));
  lock_release(lock);
  assert_string_equal(get("out/lock"), "token another\nhost there\npid 7\n");
}

static rlim_t files; /* limit on open files that the alarm restores */
static void make_files_available(int signal) {
  (void)signal;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = files;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void a_transient_read_error_does_not_lose_the_lock(void **state) {
  (void)state;
  struct lock *lock;
  struct rlimit limit;
  assert_ok(lock_take(path_of("out"), &lock));
  getrlimit(RLIMIT_NOFILE, &limit);
  files = limit.rlim_cur;
  limit.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  signal(SIGALRM, make_files_available);
  const struct itimerval soon = {.it_value = {.tv_usec = 100000}};
  assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
  assert_ok(lock_check(lock));
  lock_release(lock);
}

static void moved_aside_by_another(void) {
  assert_int_equal(rename(path_of("out"), path_of("out.1")), 0);
  assert_int_equal(mkdir(path_of("out"), 0777), 0);
  put("out/lock", ""); /* released, or not taken yet */
}

static void the_lock_of_a_folder_moved_aside_is_not_ours(void **state) {
  (void)state;
  struct lock *lock;
  flocks = 0;
  other_run = moved_aside_by_another;
  assert_ok(lock_take(path_of("out"), &lock));
  assert_ok(lock_check(lock));
  assert_int_equal(strncmp(get("out/lock"), "token ", 6), 0);
  assert_string_equal(get("out.1/lock"), "");
  lock_release(lock);
}

static int file_of_other_run;
static void taken_by_another(void) {
  file_of_other_run = open(path_of("out/lock"), O_RDWR | O_CREAT, 0666);
  assert_int_equal(syscall(SYS_flock, file_of_other_run, LOCK_EX | LOCK_NB), 0);
  put("out/lock", "token another\nhost there\npid 7\n");
}

static void a_fresh_output_moves_the_files_of_a_run_only(void **state) {
  (void)state;
  struct lock *lock;
  char *aside;
  put("out/history.h5", "old");
  put("out/run.log", "mckean 1, 1 rank\n");
  put("out/notes", "mine");
  flocks = 0;
  other_run = taken_by_another;
  assert_status(USAGE, output_folder_open(path_of("out"), true, &lock, &aside));
  assert_non_null(strstr(error_text(), "host there; pid 7"));
  assert_true(exists("out/history.h5") && !exists("out.1"));
  close(file_of_other_run);
  assert_ok(output_folder_open(path_of("out"), true, &lock, &aside));
  assert_true(exists("out.1/history.h5") && exists("out.1/run.log") && !exists("out/history.h5"));
  assert_true(exists("out/notes") && !exists("out.1/notes") && !exists("out.1/lock"));
  assert_ok(lock_check(lock));
  assert_string_equal(aside, path_of("out.1"));
  free(aside);
  lock_release(lock);
  assert_ok(output_folder_open(path_of("out"), true, &lock, &aside)); /* a folder without results is not moved aside */
  assert_true(!aside && !exists("out.2"));
  lock_release(lock);
}

/* A run truncates its lock, removes an outdated summary and extends its log: not those of the user. */
static void files_of_the_user_are_refused(void **state) {
  (void)state;
  static const char *const names[] = {"out/lock", "out/live", "out/summary.json", "out/run.log"};
  struct lock *lock;
  char *aside;
  for (int i = 0; i < 4; i++) {
    put(names[i], "{\n  \"mine\": 1}");
    assert_status(USAGE, output_folder_open(path_of("out"), i % 2, &lock, &aside));
    assert_non_null(strstr(error_text(), names[i]));
    assert_string_equal(get(names[i]), "{\n  \"mine\": 1}");
    put(names[i], "");
  }
}

static void only_temporary_files_are_removed(void **state) {
  (void)state;
  struct lock *lock;
  char *aside, path[PATH_BYTES];
  assert_ok(output_folder_open(path_of("out"), false, &lock, &aside));
  lock_release(lock);
  durable_file_temporary(path_of("out"), "history.h5", path);
  close(open(path, O_CREAT, 0666));
  durable_file_temporary(path_of("out/checkpoints"), "step-000000000060.h5", path);
  close(open(path, O_CREAT, 0666));
  put("out/checkpoints/step-000000000050.h5", "");
  put("out/.mine", "");
  put("out/.notes.tmp-mine", "");
  assert_ok(output_folder_open(path_of("out"), false, &lock, &aside));
  lock_release(lock);
  assert_true(exists("out/checkpoints/step-000000000050.h5") && exists("out/.mine") && exists("out/.notes.tmp-mine"));
  assert_int_not_equal(access(path, F_OK), 0);
  durable_file_temporary(path_of("out"), "history.h5", path);
  assert_int_not_equal(access(path, F_OK), 0);
}

static void without_flock_there_is_one_owner(void **state) {
  (void)state;
  struct lock *first, *second;
  no_flock = true;
  assert_ok(lock_take(path_of("out"), &first));
  assert_ok(lock_check(first));
  assert_status(USAGE, lock_take(path_of("out"), &second));
  assert_non_null(strstr(error_text(), "out/lock.exclusive"));
  assert_non_null(strstr(error_text(), "pid "));
  unlink(path_of("out/lock.exclusive")); /* as a user could do while the first run is suspended */
  assert_ok(lock_take(path_of("out"), &second));
  assert_status(FAILED, lock_check(first));
  lock_release(first);
  assert_ok(lock_check(second));
  assert_true(exists("out/lock.exclusive"));
  lock_release(second);
  assert_true(!exists("out/lock.exclusive"));
}

/* Returns the lock text of a process on this host that has exited. reaped: its parent has waited for it; otherwise it
 * is a zombie. */
static const char *text_of_dead_owner(bool reaped) {
  static char text[LOCK_CONTENT];
  char host[256] = "unknown";
  const pid_t child = fork();
  siginfo_t end;
  if (child == 0) _exit(0);
  waitid(P_PID, (id_t)child, &end, WEXITED | (reaped ? 0 : WNOWAIT));
  gethostname(host, sizeof host - 1);
  snprintf(text, sizeof text, "token dead\nhost %s\npid %d\n", host, (int)child);
  return text;
}

static struct lock *rival;
static void taken_from_the_dead_by_another(void) {
  assert_ok(lock_take(path_of("out"), &rival));
}

static void without_flock_the_lock_of_a_dead_owner_is_removed_once(void **state) {
  (void)state;
  struct lock *lock;
  no_flock = true;
  put("out/lock.exclusive", "token foreign\nhost elsewhere\npid 1\n");
  assert_status(USAGE, lock_take(path_of("out"), &lock)); /* a process on another host could still run */
  for (int reaped = 0; reaped < 2; reaped++) {
    put("out/lock.exclusive", text_of_dead_owner(reaped));
    assert_ok(lock_take(path_of("out"), &lock));
    lock_release(lock);
  }
  put("out/lock.exclusive", text_of_dead_owner(true));
  links = 0;
  other_run =
      taken_from_the_dead_by_another; /* after this run found that the owner is dead and before it removes the lock */
  assert_status(USAGE, lock_take(path_of("out"), &lock));
  assert_ok(lock_check(rival));
  assert_true(exists("out/lock.exclusive"));
  lock_release(rival);
  assert_true(!exists("out/lock.exclusive") && !exists("out/.lock.tmp-gone"));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_second_owner_is_refused_and_the_first_is_named),
      cmocka_unit_test(a_killed_owner_releases_the_lock),
      cmocka_unit_test(a_superseded_owner_finds_out),
      cmocka_unit_test(a_probe_returns_the_owner_and_keeps_no_lock),
      cmocka_unit_test(a_probe_does_not_refuse_a_run),
      cmocka_unit_test_setup(names_of_hosts_are_text, start_clean),
      cmocka_unit_test_setup(a_lock_that_cannot_be_read_is_not_lost_but_not_held, start_clean),
      cmocka_unit_test_setup(a_transient_read_error_does_not_lose_the_lock, start_clean),
      cmocka_unit_test_setup(the_lock_of_a_folder_moved_aside_is_not_ours, start_clean),
      cmocka_unit_test_setup(files_of_the_user_are_refused, start_clean),
      cmocka_unit_test_setup(a_fresh_output_moves_the_files_of_a_run_only, start_clean),
      cmocka_unit_test_setup(only_temporary_files_are_removed, start_clean),
      cmocka_unit_test_setup(without_flock_there_is_one_owner, start_clean),
      cmocka_unit_test_setup(without_flock_the_lock_of_a_dead_owner_is_removed_once, start_clean),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
