#include "parse_path.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/utf8.h"
#include "io/relative_path.h"
#include "table.h"

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

static bool is_path(const struct parameter *parameter) {
  return parameter->kind == P_PATH || parameter->kind == P_FOLDER;
}

static int check(const char *input, const struct config *config) {
  if (has_dots(config->name))
    return FAIL(USAGE,
                "%s: run.name: expected the name of a folder, received \"%s\"; for another place, set run.output",
                input, config->name);
  for (int i = 0; i < parameter_count; i++) {
    const char *key = parameter_table[i].key, *path = (const char *)config + parameter_table[i].offset;
    if (is_path(&parameter_table[i]) && is_shorthand(path))
      return FAIL(USAGE,
                  "%s: %s: expected a path, received \"%s\"; ~ and $NAME are not expanded in inputs and manifests: "
                  "write the path itself, or give %s=\"$HOME/...\" on the command line, where the shell expands it",
                  input, key, path, key);
  }
  return OK;
}

int parse_path_resolve(const struct comm *comm, const char *input, struct config *config) {
  TRY(comm_agree(comm, comm->rank == 0 ? check(input, config) : OK));
  for (int i = 0; i < parameter_count; i++) {
    if (parameter_table[i].kind != P_PATH) continue;
    char *path = (char *)config + parameter_table[i].offset;
    relative_path_resolve(comm, input, path, sizeof config->target.path);
    if (utf8_is_plain(path)) continue;
    char *shown = utf8_line(path);
    const int status = FAIL(USAGE,
                            "%s: expected UTF-8 text without control characters, received \"%s\" in the folder of the "
                            "input; rename that folder, or start the run inside it",
                            parameter_table[i].key, shown);
    free(shown);
    return status;
  }
  return OK;
}
