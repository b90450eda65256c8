#include "store/restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "io/durable_file.h"
#include "io/relative_path.h"
#include "store/history.h"
#include "store/history_file.h"

enum { ATTEMPTS = 11 };
static const struct timespec BETWEEN_ATTEMPTS = {.tv_sec = 1};

static void ignore_damaged(void *context, const char *text) {
  (void)context;
  (void)text;
}

static void note_damaged(void *context, const char *text) {
  report_line(context, "warning: skipped a damaged file: %s", text);
}

int restart_newest(const struct comm *comm, const char *output, bool quick,
                   void (*note)(void *context, const char *text), void *context, char **path,
                   struct checkpoint_info *info, bool *previous) {
  char folder[PATH_BYTES];
  snprintf(folder, sizeof folder, "%s/checkpoints", output);
  *path = NULL;
  const int64_t last = history_reach(comm, output, note, context);
  TRY(checkpoint_newest(comm, folder, last, quick, note, context, path, info));
  if (previous) *previous = last < INT64_MAX;
  return *path || last == INT64_MAX
             ? OK
             : FAIL(FAILED,
                    "%s: history.h5 is damaged or missing, history.previous.h5 ends at step %lld, and there is no "
                    "checkpoint up to this step; restore history.h5 from a copy, or start over with --fresh",
                    output, (long long)last);
}

/* Finds the checkpoint. Retries if it cannot be read, because resuming from an older one would lose steps. */
static int newest(const struct comm *comm, const char *output, struct report *report, struct restart *restart) {
  for (int i = 1;; i++) {
    const int status = restart_newest(comm, output, false, note_damaged, report, &restart->path, &restart->info,
                                      &restart->previous_history);
    if (status != UNREAD || i == ATTEMPTS) return status;
    if (i == 1) report_line(report, "warning: %s. Retrying", error_text());
    nanosleep(&BETWEEN_ATTEMPTS, NULL);
  }
}

/* Returns whether the steps of a run after `step` draw points or orders of mini-batches. With scheme sgd, returns true
 * if the number of points of a file is unknown (data.samples 0). */
static bool draws_data(const struct config *config, int64_t step) {
  const struct schedule *schedule = &config->schedule;
  const int64_t samples = config->data.samples;
  if (dataset_exact(config->data.mode) || schedule->scheme == SCHEME_GD) return false;
  if (config->data.mode == DATA_ONLINE || samples == 0) return true;
  int64_t end = 0;
  for (int s = 0; s < schedule->stages; s++) {
    end += schedule->stage[s].steps;
    for (int e = 0; e < config->ensemble.members && end > step; e++)
      if (schedule_batch(schedule, s, config->ensemble.n[e], samples) < samples) return true;
  }
  return false;
}

/* Format version 2 changed the random numbers of online points and of orders. A trajectory that began with those of
 * version 1 must be completed by a program of that version. */
static int check_random_numbers(const struct config *config, const struct restart *restart) {
  const struct checkpoint_info *info = &restart->info;
  if (info->version >= 2 || info->step >= schedule_steps(&config->schedule) || !draws_data(config, info->step))
    return OK;
  return FAIL(
      USAGE,
      "%s has format version %d; since version 2, online points and mini-batches use different random numbers, so "
      "the remaining steps would use different data from the steps so far. Finish this run with the version of "
      "McKean in its attribute provenance/version, or start over with --fresh. The verbs analyze, spectrum, "
      "advise, compare, verify and info still read it",
      restart->path, info->version);
}

/* Reports which future rows and fields differ from those of the checkpoint's input, and which fields of the input lie
 * before the step of the checkpoint and are not recorded. */
static void report_changes(const struct config *was, const struct config *now, int64_t step, struct report *report) {
  const struct intervals *rows = &now->history_every;
  int missed = 0;
  int64_t first = 0;
  for (int i = now->fields.count - 1; i >= 0; i--)
    if (now->fields.step[i] < step && !steps_hold(&was->fields, now->fields.step[i])) {
      missed++;
      first = now->fields.step[i];
    }
  if (missed > 0)
    report_line(report,
                "warning: output.fields: %d of them (the first at step %lld) lie before step %lld, from which the run "
                "resumes, and were not recorded; recorded fields are kept; the new list applies from this step on",
                missed, (long long)first, (long long)step);
  const int64_t every = rows->every[rows->count - 1], old = was->history_every.every[was->history_every.count - 1];
  if (every != old)
    report_line(report, "output.history_every: %lld up to step %lld, %lld after it", (long long)old, (long long)step,
                (long long)every);
}

/* Copies what is recorded from the checkpoint's input to the input of this run. */
static int continue_input(const struct config *was, int64_t step, struct config *config, struct report *report) {
  report_changes(was, config, step, report);
  TRY(config_continue(was, step, config));
  memcpy(config->unit.import.checksum, was->unit.import.checksum, sizeof config->unit.import.checksum);
  return OK;
}

