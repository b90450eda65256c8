#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "io/h5.h"
#include "particles/kernel.h"

struct comm world;
char harness_notice[4096];
static char folder[256];

enum { MESSAGE = 1024 }; /* bytes of a failure message */

static struct expectations {
  bool open; /* an expect has run since the last assert_expected */
  int failures;
  char first[MESSAGE]; /* message of the first failure */
} expectations;

/* Formats "FILE:LINE: CONDITION does not hold for CASE". */
static void describe(char message[MESSAGE], const char *condition, const char *file, int line, const char *format,
                     va_list args) {
  const int length = snprintf(message, MESSAGE, "%.300s:%d: %.300s does not hold for ", file, line, condition);
  vsnprintf(message + length, MESSAGE - (size_t)length, format, args);
}

/* Prints each distinct message [ranks] once, with the ranks that sent it. */
static void print_messages(const char (*message)[MESSAGE]) {
  for (int r = 0; r < world.size; r++) {
    char list[256] = "";
    bool printed = !*message[r];
    for (int q = 0; q < r && !printed; q++) printed = strcmp(message[q], message[r]) == 0;
    if (printed) continue;
    for (int q = r; q < world.size; q++)
      if (strcmp(message[q], message[r]) == 0 && strlen(list) < sizeof list - 16)
        sprintf(list + strlen(list), " %d", q);
    print_error("%s on rank%s of %d\n", message[r], list, world.size);
  }
}

/* Collective. Fails on all ranks unless the message is empty on every rank. The other ranks are silent: CMocka prints
 * the place of a failure without an end of line, and the output of an aborting rank would mix with that of rank 0. */
static void fail_together(const char message[MESSAGE], const char *file, int line) {
  int bad = *message != 0, worst;
  MPI_Allreduce(&bad, &worst, 1, MPI_INT, MPI_MAX, world.mpi);
  if (!worst) return;
  char(*messages)[MESSAGE] = malloc(sizeof *messages * (size_t)world.size);
  MPI_Gather(message, MESSAGE, MPI_CHAR, messages, MESSAGE, MPI_CHAR, 0, world.mpi);
  if (world.rank == 0) print_messages((const char(*)[MESSAGE])messages);
  free(messages);
  expectations = (struct expectations){0};
  if (world.rank != 0 && !freopen("/dev/null", "w", stderr)) die("cannot silence rank %d", world.rank);
  comm_barrier(&world); /* rank 0 prints first: mpirun kills it as soon as another rank aborts */
  _fail(file, line);
}

void harness_assert_all(bool condition, const char *text, const char *file, int line) {
  char message[MESSAGE] = "";
  if (!condition) snprintf(message, sizeof message, "%s:%d: %.800s does not hold", file, line, text);
  fail_together(message, file, line);
}

void harness_assert_all_for(bool condition, const char *text, const char *file, int line, const char *format, ...) {
  char message[MESSAGE] = "";
  va_list args;
  va_start(args, format);
  if (!condition) describe(message, text, file, line, format, args);
  va_end(args);
  fail_together(message, file, line);
}

void harness_expect(bool condition, const char *text, const char *file, int line, const char *format, ...) {
  expectations.open = true;
  if (condition || expectations.failures++ > 0) return;
  va_list args;
  va_start(args, format);
  describe(expectations.first, text, file, line, format, args);
  va_end(args);
}

void harness_assert_expected(const char *file, int line) {
  char message[MESSAGE];
  snprintf(message, sizeof message, "%.950s", expectations.first);
  if (expectations.failures > 1)
    sprintf(message + strlen(message), ", the first of %d failures,", expectations.failures);
  expectations = (struct expectations){0};
  fail_together(message, file, line);
}

void harness_assert_status(int status, int expected, const char *text, const char *file, int line) {
  char message[MESSAGE] = "";
  if (status != expected)
    snprintf(message, sizeof message, "%.300s:%d: %.300s returned %d, expected %d: %s", file, line, text, status,
             expected, error_text());
  fail_together(message, file, line);
}

void harness_assert_near(double a, double b, double tolerance, const char *text_a, const char *text_b, const char *file,
                         int line) {
  if (fabs(a - b) <= tolerance * fmax(1, fabs(b))) return;
  print_error("%s = %.17g is not %s = %.17g within %g\n", text_a, a, text_b, b, tolerance);
  _fail(file, line);
}

const char *harness_folder(void) {
  if (!*folder) {
    if (world.rank == 0) {
      const char *tmp = getenv("TMPDIR");
      snprintf(folder, sizeof folder, "%s/mckean-test-XXXXXX", tmp ? tmp : "/tmp");
      if (!mkdtemp(folder)) die("cannot make a folder %s", folder);
    }
    comm_bcast(&world, folder, sizeof folder, 0);
  }
  return folder;
}

void harness_limit_memory(rlim_t more) {
#ifdef __SANITIZE_ADDRESS__
  return;
#endif
  long pages = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (!statm || fscanf(statm, "%ld", &pages) != 1) die("cannot read /proc/self/statm");
  fclose(statm);
  struct rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = more == RLIM_INFINITY ? limit.rlim_max : (rlim_t)pages * 4096 + more;
  setrlimit(RLIMIT_AS, &limit);
}

void harness_keep_notice(void *context, const char *text) {
  (void)context;
  snprintf(harness_notice, sizeof harness_notice, "%s", text);
}

int harness_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count) {
  h5_start();
  if (comm_start(&argc, &argv, &world) != OK || isa_limit(getenv("MCKEAN_ISA")) != OK) die("%s", error_text());
  const char *asked = getenv("MCKEAN_TEST_RANKS");
  if (asked && atoi(asked) != world.size)
    die("MCKEAN_TEST_RANKS: expected %s ranks, received %d from mpirun", asked, world.size);
  if (world.rank != 0 && !freopen("/dev/null", "w", stdout)) die("cannot silence rank %d", world.rank);
  const char *name = strrchr(argv[0], '/');
  int failed = _cmocka_run_group_tests(name ? name + 1 : argv[0], tests, count, NULL, NULL);
  if (expectations.open && !failed) {
    failed = 1;
    fprintf(stderr, "%s: the last test calls expect without assert_expected after it\n", argv[0]);
  }
  int worst;
  MPI_Allreduce(&failed, &worst, 1, MPI_INT, MPI_MAX, world.mpi);
  if (*folder && world.rank == 0) {
    char command[512];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    if (system(command) != 0) fprintf(stderr, "could not remove %s\n", folder);
  }
  comm_stop();
  return worst ? 1 : 0;
}
