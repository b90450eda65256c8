#include "io/tools.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* path = the folder `up` levels above the program. Returns whether it could be found. */
static bool folder_above(int up, char path[PATH_MAX]) {
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (length < 0) return false;
  path[length] = 0;
  for (int i = 0; i < up; i++) {
    char *slash = strrchr(path, '/');
    if (!slash || slash == path) return false;
    *slash = 0;
  }
  return true;
}

static bool has(const char *folder, const char *name) {
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return access(path, R_OK) == 0;
}

/* Shortens a folder to "" (the current folder) or to a path relative to it, with a slash at its end. */
static void shorten(char folder[PATH_MAX]) {
  char here[PATH_MAX];
  const size_t length = getcwd(here, sizeof here) ? strlen(here) : 0;
  const bool inside = length > 0 && strncmp(folder, here, length) == 0;
  if (inside && folder[length] == 0)
    *folder = 0;
  else if (inside && folder[length] == '/')
    memmove(folder, folder + length + 1, strlen(folder + length + 1) + 1);
  if (*folder && strlen(folder) < PATH_MAX - 1) strcat(folder, "/");
}

enum tools_place tools_find(char folder[PATH_MAX]) {
  enum { LEVELS = 4 }; /* the program is in build/, or in build/check/ */
  if (folder_above(2, folder) && has(folder, "bin/mckean-plot")) return TOOLS_INSTALLED;
  for (int up = 2; up < LEVELS; up++) {
    if (!folder_above(up, folder) || !has(folder, "tools/report")) continue;
    shorten(folder);
    return TOOLS_SOURCE;
  }
  return TOOLS_NONE;
}

bool tools_program(char path[PATH_MAX]) {
  if (!folder_above(0, path)) return false;
  shorten(path);
  path[strlen(path) - 1] = 0; /* the slash */
  return true;
}

void tools_package(char *text, size_t size) {
  char folder[PATH_MAX];
  const enum tools_place place = tools_find(folder);
  if (place == TOOLS_SOURCE)
    snprintf(text, size, "%stools/python -m mckean", folder);
  else if (place == TOOLS_INSTALLED)
    snprintf(text, size, "PYTHONPATH=%s/share/mckean/tools/python-package python3 -m mckean", folder);
  else
    snprintf(text, size, "python3 -m mckean");
}
