#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "config/config.h"
#include "io/durable_file.h"
#include "parallel/watchdog.h"

const char cmd_run_options[] =
    "  INPUT               YAML file; `mckean help` explains its keys, which can also be given as KEY=VALUE\n"
    "  --fresh             rename an old output, and start at step 0\n"
    "  --stop-at STEP      stop there with a checkpoint, exit code 75\n"
    "  --max-wall H:MM:SS  stop in time with a checkpoint, exit code 75; also MM:SS or seconds\n"
    "  --dry-run           say what the run would do, need and take, with a SLURM header; write nothing\n"
    "  --json FILE         dry run: the same in JSON\n"
    "signals: USR1 writes a checkpoint and goes on; USR2, TERM, INT, or a file named `stop` in the output folder, "
    "write\n"
    "a checkpoint and stop, exit code 75\n";

/* H:MM:SS, MM:SS or seconds. */
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
    OPTION("--fresh", option_flag, struct simulation_options, fresh),
    OPTION("--dry-run", option_flag, struct simulation_options, dry_run),
    OPTION("--json", option_file, struct simulation_options, json),
    OPTION_IN("--stop-at", option_int64, struct simulation_options, stop_at, 0, 0x1p53),
    OPTION("--max-wall", take_duration, struct simulation_options, max_wall),
};

int cmd_run_parse(int argc, char **argv, struct simulation_options *options, int *rest) {
  TRY(option_parse(OPTIONS(options_table), argc, argv, options, rest));
  if (options->json && !options->dry_run)
    return FAIL(USAGE, "run: --json goes with --dry-run; what a run did is in <output>/summary.json");
  if (*rest == 0 || strchr(argv[0], '='))
    return FAIL(USAGE, "run: an input file was expected first: mckean run INPUT [KEY=VALUE ...]");
  return OK;
}

/* The command line of the run itself, which a dry run foresees to the byte of its provenance. */
static void keep_command(int argc, char **argv, struct simulation_options *options) {
  options->argv = alloc_small(sizeof(char *) * (size_t)argc);
  for (int i = 0; i < argc; i++) {
    const bool json = strcmp(argv[i], "--json") == 0;
    if (json) i++;
    if (!json && strcmp(argv[i], "--dry-run") != 0) options->argv[options->argc++] = argv[i];
  }
}

int cmd_run(const struct comm *comm, int argc, char **argv) {
  struct simulation_options options = {.stop_at = -1};
  keep_command(argc, argv, &options);
  int rest;
  struct config *config = NULL;
  int status = cmd_run_parse(argc, argv, &options, &rest);
  if (status == OK) status = config_read(comm, argv[0], rest - 1, argv + 1, &config);
  struct watchdog *watchdog = NULL;
  if (status == OK) {
    watchdog_start(comm, config->watchdog, &watchdog);
    status = simulation_run(comm, config, &options);
    watchdog_stop(watchdog);
    if (status == OK && options.dry_run) status = durable_file_stdout_written(); /* it only prints */
  }
  config_free(config);
  free(options.argv);
  return status;
}
