#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/openblas.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "spectrum/spectrum.h"

const char cmd_spectrum_options[] = "  CHECKPOINT    a checkpoint\n"
                                    "  RUN           a run folder: its newest intact checkpoint\n"
                                    "  KEY=VALUE     overrides a key of its input that may change on resume, such as\n"
                                    "                target.path\n"
                                    "  --n N         size of the network (default: the largest)\n"
                                    "  --replica R   replica, counted from 0 (default 0)\n"
                                    "  --test        at the test points (default: the training points; fresh points\n"
                                    "                if the data are not fixed)\n"
                                    "  --points P    number of points, up to 16384 (default: the whole set, or 4096\n"
                                    "                points of a larger set; 1024 fresh points)\n"
                                    "  --seed S      seed of the selection from a set (default 1) or of fresh points\n"
                                    "                (default data.seed)\n"
                                    "  --vectors M   write the M leading eigenvectors to -o FILE (default 0)\n"
                                    "  --ridge R     relative ridge of the best readout, 1e-14 to 1 (default 1e-10)\n"
                                    "  -o FILE       results in HDF5, with the points\n"
                                    "  --json FILE   results in JSON\n";

struct request {
  const char *argument, *output, *json; /* argument: CHECKPOINT or RUN; NULL: none */
  int overrides;
  char *const *override;
  struct spectrum_options spectrum;
};

static const struct option options_table[] = {
    OPTION_IN("--n", option_int64, struct request, spectrum.n, 1, 0x1p40),
    OPTION_IN("--replica", option_int64, struct request, spectrum.replica, 0, 1 << 24),
    OPTION_IN("--points", option_int64, struct request, spectrum.points, 1, SPECTRUM_POINTS_MAX),
    OPTION("--test", option_flag, struct request, spectrum.test),
    OPTION_IN("--seed", option_int64, struct request, spectrum.seed, 0, 0x1p53),
    OPTION_IN("--vectors", option_int, struct request, spectrum.vectors, 0, SPECTRUM_POINTS_MAX),
    OPTION_IN("--ridge", option_number, struct request, spectrum.ridge, 1e-14, 1),
    OPTION("-o", option_file, struct request, output),
    OPTION("--json", option_file, struct request, json),
};

static int parse(int argc, char **argv, struct request *request) {
  int rest;
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, &rest));
  for (int i = 1; i < rest; i++)
    if (!strchr(argv[i], '='))
      return FAIL(USAGE, "spectrum: expected one checkpoint or run folder, received \"%s\" and \"%s\"", argv[0],
                  argv[i]);
  if (rest == 0 || strchr(argv[0], '='))
    return FAIL(USAGE, "spectrum: expected a checkpoint or a run folder as the first argument: "
                       "mckean spectrum CHECKPOINT|RUN [KEY=VALUE ...]");
  request->argument = argv[0];
  request->override = argv + 1;
  request->overrides = rest - 1;
  return OK;
}

/* Writes HDF5 if provenance is not NULL, otherwise JSON. path NULL: does nothing. Local, on rank 0. */
static int write_file(const struct spectrum *spectrum, const struct provenance *provenance, const char *path) {
  if (!path) return OK;
  struct results *results = spectrum_results(spectrum, provenance != NULL);
  const int status = provenance ? results_write(results, spectrum->problem->info.config, provenance, path)
                                : results_json(results, path);
  results_free(results);
  if (status == OK) printf("written: %s\n", path);
  return status;
}

static int report(const struct request *request, const struct spectrum *spectrum, const struct provenance *provenance) {
  spectrum_print(spectrum, stdout);
  TRY(write_file(spectrum, provenance, request->output));
  return write_file(spectrum, NULL, request->json);
}

int cmd_spectrum(const struct comm *comm, int argc, char **argv) {
  struct request request = {.spectrum = {.seed = -1, .ridge = 1e-10}};
  struct provenance provenance;
  struct problem problem;
  struct spectrum *spectrum = NULL;
  provenance_fill(comm, argc, argv, &provenance);
  TRY(parse(argc, argv, &request)); /* same result on all ranks */
  char *checkpoint;
  TRY(checkpoint_choose(comm, request.argument, -1, false, &checkpoint));
  int status = problem_open(comm, checkpoint, request.overrides, request.override, &problem);
  if (status == OK) {
    if (comm->rank == 0 && strcmp(checkpoint, request.argument) != 0) printf("%s\n", checkpoint);
    openblas_threads(problem.config->threads);
    provenance_set(&provenance, "parent", checkpoint);
    status = spectrum_create(comm, &problem, &request.spectrum, &spectrum);
  }
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? report(&request, spectrum, &provenance) : OK);
  spectrum_free(spectrum);
  problem_free(&problem);
  free(checkpoint);
  return status;
}
