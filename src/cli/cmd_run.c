#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/cmd.h"
#include "cli/manifest.h"
#include "cli/option.h"
#include "config/config.h"
#include "forecast/dry_run.h"
#include "forecast/run_status.h"
#include "io/durable_file.h"
#include "parallel/watchdog.h"
#include "run/stop.h"

const char cmd_run_options[] = "  INPUT               YAML file; `mckean help` explains its keys, which can also\n"
                               "                      be given as KEY=VALUE; KEY= restores the default of a key\n"
                               "  --fresh             move the files of an existing run aside, and start at step\n"
                               "                      0\n"
                               "  --stop-at STEP      stop there with a checkpoint, exit code 75\n"
                               "  --max-wall H:MM:SS  stop before this time limit with a checkpoint, exit code\n"
                               "                      75; also MM:SS or seconds\n"
                               "  --dry-run           print what the run would do and need, with a SLURM header;\n"
                               "                      write nothing\n"
                               "  --json FILE         results of the dry run in JSON\n"
                               "  --manifest FILE     take all arguments from a line of this file (see\n"
                               "                      jobs/array.sh)\n"
                               "  --line N            number of this line, from 1; a line without a run: exit\n"
                               "                      code 0\n"
                               "  -v, --verbose       also print the times of all parts of the run, which\n"
                               "                      run.log always contains\n"
                               "signals: USR1 writes a checkpoint and continues; USR2, TERM, INT, HUP, QUIT,\n"
                               "XCPU, or a file named `stop` in the output folder, write a checkpoint and stop,\n"
                               "exit code 75; nohup disables HUP\n";

/* An option_* function: converts H:MM:SS, MM:SS or seconds to seconds. */
static int take_duration(const struct option *option, const char *text, void *seconds) {
  double total = 0;
  const char *at = text;
  for (int parts = 0; parts < 3; parts++) {
    char *end;
    const double part = strtod(at, &end);
    if (end == at || !(part >= 0) || !isfinite(part)) break;
    total = 60 * total + part;
    if (*end == 0 && total > 0) {
      *(double *)seconds = total;
      return OK;
    }
    if (*end != ':') break;
    at = end + 1;
  }
  return FAIL(USAGE, "%s: expected H:MM:SS, MM:SS or seconds, received \"%s\"", option->name, text);
}

static const struct option options_table[] = {
    OPTION("--fresh", option_flag, struct run_request, simulation.fresh),
    OPTION("--dry-run", option_flag, struct run_request, dry_run),
    OPTION("--json", option_file, struct run_request, json),
    OPTION_IN("--stop-at", option_int64, struct run_request, simulation.stop_at, 0, 0x1p53),
    OPTION("--verbose", option_flag, struct run_request, simulation.verbose),
    OPTION("-v", option_flag, struct run_request, simulation.verbose),
    OPTION("--manifest", option_text, struct run_request, manifest),
    OPTION_IN("--line", option_int, struct run_request, line, 1, 0x1p30),
    OPTION("--max-wall", take_duration, struct run_request, simulation.max_wall),
};

int cmd_run_parse(int argc, char **argv, struct run_request *request, int *rest) {
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, rest));
  if (request->json && !request->dry_run)
    return FAIL(USAGE, "run: --json requires --dry-run; a run itself writes <output>/summary.json");
  if (request->manifest || request->line)
    return FAIL(USAGE, "run: expected --manifest FILE --line N without other arguments");
  if (*rest == 0 || strchr(argv[0], '='))
    return FAIL(USAGE, "run: expected an input file as the first argument: mckean run INPUT [KEY=VALUE ...]");
  return OK;
}

/* Copies the command line without the options of a dry run. The output files contain this command line, so its length
 * is needed to predict their size. */
static void keep_command(int argc, char **argv, struct simulation_options *options) {
  options->argv = alloc_small(sizeof(char *) * (size_t)argc);
  for (int i = 0; i < argc; i++) {
    const bool json = strcmp(argv[i], "--json") == 0;
    if (json) i++;
    if (!json && strcmp(argv[i], "--dry-run") != 0) options->argv[options->argc++] = argv[i];
  }
}

