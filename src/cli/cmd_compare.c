#include <stdio.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "store/checkpoint.h"

const char cmd_compare_options[] =
    "  A, B   checkpoints; exit code 1 if any bit of their particles differs, or if one is damaged\n";

static int compare(const char *a, const char *b) {
  bool equal = false;
  TRY(checkpoint_compare(a, b, stdout, &equal));
  if (!equal) return FAIL(FAILED, "%s and %s differ", a, b);
  printf("equal: all particles of %s and %s have the same bits\n", a, b);
  return OK;
}

int cmd_compare(const struct comm *comm, int argc, char **argv) {
  if (argc != 3) return FAIL(USAGE, "compare: expected two checkpoints, received %d argument(s)", argc - 1);
  for (int i = 1; i <= 2; i++)
    TRY(checkpoint_verify(comm, argv[i], NULL)); /* comparing damaged files would be misleading */
  return comm_agree(comm, comm->rank == 0 ? compare(argv[1], argv[2]) : OK);
}
