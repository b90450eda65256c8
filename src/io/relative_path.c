#include "io/relative_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"

static void resolve(const char *from, char *path, size_t size) {
  const char *slash = strrchr(from, '/');
  if (!*path || *path == '/' || !slash || access(path, F_OK) == 0) return;
  char *beside = alloc_small(size);
  const int length = snprintf(beside, size, "%.*s%s", (int)(slash - from) + 1, from, path);
  if (length < (int)size && access(beside, F_OK) == 0) memcpy(path, beside, (size_t)length + 1);
  free(beside);
}

void relative_path_resolve(const struct comm *comm, const char *from, char *path, size_t size) {
  if (comm->rank == 0) resolve(from, path, size);
  comm_bcast(comm, path, (int64_t)size, 0);
}

int relative_path_check(const char *path) {
  if (access(path, F_OK) == 0) return OK;
  return FAIL(USAGE, "%s: %s; a relative path is resolved from the working folder or the folder of the input", path,
              strerror(errno));
}

bool relative_path_same(const char *a, const char *b) {
  const size_t a_length = strlen(a), b_length = strlen(b);
  const char *longer = a_length > b_length ? a : b, *shorter = longer == a ? b : a;
  const size_t before = a_length > b_length ? a_length - b_length : b_length - a_length;
  return strcmp(longer + before, shorter) == 0 && (before == 0 || (*shorter && longer[before - 1] == '/'));
}
