#include "forecast/run_status.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "store/checkpoint.h"
#include "store/history.h"
#include "store/lock.h"

enum { DEPTH = 16, ATTEMPTS = 3 };

const char *const run_state_names[RUN_STATES] = {"done", "running", "stopped", "missing", "damaged"};

void run_status_free(struct run_status *survey) {
  free(survey->checkpoint);
  free(survey->passed_over);
  free(survey->reason);
}

static bool is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* ---- the state ---- */

static void __attribute__((format(printf, 3, 4)))
say(struct run_status *survey, enum run_state state, const char *format, ...) {
  size_t size;
  free(survey->reason);
  FILE *out = open_memstream(&survey->reason, &size);
  if (!out) die("no memory for the state of a run");
  va_list args;
  va_start(args, format);
  vfprintf(out, format, args);
  va_end(args);
  fclose(out);
  for (char *c = survey->reason; (c = strchr(c, '\n'));) *c = ';';
  survey->state = state;
}

static void note(void *context, const char *text) {
  for (const char *c = text; *c; c++) fputc(*c == '\n' ? ';' : *c, context);
  fputc('\n', context);
}

static int find_newest(const struct comm *comm, const char *folder, bool quick, struct run_status *survey,
                       struct checkpoint_info *info) {
  const size_t length = strlen(folder) + 16;
  char *checkpoints = alloc_small(length);
  snprintf(checkpoints, length, "%s/checkpoints", folder);
  size_t size;
  FILE *notes = open_memstream(&survey->passed_over, &size);
  if (!notes) die("no memory for notes on checkpoints");
  const int status = checkpoint_newest(comm, checkpoints, quick, note, notes, &survey->checkpoint, info);
  fclose(notes);
  free(checkpoints);
  return status;
}

/* Would a run go on from the newest whole checkpoint? *final: the history has its row. */
static int try_checkpoint(const char *folder, const struct config *asked, const struct checkpoint_info *info,
                          struct run_status *survey, bool *final) {
  struct config *was = NULL;
  TRY(config_parse(survey->checkpoint, info->config, &was));
  const struct config *config = asked ? asked : was;
  survey->steps = schedule_steps(&config->schedule);
  int status = asked ? config_resumable(was, asked, info->step) : OK;
  if (status == OK && info->step > 0) status = history_whole(folder, config, info->step, final);
  config_free(was);
  return status;
}

/* Rank 0. found: what find_newest returned, with its text. */
static void judge(const char *folder, const struct config *asked, bool running, const char *owner, int found,
                  const struct checkpoint_info *info, struct run_status *survey) {
  bool final = false;
  int status = found;
  survey->step = survey->checkpoint ? info->step : -1;
  survey->steps = asked ? schedule_steps(&asked->schedule) : 0;
  if (status == OK && survey->checkpoint)
    status = try_checkpoint(folder, asked, info, survey, &final);
  else if (status == OK)
    status = history_replaceable(folder, asked);
  if (running)
    say(survey, RUN_RUNNING, "%s", owner);
  else if (status != OK)
    say(survey, RUN_DAMAGED, "%s", error_text());
  else if (!survey->checkpoint)
    say(survey, RUN_MISSING, "%s", is_folder(folder) ? "no checkpoint yet" : "no such folder");
  else if (final && survey->step == survey->steps)
    say(survey, RUN_DONE, "%s", "");
  else
    say(survey, RUN_STOPPED, "%s%s", *owner ? "killed, or without sign of life: " : "", owner);
}

/* True if what was seen holds together: a run may begin or end while we look, and removes old checkpoints. */
static bool survey_once(const struct comm *comm, const char *folder, const struct config *asked, bool quick,
                        struct run_status *survey) {
  char owner[LOCK_CONTENT] = "";
  bool running = comm->rank == 0 && lock_probe(folder, owner);
  comm_bcast(comm, &running, sizeof running, 0);
  struct checkpoint_info info = {0};
  const int found = find_newest(comm, folder, quick || running, survey, &info);
  bool settled = true;
  if (comm->rank == 0) {
    judge(folder, asked, running, owner, found, &info, survey);
    settled = lock_probe(folder, owner) == running && !(running && found != OK);
  }
  checkpoint_info_free(&info);
  comm_bcast(comm, &settled, sizeof settled, 0);
  return settled;
}

void run_status_run(const struct comm *comm, const char *folder, const struct config *asked, bool quick,
                    struct run_status *survey) {
  *survey = (struct run_status){.step = -1};
  for (int attempt = 0; !survey_once(comm, folder, asked, quick, survey) && attempt < ATTEMPTS; attempt++) {
    run_status_free(survey);
    *survey = (struct run_status){.step = -1};
  }
  comm_bcast(comm, &survey->state, sizeof survey->state, 0);
  comm_bcast(comm, &survey->step, sizeof survey->step, 0);
  comm_bcast(comm, &survey->steps, sizeof survey->steps, 0);
}

/* ---- the folders ---- */

static bool holds_run(const char *folder) {
  const size_t size = strlen(folder) + 16;
  char *path = alloc_small(size);
  struct stat found;
  snprintf(path, size, "%s/checkpoints", folder);
  bool holds = is_folder(path);
  snprintf(path, size, "%s/history.h5", folder);
  holds = holds || (stat(path, &found) == 0 && S_ISREG(found.st_mode));
  free(path);
  return holds;
}

static int visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static int find_below(const char *folder, int depth, void (*found)(void *context, const char *run), void *context) {
  if (holds_run(folder)) {
    found(context, folder);
    return 1;
  }
  struct dirent **entry = NULL;
  const int count = depth < DEPTH ? scandir(folder, &entry, visible, versionsort) : 0;
  int runs = 0;
  for (int i = 0; i < count; i++) {
    struct stat kind;
    const size_t size = strlen(folder) + strlen(entry[i]->d_name) + 2;
    char *path = alloc_small(size);
    snprintf(path, size, "%s/%s", folder, entry[i]->d_name);
    if (lstat(path, &kind) == 0 && S_ISDIR(kind.st_mode)) runs += find_below(path, depth + 1, found, context);
    free(path);
    free(entry[i]);
  }
  free(entry);
  return runs;
}

void run_status_find(const char *folder, void (*found)(void *context, const char *run), void *context) {
  if (find_below(folder, 0, found, context) == 0) found(context, folder);
}
