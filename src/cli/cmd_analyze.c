#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/analyses.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "clt/clt.h"
#include "fluctuations/plateau.h"
#include "io/durable_file.h"
#include "study/condition.h"
#include "study/results.h"
#include "study/study.h"

const char cmd_analyze_options[] = "  RUN ...             run folders, analyzed as one study; all need the same\n"
                                   "                      points and recorded times\n"
                                   "  --tables            print all tables, verdicts and limits, not only a summary\n"
                                   "  -o FILE             results in HDF5 (default: analysis.h5 in the first RUN);\n"
                                   "                      also writes the tables to analysis.txt and the results\n"
                                   "                      in JSON to analysis.json, or FILE with these endings.\n"
                                   "                      The group sources contains path, checksum and last step\n"
                                   "                      of each history, by which plot and report detect\n"
                                   "                      results of another run or of an older state\n"
                                   "  --json FILE         results in JSON, to this file instead\n"
                                   "  --level L           confidence level of the intervals, 0.5 to 0.9999 (default\n"
                                   "                      0.99)\n"
                                   "  --tolerance TOL     tolerance of slopes in the verdicts, 0 to 1 (default 0.05)\n"
                                   "  --bootstrap B       bootstrap samples of the replicas, 100 to 10^6 (default\n"
                                   "                      2000)\n"
                                   "  --seed S            seed of all random draws (default 1)\n"
                                   "error of trained networks\n"
                                   "  --window T1:T2      average log loss over the rows from t = T1 to T2: slopes\n"
                                   "                      in n, test of a plateau in t\n"
                                   "central limit theorem of the field\n"
                                   "  --vectors M         number of projections, 0 to 256 (default 20); 0: skip\n"
                                   "                      these tests\n"
                                   "  --clt-time T        test at this recorded time only\n"
                                   "  --null SAMPLES      compare the eigenvalues of C_n with those of this many\n"
                                   "                      Gaussian samples (default 0)\n"
                                   "  --predicted FILE    compare n V_n and the covariance with a prediction,\n"
                                   "                      FILE of `mckean predict`\n"
                                   "conditions: exit code 1 if one is not met, with a line for each time or n;\n"
                                   "repeat the option to add more\n"
                                   "  --expect NAME=SLOPE[+-TOL][@T]  the interval of the slope of NAME in n lies in\n"
                                   "                                  SLOPE +- TOL: V=-1+-0.05\n"
                                   "  --expect NAME=SLOPE~TOL[@T]     the slope itself lies there, and has an\n"
                                   "                                  interval: V_sgd=-0.5~0.15@30\n"
                                   "  --expect NAME.p=P...            the same for p in the fit L + A n^-p of a\n"
                                   "                                  loss; if P is 1, chi^2 must not reject p = 1:\n"
                                   "                                  loss.p=1~0.15@100\n"
                                   "  --expect NAME.heal=FACTOR       the interval of max/end of n V lies above\n"
                                   "                                  FACTOR for each n: V_train.heal=10\n"
                                   "  --expect NAME.decay=SLOPE...    the same for the slope in n of a loss over\n"
                                   "                                  --window: test_loss.decay=-1~0.1\n"
                                   "  --expect NAME.width=HALF        the interval of that slope is narrower than +-\n"
                                   "                                  HALF: test_loss.width=0.05\n"
                                   "  --expect NAME.local             each local slope, from n to the next n, is\n"
                                   "                                  compatible with it: test_loss.local\n"
                                   "  --expect NAME.plateau=TOL       for each n the interval of d log loss / d log\n"
                                   "                                  t over --window lies in 0 +- TOL\n"
                                   "  --expect NAME.predicted=HALF[:N][@T]\n"
                                   "                                  n NAME of each n from N on (default: the\n"
                                   "                                  largest n), divided by its prediction: the\n"
                                   "                                  interval contains 1, is at most +- HALF, and\n"
                                   "                                  excludes 1 if the prediction is multiplied\n"
                                   "                                  or divided by 1 + 1.5 HALF: V.predicted=0.1\n"
                                   "  --expect clt[@T]                fluctuations agree with the central limit\n"
                                   "                                  theorem for each n\n"
                                   "  NAME: as in the tables, V, V_train, V_init, V_sgd, loss, test_loss, ... TOL:\n"
                                   "    default --tolerance\n"
                                   "  T: a recorded time (default: all; for slopes and p, all after 0)\n";

