#include "bench.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "base/error.h"

double bench_median(int count, double *values) {
  gsl_sort(values, 1, (size_t)count);
  return gsl_stats_median_from_sorted_data(values, 1, (size_t)count);
}

int bench_repeats(const struct bench *bench) {
  return bench->quick ? BENCH_QUICK_REPEATS : BENCH_REPEATS;
}

struct bench_dimensions bench_dimensions(const struct bench *bench, int count) {
  if (bench->d || bench->quick) return (struct bench_dimensions){1, {bench->d ? bench->d : 10}};
  return (struct bench_dimensions){count, {5, 10, 25, 100}};
}

int bench_problem(const struct comm *comm, const char *text, struct problem *problem) {
  struct config *config;
  *problem = (struct problem){0};
  TRY(config_parse("bench", text, &config));
  return problem_create(comm, config, problem);
}
