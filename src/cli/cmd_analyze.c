#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/fluct.h"
#include "analysis/study.h"
#include "base/status.h"
#include "cli/cmd.h"

struct request {
  int runs;
  char **run;
  const char *output, *json; /* NULL: <first run>/analysis.h5, none */
  struct fluct_options options;
};

static int number(const char *option, const char *text, bool whole, double low, double high, double *value) {
  char *end;
  *value = strtod(text, &end);
  if (end == text || *end || !(*value >= low && *value <= high) || (whole && *value != floor(*value)))
    return FAIL(USAGE, "analyze: %s: expected %s from %g to %g, received \"%s\"", option,
                whole ? "an integer" : "a number", low, high, text);
  return OK;
}

static int parse(int argc, char **argv, struct request *request) {
  double value;
  for (int i = 1; i < argc; i++) {
    const char *option = argv[i];
    if (option[0] != '-') {
      request->run[request->runs++] = argv[i];
      continue;
    }
    if (i + 1 == argc) return FAIL(USAGE, "analyze: unknown option \"%s\", or its value is missing", option);
    const char *text = argv[++i];
    if (strcmp(option, "-o") == 0) {
      request->output = text;
    } else if (strcmp(option, "--json") == 0) {
      request->json = text;
    } else if (strcmp(option, "--seed") == 0) {
      TRY(number(option, text, true, 0, 0x1p53, &value));
      request->options.seed = (uint64_t)value;
    } else if (strcmp(option, "--bootstrap") == 0) {
      TRY(number(option, text, true, 100, 1e6, &value));
      request->options.bootstrap = (int)value;
    } else if (strcmp(option, "--level") == 0) {
      TRY(number(option, text, false, 0.5, 0.9999, &request->options.level));
    } else {
      return FAIL(USAGE,
                  "analyze: unknown option \"%s\"; options: -o FILE, --json FILE, --seed S, --bootstrap B, --level L",
                  option);
    }
  }
  if (request->runs == 0) return FAIL(USAGE, "analyze: one or more run folders were expected");
  return OK;
}

static int analyze(const struct request *request, const struct provenance *provenance) {
  struct study *study = NULL;
  struct fluct *fluct = NULL;
  char output[4200];
  snprintf(output, sizeof output, "%s/analysis.h5", request->run[0]);
  const char *path = request->output ? request->output : output;
  int status = study_open(request->runs, request->run, &study);
  if (status == OK) status = fluct_create(study, &request->options, &fluct);
  if (status == OK) fluct_print(fluct, stdout);
  if (status == OK) status = fluct_write(fluct, provenance, path);
  if (status == OK) printf("\nwritten: %s\n", path);
  if (status == OK && request->json) status = fluct_json(fluct, request->json);
  if (status == OK && request->json) printf("written: %s\n", request->json);
  fluct_free(fluct);
  study_free(study);
  return status;
}

int cmd_analyze(const struct comm *comm, int argc, char **argv) {
  struct request request = {.options = {.seed = 1, .bootstrap = 2000, .level = 0.99},
                            .run = status_malloc(sizeof(char *) * (size_t)argc)};
  struct provenance provenance;
  provenance_fill(comm, argc, argv, &provenance);
  int status = parse(argc, argv, &request);
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? analyze(&request, &provenance) : OK);
  free(request.run);
  return status;
}