/* Checks that the run may resume from the checkpoint: compatible input, not beyond the last step, same random numbers,
 * and an ISA level that all processors have. Copies what is recorded to config. */
static int check(const struct comm *comm, struct config *config, struct restart *restart, struct report *report) {
  const char *path = restart->path;
  const struct checkpoint_info *info = &restart->info;
  const int64_t steps = schedule_steps(&config->schedule);
  struct config *was = NULL;
  TRY(config_parse(path, info->config, &was));
  const int status = config_resumable(was, config, info->step);
  if (!relative_path_same(was->unit.import.path, config->unit.import.path))
    memcpy(restart->moved_file, was->unit.import.path, sizeof restart->moved_file);
  const int fits = status == OK ? continue_input(was, info->step, config, report) : OK;
  config_free(was);
  TRY(fits);
  if (status != OK)
    return FAIL(
        USAGE,
        "%s was written by a different input:\n%s\nrename the old output with --fresh, choose another run.output, or "
        "restore the input",
        path, error_text());
  if (info->step > steps)
    return FAIL(USAGE, "%s is at step %lld, but the input ends at step %lld; add steps to dynamics.stages", path,
                (long long)info->step, (long long)steps);
  TRY(check_random_numbers(config, restart));
  const enum isa best = comm_isa(comm, info->isa);
  if ((int)best != info->isa)
    return FAIL(
        USAGE,
        "%s was computed with ISA level %s, which not all processors of this run support (they support %s); use "
        "nodes that support it, so that the trajectory stays the same",
        path, isa_names[info->isa], isa_names[best]);
  return OK;
}

/* Warns of snapshots before the step of the checkpoint that do not exist: they will not be written. */
static void warn_of_missed_snapshots(const struct steps *snapshots, const char *output, const struct restart *restart,
                                     struct report *report) {
  char folder[PATH_BYTES];
  snprintf(folder, sizeof folder, "%s/checkpoints", output);
  int missed = 0;
  int64_t first = 0;
  for (int i = snapshots->count - 1; i >= 0 && report->active; i--) {
    if (snapshots->step[i] >= restart->info.step) continue;
    char *path = checkpoint_path(folder, snapshots->step[i]);
    if (access(path, F_OK) != 0) {
      missed++;
      first = snapshots->step[i];
    }
    free(path);
  }
  if (missed > 0)
    report_line(report,
                "warning: output.snapshots: %d of them (the first at step %lld) do not exist and lie before step %lld, "
                "from which the run resumes: they will not be written",
                missed, (long long)first, (long long)restart->info.step);
}

int restart_find(const struct comm *comm, struct config *config, struct report *report, struct restart *restart) {
  *restart = (struct restart){0};
  const struct steps snapshots = config->snapshots;
  TRY(newest(comm, config->output, report, restart));
  const int status = restart->path
                         ? check(comm, config, restart, report)
                         : comm_agree(comm, comm->rank == 0 ? history_replaceable(config->output, config) : OK);
  if (status == OK && restart->path) warn_of_missed_snapshots(&snapshots, config->output, restart, report);
  if (status != OK) restart_free(restart);
  return status;
}

/* Rank 0. Applies config_keep with the input in the history of an output that has no checkpoint. An unreadable history
 * changes nothing here; history_replaceable reports it. */
static void keep_history(struct config *config) {
  char path[PATH_BYTES], *text = NULL;
  struct h5 *file = NULL;
  struct config *was = NULL;
  snprintf(path, sizeof path, "%s/history.h5", config->output);
  if (history_file_open(path, &file) == OK && h5_get_text(file, "/", "config", &text) == OK &&
      config_parse(path, text, &was) == OK)
    config_keep(was, config);
  config_free(was);
  free(text);
  h5_close(file);
}

int restart_keep(const struct comm *comm, struct config *config) {
  char *path = NULL;
  struct checkpoint_info info = {0};
  struct config *was = NULL;
  if (config->data.test != DATASET_TEST_AUTO) return OK;
  const int found = restart_newest(comm, config->output, true, ignore_damaged, NULL, &path, &info, NULL);
  if (found == OK && path && config_parse(path, info.config, &was) == OK) config_keep(was, config);
  if (found == OK && !path && comm->rank == 0) keep_history(config);
  comm_bcast(comm, &config->data.test, sizeof config->data.test, 0);
  config_free(was);
  if (path) checkpoint_info_free(&info);
  free(path);
  return OK;
}

void restart_free(struct restart *restart) {
  checkpoint_info_free(&restart->info);
  free(restart->path);
  restart->path = NULL;
}
