#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/manifest.h"
#include "cli/option.h"
#include "forecast/run_status.h"
#include "io/json.h"
#include "log/provenance.h"
#include "log/report.h"

const char cmd_status_options[] =
    "  DIR ...                      run folders, or folders that contain some. A run\n"
    "                               is done at the last step of the input that its\n"
    "                               newest intact checkpoint contains\n"
    "  --manifest FILE              the runs of a manifest, whose lines are arguments\n"
    "                               of `mckean run` (see jobs/array.sh); they are\n"
    "                               done at the last step that these arguments give\n"
    "  --run INPUT [KEY=VALUE ...]  the same for one run; must be the last option\n"
    "  --quick                      check the metadata of checkpoints only, not every\n"
    "                               byte\n"
    "  --json FILE                  results in JSON; -: to standard output, without\n"
    "                               the table\n"
    "  exit code 0                  all are done\n"
    "  exit code 75                 some are running, stopped or missing: the same\n"
    "                               commands complete them\n"
    "  exit code 1                  some failed, are damaged and cannot resume, or\n"
    "                               are unreadable (not a run, or no permission); the\n"
    "                               table states the reason. The command of a failed\n"
    "                               run resumes it, and fails again unless you remove\n"
    "                               the cause. Exit code 1 also means that the table\n"
    "                               or the JSON could not be written\n"
    "  exit code 2                  wrong usage, or the input or the manifest cannot\n"
    "                               be used: no table\n"
    "JSON: {\"format\": \"mckean-status\", \"format_version\": 1, \"version\": of the\n"
    "program, \"runs\": [ {\"run\": folder, \"line\": of the manifest, \"state\": done,\n"
    "running, stopped, failed, missing, damaged or unreadable, \"step\": of the newest\n"
    "intact checkpoint, \"steps\": the last one, \"live\": of a running run {\"step\":\n"
    "current step, \"t\", \"n\": [smallest, largest], \"loss\": [their losses / C_f or\n"
    "loss_0], \"scale\": which, \"seconds_left\", \"age\": seconds since it was reported},\n"
    "\"checkpoint\": path, \"passed_over\": [errors of newer checkpoints], \"reason\":\n"
    "text, \"command\": that resumes the run}, ...]}; null: unknown\n";

struct request {
  bool quick, table;
  const char *json, *manifest; /* or NULL */
  int folders, arguments;
  char **folder, **argument; /* DIR ...; --run INPUT [KEY=VALUE ...] */
};

struct entry {
  char *folder;         /* of a bad line: "" */
  struct config *asked; /* input of the command that completes the run, or NULL */
  int line;             /* of the manifest; 0: none */
  char *error;          /* why this line of the manifest is not a run, or NULL */
};

struct list {
  int count;
  struct entry *entry;
};

static void list_add(struct list *list, const char *folder, struct config *asked, int line) {
  list->entry = realloc(list->entry, sizeof *list->entry * (size_t)(list->count + 1));
  char *copy = strdup(folder);
  if (!list->entry || !copy) die("no memory for a list of %d runs", list->count);
  list->entry[list->count++] = (struct entry){.folder = copy, .asked = asked, .line = line};
}

static void list_free(struct list *list) {
  for (int i = 0; i < list->count; i++) {
    free(list->entry[i].folder);
    free(list->entry[i].error);
    config_free(list->entry[i].asked);
  }
  free(list->entry);
}

static const struct option options_table[] = {
    OPTION("--quick", option_flag, struct request, quick),
    OPTION("--json", option_text, struct request, json),
    OPTION("--manifest", option_text, struct request, manifest),
};

/* All arguments after --run belong to the run. request->argument[0] is "--run" and serves as argv[0]. */
static int parse(int argc, char **argv, struct request *request) {
  int own = 1;
  while (own < argc && strcmp(argv[own], "--run") != 0) own++;
  TRY(option_parse(OPTIONS(options_table), own, argv, request, &request->folders));
  request->folder = argv;
  request->argument = argv + own;
  request->arguments = argc - own;
  request->table = !request->json || strcmp(request->json, "-") != 0;
  return request->folders > 0 || request->manifest || request->arguments > 1
             ? OK
             : FAIL(USAGE, "status: expected run folders, --manifest FILE or --run INPUT");
}

/* ---- the list of runs ---- */

static void write_path(void *context, const char *run) {
  fwrite(run, 1, strlen(run) + 1, context);
}

/* Collective. Returns the text of rank 0 on all ranks; the caller frees it. The caller sets text, *bytes on rank 0. */
static char *share(const struct comm *comm, char *text, int64_t *bytes) {
  comm_bcast(comm, bytes, sizeof *bytes, 0);
  if (comm->rank != 0) text = alloc_small((size_t)*bytes);
  comm_bcast(comm, text, *bytes, 0);
  return text;
}

