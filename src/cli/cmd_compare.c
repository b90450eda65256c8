#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "store/checkpoint.h"

const char cmd_compare_options[] = "  A, B   checkpoints, or run folders (their newest checkpoints); exit code 1 if\n"
                                   "         any bit of their particles differs, or if one is damaged\n";

static int compare(const char *a, const char *b) {
  bool equal = false;
  TRY(checkpoint_compare(a, b, stdout, &equal));
  if (!equal) return FAIL(FAILED, "%s and %s differ", a, b);
  printf("equal: all particles of %s and %s have the same bits\n", a, b);
  return OK;
}

int cmd_compare(const struct comm *comm, int argc, char **argv) {
  char *path[2] = {NULL, NULL};
  if (argc != 3)
    return FAIL(USAGE, "compare: expected two checkpoints or run folders, received %d argument(s)", argc - 1);
  int status = OK;
  for (int i = 0; i < 2 && status == OK; i++) {
    status = checkpoint_choose(comm, argv[i + 1], -1, true, &path[i]);
    if (status == OK) status = checkpoint_verify(comm, path[i], NULL); /* comparing damaged files would be misleading */
  }
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? compare(path[0], path[1]) : OK);
  free(path[0]);
  free(path[1]);
  return status;
}
