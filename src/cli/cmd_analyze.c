#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "clt/clt_fields.h"
#include "fluctuations/bimodality.h"
#include "fluctuations/empirical_measure.h"
#include "fluctuations/fluctuations.h"
#include "fluctuations/healing.h"
#include "fluctuations/loss_decay.h"
#include "io/durable_file.h"
#include "study/condition.h"
#include "study/results.h"
#include "study/study.h"

const char cmd_analyze_options[] =
    "  RUN ...             run folders; several are one study: all on the same points at the same times\n"
    "  -o FILE             results in HDF5 (default: analysis.h5 in the first RUN)\n"
    "  --json FILE         results in JSON\n"
    "  --level L           confidence of the intervals, 0.5 to 0.9999 (default 0.99)\n"
    "  --tolerance TOL     of slopes in the verdicts, 0 to 1 (default 0.05)\n"
    "  --bootstrap B       resamplings of the replicas, 100 to 10^6 (default 2000)\n"
    "  --seed S            of all that is drawn at random (default 1)\n"
    "central limit theorem of the field\n"
    "  --vectors M         projections, 0 to 256 (default 20); 0: skip it\n"
    "  --clt-time T        at this recorded time only\n"
    "  --null SAMPLES      compare the eigenvalues of C_n with those of this many Gaussian samples (default 0)\n"
    "conditions; exit code 1 where one is not met, with a line for each time or n. May be given several times\n"
    "  --expect NAME=SLOPE[+-TOL][@T]  the interval of the slope of NAME in n lies in SLOPE +- TOL: V=-1+-0.05\n"
    "  --expect NAME=SLOPE~TOL[@T]     the slope itself does, and has an interval: V_sgd=-0.5~0.15@30\n"
    "  --expect NAME.p=P...            the same for p of the law L + A n^-p of a loss; p = 1 is not rejected\n"
    "                                  by its chi^2 where P is 1: loss.p=1~0.15@100\n"
    "  --expect NAME.heal=FACTOR       the interval of max/end of n V lies above FACTOR for each n: V_train.heal=10\n"
    "  --expect clt[@T]                fluctuations are those of the central limit theorem for each n\n"
    "  NAME: as in the tables, V, V_train, V_init, V_sgd, loss, test_loss, ... TOL: default --tolerance\n"
    "  T: a recorded time; without it every one, of slopes and p those after 0\n";

struct request {
  int runs;
  char **run;
  const char *output, *json; /* NULL: <first run>/analysis.h5, none */
  struct fluctuations_options options;
  struct clt_options clt;
  int expects;
  struct condition *expect;
  int clt_expects;
  double *clt_expect; /* times */
};

static int take_expect(const struct option *option, const char *text, void *member) {
  (void)option;
  struct request *request = member;
  return clt_expect_is(text) ? clt_expect_parse(text, &request->clt_expect[request->clt_expects++])
                             : condition_parse(text, &request->expect[request->expects++]);
}

static const struct option options_table[] = {
    OPTION("-o", option_file, struct request, output),
    OPTION("--json", option_file, struct request, json),
    OPTION_IN("--seed", option_int64, struct request, options.seed, 0, 0x1p53),
    OPTION_IN("--bootstrap", option_int, struct request, options.bootstrap, 100, 1e6),
    OPTION_IN("--level", option_number, struct request, options.level, 0.5, 0.9999),
    OPTION_IN("--tolerance", option_number, struct request, options.tolerance, 0, 1),
    OPTION_IN("--vectors", option_int, struct request, clt.vectors, 0, CLT_VECTORS_MAX),
    OPTION_IN("--clt-time", option_number, struct request, clt.time, 0, 1e300),
    OPTION_IN("--null", option_int, struct request, clt.nulls, 0, 1e4),
    {"--expect", take_expect, 0, 0, 0},
};

static int parse(int argc, char **argv, struct request *request) {
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, &request->runs));
  request->run = argv;
  return request->runs > 0 ? OK : FAIL(USAGE, "analyze: one or more run folders were expected");
}

/* Everything that is made of a study, in the order in which it is told. */
struct analysis {
  struct study *study;
  struct fluctuations *fluct;
  struct healing *heal;
  struct loss_decay *rate;
  struct bimodality *spread;
  struct clt_fields *clt;
  struct empirical_measure *measure;
};