static void collect_folders(const struct comm *comm, const struct request *request, struct list *list) {
  char *paths = NULL;
  size_t size = 0;
  if (comm->rank == 0) {
    FILE *out = open_memstream(&paths, &size);
    if (!out) die("no memory for a list of runs");
    for (int i = 0; i < request->folders; i++) run_status_find(request->folder[i], write_path, out);
    fclose(out);
  }
  int64_t bytes = (int64_t)size;
  paths = share(comm, paths, &bytes);
  for (const char *path = paths; path < paths + bytes; path += strlen(path) + 1) list_add(list, path, NULL, 0);
  free(paths);
}

/* Returns the start of the next name in a path, after any slashes and "." components. */
static const char *next_name(const char *path) {
  while (*path == '/' || (*path == '.' && (path[1] == '/' || !path[1]))) path++;
  return path;
}

/* Returns whether two paths are equal, apart from repeated slashes and "." components. Does not follow links; the paths
 * need not exist. */
static bool same_path(const char *a, const char *b) {
  if ((*a == '/') != (*b == '/')) return false;
  for (size_t length = 1; length > 0; a += length, b += length) {
    a = next_name(a);
    b = next_name(b);
    length = strcspn(a, "/");
    if (strcspn(b, "/") != length || memcmp(a, b, length) != 0) return false;
  }
  return true;
}

/* Adds the run of a `mckean run` command to the list. argv[0] is overwritten. line: as in struct entry. Collective. */
static int collect_command(const struct comm *comm, int argc, char **argv, int line, struct list *list) {
  static char verb[] = "run";
  struct run_request request = {.simulation = {.stop_at = -1}};
  struct config *config = NULL;
  int rest;
  argv[0] = verb;
  TRY(cmd_run_parse(argc, argv, &request, &rest));
  if (request.simulation.fresh)
    return FAIL(USAGE,
                "--fresh: remove it; every job of a run uses this line, so the run would start over in each job");
  TRY(config_read(comm, argv[0], rest - 1, argv + 1, &config));
  for (int i = 0; i < list->count; i++)
    if (list->entry[i].asked && same_path(list->entry[i].folder, config->output)) {
      const int status = FAIL(USAGE, "line %d writes to the same output, %s", list->entry[i].line, config->output);
      config_free(config);
      return status;
    }
  list_add(list, config->output, config, line);
  return OK;
}

/* Adds the runs of a manifest to the list; a bad line becomes an entry with an error. Fails if no line is a run.
 * Collective. */
static int collect_manifest(const struct comm *comm, const char *path, struct list *list) {
  struct manifest manifest;
  static char verb[] = "run";
  int runs = 0;
  int status = manifest_read(comm, path, &manifest);
  if (status != OK) return status;
  int bad = OK;
  for (int i = 0; i < manifest.lines; i++) {
    char **argv;
    int argc;
    status = manifest_words(comm, path, &manifest, i, verb, &argc, &argv);
    if (status == OK && argc > 1) status = collect_command(comm, argc, argv, i + 1, list);
    if (status != OK) {
      bad = FAIL(status, "%s, line %d: %s", path, i + 1, error_text());
      list_add(list, "", NULL, i + 1);
      list->entry[list->count - 1].error = strdup(error_text());
    }
    runs += status == OK && argc > 1;
    free(argv);
  }
  manifest_free(&manifest);
  if (runs > 0) return OK;
  return bad != OK ? bad : FAIL(USAGE, "%s: expected a run in each line, found none", path);
}

/* ---- output ---- */

enum { INDENT = 11 }; /* of the lines below that of a run */

/* Prints when a running run last reported its step, and what else it reported. */
static void print_live(const struct run_status *result) {
  const struct live *live = &result->live;
  char left[32], age[32];
  report_duration(live->seconds_left, left);
  report_duration(live->age, age);
  printf("%*st = %.4g", INDENT, "", live->time);
  if (isfinite(live->seconds_left)) printf(", %s left", left);
  printf(", %s ago\n", age);
  const int sizes = live->n[0] == live->n[1] ? 1 : 2;
  if (isfinite(live->loss[0])) printf("%*sloss/%s", INDENT, "", live->scale);
  for (int i = 0; i < sizes && isfinite(live->loss[0]); i++)
    printf("%s %.4g (n = %lld)%s", i ? "," : "", live->loss[i], (long long)live->n[i], i + 1 < sizes ? "" : "\n");
  if (result->step >= 0) printf("%*scheckpoint of step %lld\n", INDENT, "", (long long)result->step);
}

