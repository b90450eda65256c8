#include <stdio.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "io/foreign_file.h"

const char cmd_import_options[] = "  DATA     .csv, .npz or .npy file; the Python package of McKean converts it:\n"
                                  "           python3 -m mckean import DATA OUT.h5\n";

int cmd_import(const struct comm *comm, int argc, char **argv) {
  char command[2 * 4096 + 64];
  (void)comm;
  if (argc == 3)
    return FAIL(USAGE, "import: the Python package converts data files: python3 -m mckean import %s %s", argv[1],
                argv[2]);
  return FAIL(USAGE, "import: the Python package converts data files: %s",
              foreign_file_command(argc > 1 ? argv[1] : "data.csv", command, sizeof command));
}
