#include <stdio.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "io/foreign_file.h"

const char cmd_import_options[] = "  DATA     .csv, .npz or .npy file; the Python package of McKean converts it:\n"
                                  "           python3 -m mckean import DATA OUT.h5\n";

int cmd_import(const struct comm *comm, int argc, char **argv) {
  char command[FOREIGN_FILE_COMMAND];
  (void)comm;
  return FAIL(
      USAGE, "import: the Python package converts data files: %s",
      foreign_file_command(argc > 1 ? argv[1] : "data.csv", argc > 2 ? argv[2] : NULL, command, sizeof command));
}