static int run(const struct comm *comm, const struct config *config, const struct run_request *request) {
  if (!request->dry_run) return simulation_run(comm, config, &request->simulation);
  stop_uninstall(); /* a signal ends a dry run at once */
  const struct dry_run_options options = {.fresh = request->simulation.fresh,
                                          .json = request->json,
                                          .argc = request->simulation.argc,
                                          .argv = request->simulation.argv};
  TRY(dry_run_report(comm, config, &options));
  return durable_file_check_stdout();
}

static bool is_folder(const char *path) {
  struct stat found;
  return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

/* Returns the status of reading the input. If the input is the folder of a run, the error text becomes the command that
 * resumes this run. Collective. */
static int explain_folder(const struct comm *comm, const char *path, int status) {
  bool folder = comm->rank == 0 && is_folder(path);
  comm_bcast(comm, &folder, sizeof folder, 0);
  if (!folder) return status;
  struct run_status found;
  run_status_run(comm, path, NULL, true, &found);
  if (found.command)
    status = FAIL(USAGE,
                  "%s: expected an input file, received the folder of a run, which is %s (step %lld of %lld); this "
                  "command %s it:\n%s",
                  path, run_state_names[found.state], (long long)found.step, (long long)found.steps,
                  found.state == RUN_DONE ? "started" : "resumes", found.command);
  else
    status =
        FAIL(USAGE, "%s: expected an input file (YAML), received a folder: mckean run INPUT [KEY=VALUE ...]", path);
  run_status_free(&found);
  return status;
}

static int run_arguments(const struct comm *comm, int argc, char **argv) {
  struct run_request request = {.simulation = {.stop_at = -1}};
  keep_command(argc, argv, &request.simulation);
  int rest;
  struct config *config = NULL;
  int status = cmd_run_parse(argc, argv, &request, &rest);
  if (status == OK) {
    status = config_read(comm, argv[0], rest - 1, argv + 1, &config);
    if (status != OK) status = explain_folder(comm, argv[0], status);
  }
  if (status == OK) {
    struct watchdog *watchdog = NULL;
    watchdog_start(comm, config->watchdog, &watchdog);
    status = run(comm, config, &request);
    watchdog_stop(watchdog);
  }
  config_free(config);
  free(request.simulation.argv);
  return status;
}

/* Runs line `line` of a manifest. Collective. */
static int run_line(const struct comm *comm, const char *path, int line, char *verb) {
  struct manifest manifest;
  int argc = 0, status = manifest_read(comm, path, &manifest);
  char **argv = NULL;
  if (status == OK && line > manifest.lines)
    status = FAIL(USAGE, "%s: line %d does not exist; the manifest has %d", path, line, manifest.lines);
  if (status == OK) {
    status = manifest_words(comm, path, &manifest, line - 1, verb, &argc, &argv);
    if (status != OK) status = FAIL(status, "%s, line %d: %s", path, line, error_text());
  }
  if (status == OK && argc > 1) status = run_arguments(comm, argc, argv);
  if (status == OK && argc == 1 && comm->rank == 0) printf("%s, line %d: no run\n", path, line);
  free(argv);
  manifest_free(&manifest);
  return status;
}

int cmd_run(const struct comm *comm, int argc, char **argv) {
  struct run_request request = {0};
  int rest;
  char *words[] = {argv[0], argc > 1 ? argv[1] : NULL, argc > 2 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL,
                   argc > 4 ? argv[4] : NULL};
  const bool parsed = argc == 5 && option_parse(OPTIONS(options_table), argc, words, &request, &rest) == OK;
  if (parsed && rest == 0 && request.manifest && request.line > 0)
    return run_line(comm, request.manifest, request.line, argv[0]);
  return run_arguments(comm, argc, argv);
}
