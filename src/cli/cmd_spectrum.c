#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/spectrum.h"
#include "base/blas.h"
#include "base/status.h"
#include "cli/cmd.h"

const char cmd_spectrum_options[] =
    "  --n N         the network's size (default: the largest)\n"
    "  --replica R   its replica, from 0 (default 0)\n"
    "  --test        at the test points (default: the training points; fresh ones where the data are not fixed)\n"
    "  --points P    points, up to 16384 (default: the set, at most 4096 of it; 1024 fresh ones)\n"
    "  --seed S      of the choice of points from a set (default 1), or of fresh ones (default data.seed)\n"
    "  --vectors M   keep the M leading eigenvectors in -o FILE (default 0)\n"
    "  --ridge R     of the best readout, relative, 1e-14 to 1 (default 1e-10)\n"
    "  -o FILE       results in HDF5, with the points\n"
    "  --json FILE   results in JSON\n";

struct request {
  const char *checkpoint, *output, *json; /* NULL: none */
  double n, replica, points, seed, vectors, ridge;
  bool test;
};

/* Options with a number: their range, whole or not, and where the number goes. */
static const struct {
  const char *name;
  double low, high;
  bool whole;
  size_t offset;
} number_options[] = {
    {"--n", 1, 0x1p40, true, offsetof(struct request, n)},
    {"--replica", 0, 1 << 24, true, offsetof(struct request, replica)},
    {"--points", 1, SPECTRUM_POINTS_MAX, true, offsetof(struct request, points)},
    {"--seed", 0, 0x1p53, true, offsetof(struct request, seed)},
    {"--vectors", 0, SPECTRUM_POINTS_MAX, true, offsetof(struct request, vectors)},
    {"--ridge", 1e-14, 1, false, offsetof(struct request, ridge)},
};
enum { NUMBER_OPTIONS = sizeof number_options / sizeof *number_options };

static int unknown(const char *option) {
  return FAIL(USAGE,
              "spectrum: unknown option \"%s\", or its value is missing; `mckean spectrum --help` lists the options",
              option);
}

static int parse_number(const char *option, const char *text, struct request *request) {
  for (int i = 0; i < NUMBER_OPTIONS; i++) {
    if (strcmp(option, number_options[i].name) != 0) continue;
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= number_options[i].low && value <= number_options[i].high) ||
        (number_options[i].whole && value != floor(value)))
      return FAIL(USAGE, "spectrum: %s: expected %s from %g to %.15g, received \"%s\"", option,
                  number_options[i].whole ? "an integer" : "a number", number_options[i].low, number_options[i].high,
                  text);
    memcpy((char *)request + number_options[i].offset, &value, sizeof value);
    return OK;
  }
  return unknown(option);
}

static int parse(int argc, char **argv, struct request *request) {
  for (int i = 1; i < argc; i++) {
    const char *option = argv[i];
    if (option[0] != '-') {
      if (request->checkpoint)
        return FAIL(USAGE, "spectrum: one checkpoint was expected, received \"%s\" and \"%s\"", request->checkpoint,
                    option);
      request->checkpoint = option;
    } else if (strcmp(option, "--test") == 0) {
      request->test = true;
    } else if (i + 1 == argc) {
      return unknown(option);
    } else if (strcmp(option, "-o") == 0) {
      request->output = argv[++i];
    } else if (strcmp(option, "--json") == 0) {
      request->json = argv[++i];
    } else {
      TRY(parse_number(option, argv[++i], request));
    }
  }
  return request->checkpoint ? OK : FAIL(USAGE, "spectrum: a checkpoint was expected");
}

/* HDF5 where provenance is given, else JSON. */
static int write_file(const struct spectrum *spectrum, const struct provenance *provenance, const char *path) {
  if (!path) return OK;
  struct results *results = spectrum_results(spectrum, provenance != NULL);
  const int status =
      provenance ? results_write(results, spectrum->setup->info.config, provenance, path) : results_json(results, path);
  results_free(results);
  if (status == OK) printf("written: %s\n", path);
  return status;
}

static int tell(const struct request *request, const struct spectrum *spectrum, const struct provenance *provenance) {
  spectrum_print(spectrum, stdout);
  TRY(write_file(spectrum, provenance, request->output));
  return write_file(spectrum, NULL, request->json);
}

int cmd_spectrum(const struct comm *comm, int argc, char **argv) {
  struct request request = {.seed = -1, .ridge = 1e-10};
  struct provenance provenance;
  struct setup setup;
  struct spectrum *spectrum = NULL;
  provenance_fill(comm, argc, argv, &provenance);
  TRY(parse(argc, argv, &request)); /* the same on all ranks */
  const struct spectrum_options options = {.n = (int64_t)request.n,
                                           .replica = (int64_t)request.replica,
                                           .points = (int64_t)request.points,
                                           .test = request.test,
                                           .seed = (int64_t)request.seed,
                                           .vectors = (int)request.vectors,
                                           .ridge = request.ridge};
  int status = setup_open(comm, request.checkpoint, &setup);
  if (status == OK) {
    blas_threads(setup.config->threads);
    provenance_set(&provenance, "parent", request.checkpoint);
    status = spectrum_create(comm, &setup, &options, &spectrum);
  }
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? tell(&request, spectrum, &provenance) : OK);
  spectrum_free(spectrum);
  setup_free(&setup);
  return status;
}