struct request {
  int runs;
  char **run;
  const char *output, *json; /* NULL: <first run>/analysis.h5; its name with the ending .json */
  bool tables;
  struct analysis_options options;
  int conditions;
  struct condition *condition;
};

static int take_condition(const struct option *option, const char *text, void *member) {
  (void)option;
  struct request *request = member;
  return analyses_condition(text, &request->condition[request->conditions++]);
}

static int take_window(const struct option *option, const char *text, void *member) {
  double *window = member;
  int end = -1;
  if (sscanf(text, "%lf:%lf%n", &window[0], &window[1], &end) == 2 && !text[end] && window[0] > 0 &&
      window[1] > window[0] && isfinite(window[1]))
    return OK;
  return FAIL(USAGE, "%s: expected two times T1:T2 with 0 < T1 < T2, received \"%s\"", option->name, text);
}

static const struct option options_table[] = {
    OPTION("-o", option_file, struct request, output),
    OPTION("--json", option_file, struct request, json),
    OPTION("--tables", option_flag, struct request, tables),
    OPTION_IN("--seed", option_int64, struct request, options.seed, 0, 0x1p53),
    OPTION_IN("--bootstrap", option_int, struct request, options.bootstrap, 100, 1e6),
    OPTION_IN("--level", option_number, struct request, options.level, 0.5, 0.9999),
    OPTION_IN("--tolerance", option_number, struct request, options.tolerance, 0, 1),
    OPTION("--window", take_window, struct request, options.window),
    OPTION_IN("--vectors", option_int, struct request, options.clt_vectors, 0, CLT_VECTORS_MAX),
    OPTION_IN("--clt-time", option_number, struct request, options.clt_time, 0, 1e300),
    OPTION("--predicted", option_file, struct request, options.predicted),
    OPTION_IN("--null", option_int, struct request, options.clt_nulls, 0, 1e4),
    {"--expect", take_condition, 0, 0, 0},
};

static int parse(int argc, char **argv, struct request *request) {
  TRY(option_parse(OPTIONS(options_table), argc, argv, request, &request->runs));
  request->run = argv;
  const double *window = request->options.window;
  for (int k = 0; k < request->conditions; k++)
    if (analyses_judges(&plateau_analysis, &request->condition[k]) && !(window[1] > window[0]))
      return FAIL(USAGE, "analyze: --expect %s needs --window T1:T2", request->condition[k].text);
  return request->runs > 0 ? OK : FAIL(USAGE, "analyze: expected one or more run folders");
}

/* A study and the results of the analyses. */
struct outcome {
  struct study *study;
  void *state[ANALYSES];    /* results of each row of analyses_table */
  struct findings findings; /* on rank 0 */
};

/* Computes the analyses. As soon as an analysis is complete, checks the conditions on it, so that an invalid condition
 * is reported early. Collective. */
static int create(const struct comm *comm, const struct request *request, struct outcome *outcome) {
  struct analysis_input input = {
      .comm = comm, .study = outcome->study, .folder = request->run, .options = &request->options};
  for (int i = 0; i < ANALYSES; i++) {
    const struct analysis *analysis = analyses_table[i];
    int status = OK;
    if (analysis->collective || comm->rank == 0) status = analysis->create(&input, &outcome->state[i]);
    if (!analysis->collective) status = comm_agree(comm, status);
    for (int k = 0; k < request->conditions && status == OK && comm->rank == 0; k++)
      if (analyses_judges(analysis, &request->condition[k]))
        status = condition_check(&request->condition[k], outcome->state[i], outcome->study);
    TRY(comm_agree(comm, status));
  }
  return OK;
}

/* Collects verdicts and limits, then judges the conditions at each time or n. Returns the number of findings with
 * VERDICT_NOT_MET. */
