/* mckean targets: C_f / d and the linear fraction of spin targets, and their percentiles among random targets.
 *
 * Both are random numbers that depend on target.seed, with exact values for a given seed (data/target_spin.h). Their
 * distribution has no simple form; a percentile is the share of the seeds 1 .. N with a smaller value, in percent. A
 * seed is typical if both percentiles are between 25 and 75. */
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "cli/cmd.h"
#include "cli/option.h"
#include "data/target.h"

const char cmd_targets_options[] = "  SEED ...      target seeds to list (default: 1 to 20)\n"
                                   "  --d D         input dimension, 2 to 100 (default 10)\n"
                                   "  --draws N     percentiles are relative to the seeds 1 to N, 100 to 10^6\n"
                                   "                (default 2000)\n"
                                   "  --typical     list only typical seeds: both percentiles are between 25 and 75\n";

enum { SEEDS_SHOWN = 20, NUMBERS = 2, QUANTILES = 5 };

struct request {
  int d, draws;
  bool typical;
  int seeds;
  uint64_t *seed; /* [seeds] */
};

static const struct option options_table[] = {
    OPTION_IN("--d", option_int, struct request, d, 2, 100),
    OPTION_IN("--draws", option_int, struct request, draws, 100, 1e6),
    OPTION("--typical", option_flag, struct request, typical),
};

/* value[0] = C_f / d, value[1] = the linear fraction of a target. Collective. */
static int describe(const struct comm *comm, int d, uint64_t seed, double value[NUMBERS]) {
  const struct target_spec spec = {.type = TARGET_SPIN, .d = d, .seed = seed};
  struct target *target = NULL;
  TRY(target_create(comm, &spec, &target));
  value[0] = target->C_f / d;
  value[1] = target->linear_fraction;
  target_free(target);
  return OK;
}

/* Returns the percentage of the sorted values that are smaller than x. */
static double percentile(int count, const double *sorted, double x) {
  int smaller = 0;
  while (smaller < count && sorted[smaller] < x) smaller++;
  return 100.0 * smaller / count;
}

/* law [NUMBERS][draws] = the sorted values of the seeds 1 to draws. Collective. */
static int draw_law(const struct comm *comm, const struct request *request, double *law) {
  const size_t draws = (size_t)request->draws;
  for (size_t i = 0; i < draws; i++) {
    double value[NUMBERS];
    TRY(describe(comm, request->d, i + 1, value));
    for (size_t k = 0; k < NUMBERS; k++) law[k * draws + i] = value[k];
  }
  for (size_t k = 0; k < NUMBERS; k++) gsl_sort(law + k * draws, 1, draws);
  return OK;
}

static void print_law(const struct request *request, const double *law) {
  static const double quantile[QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};
  static const char *const name[NUMBERS] = {"C_f / d", "linear fraction"};
  const size_t draws = (size_t)request->draws;
  printf("spin targets, d = %d; percentiles among the seeds 1 to %d\n%-18s", request->d, request->draws, "percentile");
  for (int q = 0; q < QUANTILES; q++) printf("%8.0f", 100 * quantile[q]);
  for (size_t k = 0; k < NUMBERS; k++) {
    printf("\n%-18s", name[k]);
    for (int q = 0; q < QUANTILES; q++)
      printf("%8.3f", gsl_stats_quantile_from_sorted_data(law + k * draws, 1, draws, quantile[q]));
  }
  printf("\n\n%10s %10s %10s %12s %16s %12s\n", "seed", "C_f", "C_f / d", "percentile", "linear fraction",
         "percentile");
}

/* Prints the row of a seed. Collective. */
static int print_seed(const struct comm *comm, const struct request *request, uint64_t seed, const double *law) {
  double value[NUMBERS];
  TRY(describe(comm, request->d, seed, value));
  const double size = percentile(request->draws, law, value[0]);
  const double linear = percentile(request->draws, law + request->draws, value[1]);
  const bool typical = size >= 25 && size <= 75 && linear >= 25 && linear <= 75;
  if (comm->rank == 0 && (typical || !request->typical))
    printf("%10llu %10.4g %10.3f %12.0f %16.3f %12.0f%s\n", (unsigned long long)seed, value[0] * request->d, value[0],
           size, value[1], linear, typical ? "  typical" : "");
  return OK;
}

static int print_seeds(const struct comm *comm, const struct request *request, const double *law) {
  if (comm->rank == 0) print_law(request, law);
  for (int i = 0; i < request->seeds; i++) TRY(print_seed(comm, request, request->seed[i], law));
  return OK;
}

/* Reads the seeds of the command line or, without any, sets the default seeds. */
static int read_seeds(int count, char **text, struct request *request) {
  const struct option row = {"SEED", option_int64, 0, 0, 0x1p53};
  request->seeds = count > 0 ? count : SEEDS_SHOWN;
  request->seed = alloc_small(sizeof *request->seed * (size_t)request->seeds);
  for (int i = 0; i < request->seeds; i++) {
    request->seed[i] = (uint64_t)i + 1;
    if (count > 0) TRY(option_int64(&row, text[i], &request->seed[i]));
  }
  return OK;
}

int cmd_targets(const struct comm *comm, int argc, char **argv) {
  struct request request = {.d = 10, .draws = 2000};
  int count;
  TRY(option_parse(OPTIONS(options_table), argc, argv, &request, &count));
  double *law = alloc_small(sizeof *law * NUMBERS * (size_t)request.draws);
  int status = read_seeds(count, argv, &request);
  if (status == OK) status = draw_law(comm, &request, law);
  if (status == OK) status = print_seeds(comm, &request, law);
  free(request.seed);
  free(law);
  return status;
}