static void print_run(const char *folder, const struct run_status *result) {
  char step[64] = "";
  if (result->is_live)
    snprintf(step, sizeof step, "%lld of %lld", (long long)result->live.step, (long long)result->live.steps);
  else if (result->step >= 0 && result->steps > 0)
    snprintf(step, sizeof step, "%lld of %lld", (long long)result->step, (long long)result->steps);
  else if (result->step >= 0)
    snprintf(step, sizeof step, "%lld", (long long)result->step);
  char *shown = utf8_line(folder);
  printf("%-10s %18s  %s\n", run_state_names[result->state], step, shown);
  free(shown);
  if (result->is_live) print_live(result);
  if (*result->reason) printf("%*s%s\n", INDENT, "", result->reason);
  if (result->command && (result->state == RUN_STOPPED || result->state == RUN_FAILED))
    printf("%*snewest checkpoint: step %lld; to resume, unless a job does it:\n%*s%s\n", INDENT, "",
           (long long)result->step, INDENT, "", result->command);
  for (const char *line = result->skipped; *line;) {
    const size_t length = strcspn(line, "\n");
    printf("%*sskipped: %.*s\n", INDENT, "", (int)length, line);
    line += length + (line[length] == '\n');
  }
  fflush(stdout);
}

static void json_count(struct json *json, const char *name, int64_t value, bool known) {
  if (known)
    json_integer(json, name, value);
  else
    json_text(json, name, NULL);
}

static void json_live(struct json *json, const struct run_status *result) {
  const struct live *live = &result->live;
  if (!result->is_live) {
    json_text(json, "live", NULL);
    return;
  }
  json_object(json, "live");
  json_integer(json, "step", live->step);
  json_real(json, "t", live->time);
  json_array(json, "n");
  for (int i = 0; i < 2; i++) json_integer(json, NULL, live->n[i]);
  json_end(json);
  json_array(json, "loss");
  for (int i = 0; i < 2; i++) json_real(json, NULL, live->loss[i]);
  json_end(json);
  json_text(json, "scale", live->scale);
  json_real(json, "seconds_left", live->seconds_left);
  json_real(json, "age", live->age);
  json_end(json);
}

static void json_run(struct json *json, const struct entry *entry, const struct run_status *result) {
  json_object(json, NULL);
  json_text(json, "run", entry->folder);
  json_count(json, "line", entry->line, entry->line > 0);
  json_text(json, "state", run_state_names[result->state]);
  json_count(json, "step", result->step, result->step >= 0);
  json_count(json, "steps", result->steps, result->steps > 0);
  json_live(json, result);
  json_text(json, "checkpoint", result->checkpoint);
  json_list(json, "passed_over", result->skipped, '\n');
  json_text(json, "reason", result->reason);
  json_text(json, "command", result->command);
  json_end(json);
}

static void inspect_all(const struct comm *comm, const struct request *request, const struct list *list,
                        struct json *json, int count[RUN_STATES]) {
  json_text(json, "version", build_version);
  json_array(json, "runs");
  for (int i = 0; i < list->count; i++) {
    struct run_status result;
    if (list->entry[i].error)
      run_status_refused(list->entry[i].error, &result);
    else
      run_status_run(comm, list->entry[i].folder, list->entry[i].asked, request->quick, &result);
    count[result.state]++;
    json_run(json, &list->entry[i], &result);
    if (request->table && comm->rank == 0) print_run(list->entry[i].folder, &result);
    run_status_free(&result);
  }
}

static void print_total(const struct list *list, const int count[RUN_STATES]) {
  printf("%d run%s: ", list->count, list->count == 1 ? "" : "s");
  const char *separator = "";
  for (int s = 0; s < RUN_STATES; s++) {
    if (count[s] == 0) continue;
    printf("%s%d %s", separator, count[s], run_state_names[s]);
    separator = ", ";
  }
  putchar('\n');
}

static int print_status(const struct comm *comm, const struct request *request, const struct list *list) {
  int count[RUN_STATES] = {0};
  struct json *json;
  int status = json_create(comm->rank == 0 ? request->json : NULL, "mckean-status", &json);
  if (status == FAILED) status = FAIL(USAGE, "%s", error_text()); /* because exit code 1 stands for damaged runs */
  status = comm_agree(comm, status);
  if (status == OK) {
    inspect_all(comm, request, list, json, count);
    if (request->table && comm->rank == 0) print_total(list, count);
    status = comm_agree(comm, json_write(json));
  }
  json_free(json);
  TRY(status);
  if (count[RUN_DAMAGED] > 0)
    return FAIL(FAILED, "status: %d of %d runs cannot resume", count[RUN_DAMAGED], list->count);
  if (count[RUN_UNREADABLE] > 0)
    return FAIL(FAILED, "status: %d of %d entries are not runs, or cannot be read", count[RUN_UNREADABLE], list->count);
  if (count[RUN_FAILED] > 0) return FAIL(FAILED, "status: %d of %d runs failed", count[RUN_FAILED], list->count);
  return count[RUN_DONE] == list->count ? OK : STOPPED;
}

int cmd_status(const struct comm *comm, int argc, char **argv) {
  struct request request = {0};
  struct list list = {0};
  int status = parse(argc, argv, &request);
  if (status == OK) collect_folders(comm, &request, &list);
  if (status == OK && request.manifest) status = collect_manifest(comm, request.manifest, &list);
  if (status == OK && request.arguments > 0)
    status = collect_command(comm, request.arguments, request.argument, 0, &list);
  if (status == OK) status = print_status(comm, &request, &list);
  list_free(&list);
  return status;
}
