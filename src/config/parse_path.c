#include "parse_path.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* Returns whether a shell would expand `~` or `$NAME` in the path. A file of this very name is taken as it is. */
static bool is_shorthand(const char *path) {
  if (*path == '~') return true;
  for (const char *c = path; (c = strchr(c, '$')); c++)
    if (isalpha((unsigned char)c[1]) || c[1] == '_' || c[1] == '{') return access(path, F_OK) != 0;
  return false;
}

/* Returns whether a name of a path is "." or "..". */
static bool has_dots(const char *path) {
  for (size_t length; *path; path += length + (path[length] == '/')) {
    length = strcspn(path, "/");
    if ((length == 1 && *path == '.') || (length == 2 && strncmp(path, "..", 2) == 0)) return true;
  }
  return false;
}

static int check(const char *input, const struct config *config) {
  const struct {
    const char *key, *path;
  } paths[] = {{"run.name", config->name},
               {"run.output", config->output},
               {"target.path", config->target.path},
               {"unit.init.path", config->unit.import.path}};
  if (has_dots(config->name))
    return FAIL(USAGE,
                "%s: run.name: expected the name of a folder, received \"%s\"; for another place, set run.output",
                input, config->name);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
    if (is_shorthand(paths[i].path))
      return FAIL(USAGE,
                  "%s: %s: expected a path, received \"%s\"; ~ and $NAME are not expanded in inputs and manifests: "
                  "write the path itself, or give %s=\"$HOME/...\" on the command line, where the shell expands it",
                  input, paths[i].key, paths[i].path, paths[i].key);
  return OK;
}

int parse_path_check(const struct comm *comm, const char *input, const struct config *config) {
  return comm_agree(comm, comm->rank == 0 ? check(input, config) : OK);
}
