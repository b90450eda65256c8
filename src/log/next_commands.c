#include "log/next_commands.h"

#include <limits.h>
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

void next_commands_print(struct report *report, const char *output) {
  enum { LEVELS = 4 }; /* the program is in build/, or in build/check/ */
  char folder[PATH_MAX];
  report_line(report, "next:");
  if (folder_above(1, folder) && has(folder, "mckean-plot")) {
    report_line(report, "  mckean analyze %s", output);
    report_line(report, "  mckean-plot %s", output);
    report_line(report, "  mckean-report %s -o report.html", output);
    return;
  }
  char program[PATH_MAX];
  if (folder_above(0, program)) shorten(program);
  program[strlen(program) - 1] = 0; /* the slash */
  report_line(report, "  %s analyze %s", program, output);
  for (int up = 2; up < LEVELS; up++) {
    if (!folder_above(up, folder) || !has(folder, "tools/report")) continue;
    shorten(folder);
    report_line(report, "  %stools/python %stools/plot %s", folder, folder, output);
    report_line(report, "  %stools/python %stools/report %s -o report.html", folder, folder, output);
    return;
  }
}
