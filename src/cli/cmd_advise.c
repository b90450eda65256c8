#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "run/problem.h"
#include "spectrum/advise.h"

const char cmd_advise_options[] = "  INPUT         advice for a run from its start\n"
                                  "  CHECKPOINT    advice for the remaining steps of its run\n"
                                  "  RUN           a run folder: its newest intact checkpoint\n"
                                  "  KEY=VALUE     overrides a key of the input; for a checkpoint, one that may\n"
                                  "                change on resume\n"
                                  "  --json FILE   results in JSON\n"
                                  "With a temperature or a ridge, it also prints the variance of f_n due to noise,\n"
                                  "the time until this variance is reached, and the temperature at which it equals\n"
                                  "V_init (dynamics.update: euler, leimkuhler_matthews or baoab).\n";

static const struct option options_table[] = {{"--json", option_file, 0, 0, 0}};

/* Moves the input or checkpoint and then the overrides to the front of argv. *rest: the number of these arguments. */
static int parse(int argc, char **argv, const char **json, int *rest) {
  TRY(option_parse(OPTIONS(options_table), argc, argv, json, rest));
  if (*rest == 0 || strchr(argv[0], '='))
    return FAIL(USAGE, "advise: expected an input file, a checkpoint or a run folder as the first argument: "
                       "mckean advise INPUT|CHECKPOINT|RUN [KEY=VALUE ...]");
  return OK;
}

/* Creates the particles of an input in their initial condition. Uses the level run.isa if all ranks support it;
 * otherwise, and for `auto`, the highest level that all ranks support. */
static int open_input(const struct comm *comm, const char *path, int overrides, char **override,
                      struct problem *problem) {
  *problem = (struct problem){.comm = comm};
  TRY(config_read(comm, path, overrides, override, &problem->config));
  TRY(config_startable(problem->config));
  problem->isa = comm_isa(comm, problem->config->isa);
  TRY(problem_data(problem));
  TRY(problem_particle_file(problem));
  TRY(problem_particles(problem, 0));
  return problem_initialize(problem);
}

static int advise(const struct comm *comm, struct problem *problem, const char *json) {
  struct advise *found = NULL;
  TRY(advise_create(problem, &found));
  int status = OK;
  if (comm->rank == 0) {
    advise_print(found, stdout);
    if (json) status = advise_json(found, json);
    if (json && status == OK) printf("written: %s\n", json);
  }
  advise_free(found);
  return comm_agree(comm, status);
}

int cmd_advise(const struct comm *comm, int argc, char **argv) {
  const char *json = NULL;
  char *path;
  int rest;
  struct problem problem = {0};
  TRY(parse(argc, argv, &json, &rest));
  TRY(checkpoint_choose(comm, argv[0], -1, false, &path)); /* a file: itself */
  bool checkpoint = comm->rank == 0 && checkpoint_looks(path);
  comm_bcast(comm, &checkpoint, sizeof checkpoint, 0);
  int status = checkpoint ? problem_open(comm, path, rest - 1, argv + 1, &problem)
                          : open_input(comm, path, rest - 1, argv + 1, &problem);
  if (status == OK && comm->rank == 0 && strcmp(path, argv[0]) != 0) printf("%s\n", path);
  if (status == OK) status = advise(comm, &problem, json);
  problem_free(&problem);
  free(path);
  return status;
}