/* On rank 0. */
static int create(const struct request *request, struct analysis *a) {
  TRY(fluctuations_create(a->study, &request->options, &a->fluct));
  a->heal = healing_create(a->fluct);
  TRY(loss_decay_create(a->fluct, &a->rate));
  TRY(bimodality_create(a->study, &a->spread));
  return condition_check_names(request->expects, request->expect, a->heal);
}

static void print(const struct analysis *a) {
  fluctuations_print(a->fluct, stdout);
  healing_print(a->heal, stdout);
  loss_decay_print(a->rate, stdout);
  clt_fields_print(a->clt, stdout);
  empirical_measure_print(a->measure, stdout);
  fluctuations_print_verdicts(a->fluct, stdout);
  healing_print_verdicts(a->heal, stdout);
  loss_decay_print_verdicts(a->rate, stdout);
  clt_fields_print_verdicts(a->clt, stdout);
  empirical_measure_print_verdicts(a->measure, stdout);
  bimodality_print_warnings(a->spread, stdout);
  fluctuations_print_limits(a->fluct, stdout);
}

static int write_files(const struct request *request, const struct analysis *a, const struct provenance *provenance) {
  char output[PATH_BYTES];
  snprintf(output, sizeof output, "%s/analysis.h5", request->run[0]);
  const char *path = request->output ? request->output : output;
  struct results *results = results_create();
  fluctuations_results(a->fluct, results);
  healing_results(a->heal, results);
  loss_decay_results(a->rate, results);
  bimodality_results(a->spread, results);
  clt_fields_results(a->clt, results);
  empirical_measure_results(a->measure, results);
  int status = results_write(results, a->study->config, provenance, path);
  if (status == OK) printf("\nwritten: %s\n", path);
  if (status == OK && request->json) status = results_json(results, request->json);
  if (status == OK && request->json) printf("written: %s\n", request->json);
  results_free(results);
  return status;
}

/* On rank 0. */
static int tell(const struct request *request, const struct analysis *a, const struct provenance *provenance) {
  print(a);
  const int unmet = condition_print(request->expects, request->expect, a->heal, stdout) +
                    clt_expect_print(a->clt, request->expects == 0, request->clt_expects, request->clt_expect, stdout);
  TRY(write_files(request, a, provenance));
  fflush(stdout); /* before what rank 0 says on stderr */
  return unmet > 0 ? FAIL(FAILED, "analyze: %d expectation%s not met, see above", unmet, unmet == 1 ? " is" : "s are")
                   : OK;
}

/* Rank 0 does all but the linear algebra of fields and the reading of units, which take all ranks. */
static int analyze(const struct comm *comm, struct request *request, const struct provenance *provenance) {
  struct analysis a = {0};
  request->clt.seed = request->options.seed;
  int status = comm_agree(comm, study_open(request->runs, request->run, &a.study));
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? create(request, &a) : OK);
  if (status == OK) status = clt_fields_create(comm, a.study, &request->clt, &a.clt);
  if (status == OK) status = empirical_measure_create(comm, a.study, request->run, &request->options, &a.measure);
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? tell(request, &a, provenance) : OK);
  empirical_measure_free(a.measure);
  clt_fields_free(a.clt);
  bimodality_free(a.spread);
  loss_decay_free(a.rate);
  healing_free(a.heal);
  fluctuations_free(a.fluct);
  study_free(a.study);
  return status;
}

int cmd_analyze(const struct comm *comm, int argc, char **argv) {
  struct request request = {.options = {.seed = 1, .bootstrap = 2000, .level = 0.99, .tolerance = 0.05},
                            .clt = {.vectors = CLT_VECTORS, .time = NAN},
                            .expect = alloc_small(sizeof(struct condition) * (size_t)argc),
                            .clt_expect = alloc_small(sizeof(double) * (size_t)argc)};
  struct provenance provenance;
  provenance_fill(comm, argc, argv, &provenance);
  int status = parse(argc, argv, &request);
  if (status == OK) status = analyze(comm, &request, &provenance);
  free(request.expect);
  free(request.clt_expect);
  return status;
}
