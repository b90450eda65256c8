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
static char folder[256];

void harness_assert_all(bool condition, const char *text, const char *file, int line) {
  int bad = !condition, worst;
  MPI_Allreduce(&bad, &worst, 1, MPI_INT, MPI_MAX, world.mpi);
  if (!worst) return;
  int *ranks = malloc(sizeof(int) * (size_t)world.size);
  MPI_Allgather(&bad, 1, MPI_INT, ranks, 1, MPI_INT, world.mpi);
  char list[256] = "";
  for (int r = 0; r < world.size; r++)
    if (ranks[r] && strlen(list) < sizeof list - 16) sprintf(list + strlen(list), " %d", r);
  free(ranks);
  print_error("%s does not hold on rank%s of %d\n", text, list, world.size);
  _fail(file, line);
}

void harness_assert_status(int status, int expected, const char *text, const char *file, int line) {
  if (status != expected) print_error("%s returned %d, expected %d: %s\n", text, status, expected, error_text());
  harness_assert_all(status == expected, text, file, line);
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

int harness_run(int argc, char **argv, const struct CMUnitTest *tests, size_t count) {
  h5_start();
  if (comm_start(&argc, &argv, &world) != OK || isa_limit(getenv("MCKEAN_ISA")) != OK) die("%s", error_text());
  const char *asked = getenv("MCKEAN_TEST_RANKS");
  if (asked && atoi(asked) != world.size) die("%s ranks were asked for, this run has %d", asked, world.size);
  if (world.rank != 0 && !freopen("/dev/null", "w", stdout)) die("cannot silence rank %d", world.rank);
  const char *name = strrchr(argv[0], '/');
  int failed = _cmocka_run_group_tests(name ? name + 1 : argv[0], tests, count, NULL, NULL);
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
