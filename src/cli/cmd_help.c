#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "config/config.h"

const char cmd_help_options[] = "  KEY    a key of the input, such as output.fields; its end, such as fields; a\n"
                                "         section; a verb; or keys: all keys. Default: an overview\n";

/* The verbs by use. */
static const char overview[] = "mckean trains wide one-hidden-layer networks as interacting particle systems.\n\n"
                               "  train     mpirun -n 2 mckean run INPUT.yaml; first with --dry-run\n"
                               "  watch     mckean status DIR; the same `run` command resumes a stopped run\n"
                               "  results   mckean analyze RUN; eval, spectrum: trained networks; predict: CLT\n"
                               "  files     info, verify, compare: checkpoints, histories; import: your own data\n"
                               "  plan      advise INPUT; targets; bench: the speed of this machine\n\n"
                               "`mckean VERB --help` lists the options of a verb. The keys of an input (YAML):\n"
                               "  mckean help keys       all keys; `mckean help KEY` explains one of them\n"
                               "  mckean help SECTION    ";

/* Prints the overview and the sections of the input, in lines of at most 80 columns. */
static void print_overview(void) {
  enum { COLUMNS = 78, INDENT = 25 };
  struct config_key key;
  char last[64] = "";
  size_t column = INDENT;
  fputs(overview, stdout);
  for (int i = 0; config_key(i, &key); i++) {
    char section[64];
    snprintf(section, sizeof section, "%.*s", (int)strcspn(key.key, "."), key.key);
    if (strcmp(section, last) == 0) continue;
    const bool full = column + strlen(section) + 2 > COLUMNS;
    if (full) printf(",\n%*s", INDENT, "");
    if (full) column = INDENT;
    column += (size_t)printf("%s%s", *last && !full ? ", " : "", section);
    snprintf(last, sizeof last, "%s", section);
  }
  putchar('\n');
}

int cmd_help(const struct comm *comm, int argc, char **argv) {
  if (argc > 2) return FAIL(USAGE, "help: expected at most one key, received %d", argc - 1);
  if (argc < 2) {
    if (comm->rank == 0) print_overview();
    return OK;
  }
  const bool all = strcmp(argv[1], "keys") == 0;
  if (all && comm->rank == 0)
    puts("Input keys. An input is a YAML file; sections nest at the dots. Any key can be\n"
         "given after the file as KEY=VALUE.\n");
  FILE *out = comm->rank == 0 ? stdout : fopen("/dev/null", "w");
  const int status = config_help(out, all ? NULL : argv[1]);
  if (out != stdout) fclose(out);
  return status;
}
