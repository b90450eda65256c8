#include "forecast/run_status.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/durable_file.h"
#include "log/restart_command.h"
#include "log/summary.h"
#include "store/checkpoint.h"
#include "store/history.h"
#include "store/history_file.h"
#include "store/lock.h"
#include "store/restart.h"

enum { DEPTH = 16, RETRIES = 3 };

const char *const run_state_names[RUN_STATES] = {"done",    "running", "stopped",   "failed",
                                                 "missing", "damaged", "unreadable"};

void run_status_free(struct run_status *result) {
  free(result->checkpoint);
  free(result->command);
  free(result->skipped);
  free(result->reason);
}

static bool is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

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

/* ---- the state ---- */

static void __attribute__((format(printf, 3, 4)))
set_state(struct run_status *result, enum run_state state, const char *format, ...) {
  size_t size;
  free(result->reason);
  FILE *out = open_memstream(&result->reason, &size);
  if (!out) die("no memory for the state of a run");
  va_list args;
  va_start(args, format);
  vfprintf(out, format, args);
  va_end(args);
  fclose(out);
  for (char *c = result->reason; (c = strchr(c, '\n'));) *c = ';';
  result->state = state;
}

static void note(void *context, const char *text) {
  for (const char *c = text; *c; c++) fputc(*c == '\n' ? ';' : *c, context);
  fputc('\n', context);
}

static int find_newest(const struct comm *comm, const char *folder, bool quick, struct run_status *result,
                       struct checkpoint_info *info) {
  size_t size;
  FILE *notes = open_memstream(&result->skipped, &size);
  if (!notes) die("no memory for notes on checkpoints");
  const int status = restart_newest(comm, folder, quick, note, notes, &result->checkpoint, info, NULL);
  fclose(notes);
  return status;
}

/* Rank 0. Checks that a run could resume from result->checkpoint; sets result->steps. *has_later_rows: whether the
 * history has a row at or after the checkpoint's step, as in a complete run. */
static int check_resumable(const char *folder, const struct config *config, const struct checkpoint_info *info,
                           struct run_status *result, bool *has_later_rows) {
  struct config *was = NULL;
  TRY(config_parse(result->checkpoint, info->config, &was));
  const struct config *input = config ? config : was;
  result->steps = schedule_steps(&input->schedule);
  int status = config ? config_resumable(was, config, info->step) : OK;
  struct config *now = alloc_small(sizeof *now);
  *now = *input;
  if (status == OK) status = config_continue(was, info->step, now);
  if (status == OK && info->step > 0) status = history_whole(folder, now, info->step, has_later_rows);
  free(now);
  config_free(was);
  return status;
}

/* Returns whether the run cannot be judged: there is a file instead of a folder, a file cannot be read now, or the
 * history is not McKean's. error: the status of the reading that failed. Sets the error text. */
static bool is_unreadable(const char *folder, int error, const char *checkpoint) {
  struct stat found;
  char path[PATH_BYTES], mark[HISTORY_MARK];
  if (stat(folder, &found) == 0 && !S_ISDIR(found.st_mode)) {
    (void)FAIL(FAILED, "expected the folder of a run, received a file; `mckean info FILE` prints the content of a "
                       "checkpoint or a history");
    return true;
  }
  if (error == UNREAD) return true;
  snprintf(path, sizeof path, "%s/history.h5", folder);
  if (checkpoint || access(path, F_OK) != 0) return false;
  char *why = strdup(error_text());
  history_file_mark(path, mark);
  (void)FAIL(error, "%s", why ? why : "no memory");
  free(why);
  return strncmp(mark, "none", strlen("none")) == 0; /* a history of McKean has a header */
}

/* Rank 0. Sets step, steps and the state of result. found: the status of find_newest; if it failed, error_text() must
 * still return its message. running, owner: from lock_probe. */
static void determine_state(const char *folder, const struct config *config, bool running, const char *owner, int found,
                            const struct checkpoint_info *info, struct run_status *result) {
  bool has_later_rows = false;
  int status = found;
  result->step = result->checkpoint ? info->step : -1;
  result->steps = config ? schedule_steps(&config->schedule) : 0;
  if (status == OK && result->checkpoint)
    status = check_resumable(folder, config, info, result, &has_later_rows);
  else if (status == OK)
    status = history_replaceable(folder, config);
  result->is_live = running && live_read(folder, &result->live);
  if (running)
    set_state(result, RUN_RUNNING, "%s", owner);
  else if (status != OK)
    set_state(result, is_unreadable(folder, status, result->checkpoint) ? RUN_UNREADABLE : RUN_DAMAGED, "%s",
              error_text());
  else if (!result->checkpoint)
    set_state(result, RUN_MISSING, "%s%s%s", *owner ? "interrupted before its first checkpoint: " : "", owner,
              *owner               ? ""
              : !is_folder(folder) ? "no such folder"
              : holds_run(folder)  ? "no checkpoint yet"
                                   : "no run in this folder; expected a folder with history.h5 and checkpoints/");
  else if (has_later_rows && result->step == result->steps)
    set_state(result, RUN_DONE, "%s", "");
  else
    set_state(result, RUN_STOPPED, "%s%s", *owner ? "interrupted (killed, or its node failed): " : "", owner);
  char *failure = summary_failure(folder);
  if (failure && (result->state == RUN_STOPPED || result->state == RUN_MISSING))
    set_state(result, RUN_FAILED, "%s", failure);
  free(failure);
  if (!config && result->checkpoint) result->command = restart_command_recorded(result->checkpoint);
}

/* Determines the status once. Returns false if a run may have started, ended or removed checkpoints during this call,
 * so that the result may be inconsistent. Collective. */
static bool inspect_once(const struct comm *comm, const char *folder, const struct config *config, bool quick,
                         struct run_status *result) {
  char owner[LOCK_CONTENT] = "";
  bool running = comm->rank == 0 && lock_probe(folder, owner);
  comm_bcast(comm, &running, sizeof running, 0);
  struct checkpoint_info info = {0};
  const int found = find_newest(comm, folder, quick || running, result, &info);
  bool consistent = true;
  if (comm->rank == 0) {
    determine_state(folder, config, running, owner, found, &info, result);
    consistent = lock_probe(folder, owner) == running && !(running && found != OK);
  }
  checkpoint_info_free(&info);
  comm_bcast(comm, &consistent, sizeof consistent, 0);
  return consistent;
}

void run_status_run(const struct comm *comm, const char *folder, const struct config *config, bool quick,
                    struct run_status *result) {
  *result = (struct run_status){.step = -1};
  for (int retry = 0; !inspect_once(comm, folder, config, quick, result) && retry < RETRIES; retry++) {
    run_status_free(result);
    *result = (struct run_status){.step = -1};
  }
  comm_bcast(comm, &result->state, sizeof result->state, 0);
  comm_bcast(comm, &result->step, sizeof result->step, 0);
  comm_bcast(comm, &result->steps, sizeof result->steps, 0);
}

void run_status_refused(const char *reason, struct run_status *result) {
  *result = (struct run_status){.step = -1, .skipped = calloc(1, 1)};
  set_state(result, RUN_DAMAGED, "%s", reason);
}

/* ---- the folders ---- */

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