static int judge(const struct request *request, struct outcome *outcome) {
  int unmet = 0;
  for (int i = 0; i < ANALYSES; i++)
    if (analyses_table[i]->findings) analyses_table[i]->findings(outcome->state[i], &outcome->findings);
  for (int k = 0; k < request->conditions; k++)
    for (int i = 0; i < ANALYSES; i++)
      if (analyses_judges(analyses_table[i], &request->condition[k]))
        request->condition[k].kind->judge(outcome->state[i], &request->condition[k], &outcome->findings);
  for (int f = 0; f < outcome->findings.count; f++) unmet += outcome->findings.finding[f].verdict == VERDICT_NOT_MET;
  return unmet;
}

/* Prints all tables, verdicts, limits and conditions. */
static void print(const struct request *request, const struct outcome *outcome, FILE *out) {
  const double level = 100 * request->options.level;
  for (int i = 0; i < ANALYSES; i++)
    if (analyses_table[i]->print) analyses_table[i]->print(outcome->state[i], out);
  fprintf(out,
          "\nverdicts at %.4g %% confidence, tolerance %g (at fixed t: LLN, V_n = O(1/n), slope -1; data, V_sgd = "
          "O(1/P))\n",
          level, request->options.tolerance);
  findings_print(&outcome->findings, FINDING_VERDICT, FINDING_NOTE, out);
  fprintf(out, "\nlimits of the data\n");
  findings_print(&outcome->findings, FINDING_LIMIT, FINDING_LIMIT, out);
  if (request->conditions > 0) fprintf(out, "\nconditions at %.4g %% confidence\n", level);
  findings_print(&outcome->findings, FINDING_CONDITION, FINDING_CONDITION, out);
}

static void summarize_study(const struct request *request, const struct study *study, struct digest *digest) {
  const int64_t replicas = study_common_initials(study);
  const int last = study->sizes - 1;
  char n[64], count[48] = "replicas of each", streams[48] = "", times[64] = "";
  snprintf(n, sizeof n, last > 0 ? "n = %lld to %lld, %d sizes" : "n = %lld", (long long)study->n[0],
           (long long)study->n[last], study->sizes);
  if (replicas > 0) snprintf(count, sizeof count, "%lld replica%s", (long long)replicas, replicas == 1 ? "" : "s");
  if (study->streams > 1) snprintf(streams, sizeof streams, " x %lld data streams", (long long)study->streams);
  if (!isnan(study->time[study->times - 1])) snprintf(times, sizeof times, " to t = %g", study->time[study->times - 1]);
  digest_add(digest, "study", "%d run%s, %s, %s%s%s; %.4g %% intervals", study->runs, study->runs == 1 ? "" : "s", n,
             count, streams, times, 100 * request->options.level);
}

/* Where the results are. */
struct result_files {
  char results[PATH_BYTES], json[PATH_BYTES], text[PATH_BYTES];
};

/* Prints at most DIGEST_LINES - 1 lines, and the conditions. */
enum { LIMIT_LINES = 4 };
static void summarize(const struct request *request, const struct outcome *outcome) {
  struct digest digest = {.out = stdout, .most = DIGEST_LINES - 3};
  summarize_study(request, outcome->study, &digest);
  for (int i = 0; i < ANALYSES; i++)
    if (analyses_table[i]->summary) analyses_table[i]->summary(outcome->state[i], &outcome->findings, &digest);
  digest.most = DIGEST_LINES - 1;
  digest_findings(&digest, &outcome->findings, FINDING_WARNING, "warnings");
  if (digest.most > digest.lines + LIMIT_LINES) digest.most = digest.lines + LIMIT_LINES;
  digest_findings(&digest, &outcome->findings, FINDING_LIMIT, "limits");
  findings_print(&outcome->findings, FINDING_CONDITION, FINDING_CONDITION, stdout);
}

static struct result_files result_files(const struct request *request) {
  struct result_files files;
  if (request->output)
    snprintf(files.results, sizeof files.results, "%s", request->output);
  else
    snprintf(files.results, sizeof files.results, "%s/analysis.h5", request->run[0]);
  const char *slash = strrchr(files.results, '/'), *name = slash ? slash + 1 : files.results, *dot = strrchr(name, '.');
  const int stem = (int)(dot && dot > name ? (size_t)(dot - files.results) : strlen(files.results));
  snprintf(files.text, sizeof files.text, "%.*s.txt", stem, files.results);
  snprintf(files.json, sizeof files.json, "%.*s.json", stem, files.results);
  if (request->json) snprintf(files.json, sizeof files.json, "%s", request->json);
  return files;
}

