#include <stdio.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "config/config.h"

const char cmd_help_options[] = "  KEY    a key of the input, such as output.fields, or a section; default: all keys\n";

int cmd_help(const struct comm *comm, int argc, char **argv) {
  if (argc > 2) return FAIL(USAGE, "help: expected at most one key, received %d", argc - 1);
  if (argc < 2 && comm->rank == 0)
    puts("Input keys. An input is a YAML file; sections nest at the dots. Any key can be given after the file\n"
         "as KEY=VALUE.\n");
  FILE *out = comm->rank == 0 ? stdout : fopen("/dev/null", "w");
  const int status = config_help(out, argc > 1 ? argv[1] : NULL);
  if (out != stdout) fclose(out);
  return status;
}
