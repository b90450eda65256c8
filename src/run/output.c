#include "run/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/h5.h"
#include "base/status.h"

static int make_folder(const char *path) {
  char part[4200];
  for (const char *end = path; end;) {
    end = strchr(end + 1, '/');
    snprintf(part, sizeof part, "%.*s", end ? (int)(end - path) : (int)strlen(path), path);
    if (mkdir(part, 0777) == 0 || errno == EEXIST) {
      struct stat found;
      if (stat(part, &found) == 0 && S_ISDIR(found.st_mode)) continue;
      return FAIL(USAGE, "%s: a folder for the output was expected, this is a file; choose another run.output", part);
    }
    if (errno == ENOTDIR)
      return FAIL(USAGE, "%s: a part of this path is a file, not a folder; choose another run.output", part);
    return FAIL(FAILED, "%s: cannot make the output folder: %s; choose another run.output", part, strerror(errno));
  }
  return OK;
}

static int make_folders(const char *output) {
  char checkpoints[4200];
  snprintf(checkpoints, sizeof checkpoints, "%s/checkpoints", output);
  return make_folder(checkpoints);
}

/* Renames output to the first free output.N. */
static int set_aside(const char *output, char **aside) {
  const size_t size = strlen(output) + 16;
  char *name = status_malloc(size);
  for (int i = 1; i < 1000000; i++) {
    snprintf(name, size, "%s.%d", output, i);
    if (access(name, F_OK) == 0) continue;
    if (rename(output, name) != 0) break;
    *aside = name;
    return OK;
  }
  const int status = FAIL(FAILED, "%s: cannot rename it to %s: %s", output, name, strerror(errno));
  free(name);
  return status;
}

int output_open(const char *output, bool fresh, struct lock **lock, char **aside) {
  *aside = NULL;
  struct stat found;
  const bool old = stat(output, &found) == 0;
  TRY(make_folders(output));
  TRY(lock_take(output, lock));
  if (!fresh || !old) return OK;
  int status = set_aside(output, aside);
  lock_release(*lock);
  *lock = NULL;
  if (status == OK) status = make_folders(output);
  return status == OK ? lock_take(output, lock) : status;
}

int output_startable(const struct config *config) {
  char path[4200];
  snprintf(path, sizeof path, "%s/history.h5", config->output);
  if (access(path, F_OK) != 0) return OK;
  struct h5 *file = NULL;
  char *text = NULL;
  struct config *was = NULL;
  int status = h5_open(path, false, &file);
  if (status == OK) status = h5_get_text(file, "/", "config", &text);
  if (status == OK) status = config_parse(path, text, &was);
  if (status == OK) status = config_resumable(was, config, 0);
  if (status != OK)
    status =
        FAIL(USAGE,
             "%s is there but no checkpoint of this problem, and it would be replaced (%s); choose another run.output, "
             "or set the old output aside with --fresh",
             path, status_text());
  h5_close(file);
  free(text);
  config_free(was);
  return status;
}