static int write_text(const struct request *request, const struct outcome *outcome, const char *path) {
  char *text;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out) die("no memory for tables");
  print(request, outcome, out);
  if (fclose(out) != 0) die("no memory for tables");
  const int status = results_text(text, path);
  free(text);
  return status;
}

/* Adds the group "sources": what the results were computed from. */
static void add_sources(const struct study *study, struct results *results) {
  const size_t runs = (size_t)study->runs;
  const char **path = alloc_small(sizeof *path * runs), **mark = alloc_small(sizeof *mark * runs);
  int64_t *step = alloc_small(sizeof *step * runs);
  for (int run = 0; run < study->runs; run++) {
    path[run] = study->source[run].path;
    mark[run] = study->source[run].mark;
    step[run] = study->source[run].step;
  }
  results_group(results, "sources");
  results_dimensions(results, "run", NULL);
  results_integers(results, "step", "last recorded step of each run", study->runs, step);
  results_lines(results, "history", study->runs, path);
  results_words(results, "checksum", study->runs, mark);
  free(step);
  free(mark);
  free(path);
}

static int write_files(const struct request *request, const struct outcome *outcome,
                       const struct provenance *provenance, const struct result_files *files) {
  struct results *results = results_create();
  for (int i = 0; i < ANALYSES; i++)
    if (analyses_table[i]->results) analyses_table[i]->results(outcome->state[i], results);
  add_sources(outcome->study, results);
  results_findings(results, &outcome->findings);
  int status = results_write(results, outcome->study->config, provenance, files->results);
  if (status == OK) status = results_json(results, files->json);
  if (status == OK) status = write_text(request, outcome, files->text);
  results_free(results);
  return status;
}

static void print_files(const struct request *request, const struct result_files *files) {
  const char *json = request->json ? files->json : ".json", *dot = strrchr(files->results, '.');
  const bool stem = dot && strcmp(dot, ".h5") == 0;
  printf("%-10s%s (%s), %s and %s\n", "written", files->text,
         request->tables ? "these tables" : "all tables; or use --tables", json, stem ? dot : files->results);
}

/* Judges, writes and prints the results. Local, on rank 0. FAILED: a condition is not met, or a file cannot be
 * written. */
static int report(const struct request *request, struct outcome *outcome, const struct provenance *provenance) {
  const int unmet = judge(request, outcome);
  const struct result_files files = result_files(request);
  TRY(write_files(request, outcome, provenance, &files));
  if (request->tables)
    print(request, outcome, stdout);
  else
    summarize(request, outcome);
  if (request->tables) putchar('\n');
  print_files(request, &files);
  fflush(stdout); /* so that the results precede the error text on stderr */
  return unmet > 0 ? FAIL(FAILED, "analyze: %d condition%s not met, see above", unmet, unmet == 1 ? " is" : "s are")
                   : OK;
}

/* Collective. */
static int analyze(const struct comm *comm, const struct request *request, const struct provenance *provenance) {
  struct outcome outcome = {0};
  int status = comm_agree(comm, study_open(request->runs, request->run, &outcome.study));
  if (status == OK) status = create(comm, request, &outcome);
  if (status == OK) status = comm_agree(comm, comm->rank == 0 ? report(request, &outcome, provenance) : OK);
  for (int i = ANALYSES - 1; i >= 0; i--) analyses_table[i]->free(outcome.state[i]);
  findings_free(&outcome.findings);
  study_free(outcome.study);
  return status;
}

int cmd_analyze(const struct comm *comm, int argc, char **argv) {
  struct request request = {
      .options =
          {.seed = 1, .bootstrap = 2000, .level = 0.99, .tolerance = 0.05, .clt_vectors = CLT_VECTORS, .clt_time = NAN},
      .condition = alloc_small(sizeof(struct condition) * (size_t)argc)};
  struct provenance provenance;
  provenance_fill(comm, argc, argv, &provenance);
  int status = parse(argc, argv, &request);
  if (status == OK) status = analyze(comm, &request, &provenance);
  free(request.condition);
  return status;
}
