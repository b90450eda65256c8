/* A run that resumes: the differences of its input from that of the checkpoint, and what is recorded already. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "effects.h"
#include "key.h"
#include "table.h"

/* Appends the stages of a schedule that cover the steps first .. end-1. Returns false if there are too many. */
static bool append_stages(const struct schedule *from, int64_t first, int64_t end, struct schedule *to) {
  for (int s = 0; s < from->stages; s++) {
    const int64_t begin = schedule_first(from, s), after = begin + from->stage[s].steps;
    const int64_t low = begin > first ? begin : first, high = after < end ? after : end;
    if (low >= high) continue;
    if (to->stages == STAGES_MAX) return false;
    to->stage[to->stages] = from->stage[s];
    to->stage[to->stages++].steps = high - low;
  }
  return true;
}

/* Prints that the stages differ. If the input has steps after the checkpoint, also prints the stages with which these
 * steps can follow. */
static void report_stages(FILE *out, const struct schedule *was, const struct schedule *now, int64_t step) {
  struct schedule next = *now;
  next.stages = 0;
  fprintf(out, "\n  dynamics.stages: differ before step %lld, the step of the checkpoint; only later steps may change",
          (long long)step);
  if (schedule_steps(now) <= step || !append_stages(was, 0, step, &next) ||
      !append_stages(now, step, schedule_steps(now), &next) || !schedule_agree(was, &next, step))
    return;
  fprintf(out, ". To continue with other values, keep the stages so far and append one:\n  'dynamics.stages=[");
  const struct parameter *stages = &parameter_table[key_find("dynamics.stages")];
  for (int s = 0; s < next.stages; s++)
    parameter_print_item(out, stages, &next.stage[s], s > 0 ? ", {" : "{", ", ", "}");
  fprintf(out, "]'");
}

/* Returns whether an input without data.test accepts any recorded value: older programs recorded 512 for a file, and a
 * resumed run keeps it (config_keep). history_data (store/history.h) compares the points themselves. */
static bool keeps_recorded(const struct parameter *parameter, const struct config *now) {
  return now->data.test == DATASET_TEST_AUTO && strcmp(parameter->key, "data.test") == 0;
}

void config_keep(const struct config *was, struct config *now) {
  if (now->data.test == DATASET_TEST_AUTO) now->data.test = was->data.test;
}

/* Returns whether both inputs name a file: their contents are compared, not their paths. */
static bool are_files(const struct parameter *parameter, const struct config *was, const struct config *now) {
  return *((const char *)was + parameter->offset) && *((const char *)now + parameter->offset);
}

static void report_particles(FILE *out, const struct unit_import *was, const struct unit_import *now) {
  if (*was->checksum && *now->checksum && strcmp(was->checksum, now->checksum) != 0)
    fprintf(out, "\n  unit.init.checksum: was %s, now %s: these are not the initial particles of %s", was->checksum,
            now->checksum, was->path);
}

int config_resumable(const struct config *was, const struct config *now, int64_t step) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory to compare inputs");
  for (int i = 0; i < parameter_count; i++) {
    const struct parameter *parameter = &parameter_table[i];
    if (parameter->kind == P_PATH ? are_files(parameter, was, now) : parameter->may_change) continue;
    if (parameter_of_item(parameter) || keeps_recorded(parameter, now)) continue;
    if (effects_check(was, parameter->key) != OK && effects_check(now, parameter->key) != OK) continue;
    char *before = parameter_text(parameter, was), *after = parameter_text(parameter, now);
    if (strcmp(before, after) != 0) fprintf(out, "\n  %s: was %.200s, now %.200s", parameter->key, before, after);
    free(before);
    free(after);
  }
  if (!schedule_agree(&was->schedule, &now->schedule, step)) report_stages(out, &was->schedule, &now->schedule, step);
  report_particles(out, &was->unit.import, &now->unit.import);
  fclose(out);
  const int status = *text ? FAIL(USAGE, "%s", text + 1) : OK;
  free(text);
  return status;
}

/* Sets the fields to those of `was` up to a step and those of `now` from this step on. */
static bool continue_fields(const struct steps *was, int64_t step, struct steps *now) {
  struct steps both = {0};
  bool fits = true;
  for (int i = 0; i < was->count && fits; i++)
    if (was->step[i] <= step) fits = steps_insert(&both, was->step[i]);
  for (int i = 0; i < now->count && fits; i++)
    if (now->step[i] >= step) fits = steps_insert(&both, now->step[i]);
  if (fits) *now = both;
  return fits;
}

int config_continue(const struct config *was, int64_t step, struct config *now) {
  for (int i = 0; i < was->snapshots.count; i++)
    if (was->snapshots.step[i] <= step) steps_insert(&now->snapshots, was->snapshots.step[i]);
  if (!continue_fields(&was->fields, step, &now->fields))
    return FAIL(USAGE,
                "output.fields: the recorded steps and the new ones after step %lld are more than %d; list fewer steps",
                (long long)step, STEPS_MAX);
  if (!intervals_continue(&now->history_every, &was->history_every, step))
    return FAIL(USAGE, "output.history_every: the interval changed more than %d times; use that of the checkpoint",
                INTERVALS_MAX - 1);
  return OK;
}
