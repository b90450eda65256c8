/* mckean: trains wide one-hidden-layer networks as interacting particle systems.
 *
 * main starts MPI, checks the arithmetic of each process and that all ranks run the same program, and calls the command
 * of the verb (table in verb.c). For `mckean run` this is cmd_run (cmd_run.c), which reads the input and calls
 * simulation_run (run/simulation.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arithmetic.h"
#include "base/error.h"
#include "base/openblas.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "io/durable_file.h"
#include "io/h5.h"
#include "log/provenance.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "run/stop.h"

static void usage(FILE *out) {
  fprintf(out, "usage: mpirun -n RANKS mckean VERB ...\n\n");
  for (int v = 0; v < verb_count; v++) fprintf(out, "  %-8s  %s\n", verb_table[v].name, verb_table[v].help);
  fprintf(out,
          "\n`mckean VERB --help` lists the arguments and options of a verb,\n"
          "`mckean help keys` the input keys\nexit codes: %s\n",
          verb_exit_codes);
}

static const struct verb *find(const char *name) {
  for (int v = 0; name && v < verb_count; v++)
    if (strcmp(name, verb_table[v].name) == 0) return &verb_table[v];
  return NULL;
}

static void verb_usage(const struct verb *verb, FILE *out) {
  fprintf(out, "usage: mckean %s %s\n\n%s", verb->name, verb->arguments, verb->options);
}

static bool asks_for_help(const char *argument) {
  return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* Calls the command of a verb, or prints the help of the verb. If the verb was given no arguments and the command
 * returns USAGE, also prints the help. */
static int dispatch_verb(const struct comm *comm, const struct verb *verb, int argc, char **argv) {
  const struct verb *topic = strcmp(verb->name, "help") == 0 && argc == 2 ? find(argv[1]) : NULL;
  if (topic && strcmp(topic->name, "run") != 0) verb = topic; /* `help run` explains the section of the input */
  for (int i = 1; i < argc; i++) {
    if (!asks_for_help(argv[i]) && verb != topic) continue;
    if (comm->rank == 0) verb_usage(verb, stdout);
    return OK;
  }
  int status = option_check_files(comm, argc, argv);
  if (status == OK) status = verb->command(comm, argc, argv);
  if (status == USAGE && argc == 1 && comm->rank == 0) verb_usage(verb, stderr);
  return status;
}

static int dispatch(const struct comm *comm, const struct verb *verb, int argc, char **argv) {
  if (verb) return dispatch_verb(comm, verb, argc - 1, argv + 1);
  if (argc < 2 || asks_for_help(argv[1])) {
    if (comm->rank == 0) usage(argc < 2 ? stderr : stdout);
    return argc < 2 ? FAIL(USAGE, "expected a verb") : OK;
  }
  if (strcmp(argv[1], "--version") == 0) {
    if (comm->rank == 0) printf("mckean %s\n", build_version);
    return OK;
  }
  const bool tool = strcmp(argv[1], "plot") == 0 || strcmp(argv[1], "report") == 0;
  return tool ? FAIL(USAGE, "%s is a tool in Python: tools/python tools/%s RUN", argv[1], argv[1])
              : FAIL(USAGE, "unknown verb \"%s\"; `mckean --help` lists them", argv[1]);
}

int main(int argc, char **argv) {
  struct comm world;
  const struct verb *verb = find(argv[1]);
  if (verb && verb->blas) openblas_start(argv);
  if (verb && verb->stops) stop_install();
  h5_start();
  int status = comm_start(&argc, &argv, &world);
  if (status == OK) status = comm_agree(&world, arithmetic_check());
  if (status == OK) status = provenance_alike(&world, argc - 1, argv + 1);
  if (status == OK) status = comm_agree(&world, isa_limit(getenv("MCKEAN_ISA")));
  if (status == OK) status = dispatch(&world, verb, argc, argv);
  if ((status == OK || status == STOPPED) && (!verb || verb->prints) && durable_file_check_stdout() != OK)
    status = FAILED;
  if (world.rank == 0 && status != OK && status != STOPPED) fprintf(stderr, "mckean: %s\n", error_text());
  comm_stop();
  return status == FULL || status == UNREAD ? FAILED : status;
}
