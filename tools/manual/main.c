/* manual: prints the man page of mckean and its shell completions, generated from the tables of the program.
 * usage: manual man|bash|zsh|fish
 * It does not start MPI, because the build runs it without mpirun. */
#include <stdio.h>
#include <string.h>

#include "completion.h"
#include "log/provenance.h"
#include "page.h"

int main(int argc, char **argv) {
  const char *kind = argc == 2 ? argv[1] : "";
  if (strcmp(kind, "man") == 0)
    page_print(build_version);
  else if (strcmp(kind, "bash") == 0)
    completion_bash();
  else if (strcmp(kind, "zsh") == 0)
    completion_zsh();
  else if (strcmp(kind, "fish") == 0)
    completion_fish();
  else
    return fprintf(stderr, "manual: expected man, bash, zsh or fish, received \"%s\"\n", kind), 2;
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
