#include "parse_path.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void resolve(const char *input, struct config *config) {
  char *path = config->target.path, beside[sizeof config->target.path];
  const char *slash = strrchr(input, '/');
  if (config->target.type != TARGET_FILE || !*path || *path == '/' || !slash || access(path, F_OK) == 0) return;
  const int length = snprintf(beside, sizeof beside, "%.*s%s", (int)(slash - input) + 1, input, path);
  if (length < (int)sizeof beside && access(beside, F_OK) == 0) memcpy(path, beside, (size_t)length + 1);
}

void parse_path_resolve(const struct comm *comm, const char *input, struct config *config) {
  if (comm->rank == 0) resolve(input, config);
  comm_bcast(comm, config->target.path, sizeof config->target.path, 0);
}
