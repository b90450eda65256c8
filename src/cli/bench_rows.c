/* The time of a step that also computes the observables of a history row, relative to a step that does not: without
 * test points, and with TESTS test points. On one rank. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "bench.h"

enum { TESTS = 500 };

static double compare(int repeats, const struct problem *problem) {
  struct observation *observation =
      alloc_small(sizeof *observation * (size_t)(problem->particles->locals > 0 ? problem->particles->locals : 1));
  double step[BENCH_REPEATS], row[BENCH_REPEATS];
  int64_t at = 2;
  bench_steps(problem, 0, 1, observation); /* warm up */
  const int steps = bench_steps_per_measurement(problem, 1);
  for (int t = 0; t < repeats; t++, at += 2 * steps) {
    step[t] = bench_steps(problem, at, steps, NULL);
    row[t] = bench_steps(problem, at + steps, steps, observation);
  }
  free(observation);
  return bench_median(repeats, row) / bench_median(repeats, step);
}

static int measure(const struct bench *bench, const struct bench_ensemble *ensemble, double *ratio) {
  struct problem problem;
  const int status = bench_ensemble(bench, ensemble, &problem);
  if (status == OK) *ratio = compare(bench_repeats(bench), &problem);
  problem_free(&problem);
  return status;
}

static int report_row(struct bench *bench, struct bench_ensemble ensemble) {
  double ratio[2] = {0}; /* without and with test points */
  for (int i = 0; i < 2; i++) {
    ensemble.tests = i * TESTS;
    TRY(measure(bench, &ensemble, &ratio[i]));
  }
  const char *data = ensemble.online ? "online" : "fixed";
  fprintf(bench->out,
          "rows, %s, %s, %s, d = %d, %d x n = %d, P = %d: a step with a row takes %.2f steps, with %d test points "
          "%.2f\n",
          data, bench_unit(bench), bench_precision(bench), ensemble.d, ensemble.networks, ensemble.n, ensemble.P,
          ratio[0], TESTS, ratio[1]);
  json_object(bench->json, NULL);
  json_text(bench->json, "data", data);
  bench_ensemble_json(bench, &ensemble);
  json_integer(bench->json, "tests", TESTS);
  json_real(bench->json, "ratio", ratio[0]);
  json_real(bench->json, "ratio_with_tests", ratio[1]);
  json_end(bench->json);
  return OK;
}

int bench_rows(struct bench *bench) {
  static const int sizes[] = {64, 256, 1024};
  const struct bench_dimensions dimensions = bench_dimensions(bench, 3);
  json_array(bench->json, "rows");
  for (int online = 0; online < 2; online++)
    for (int k = 0; k < dimensions.count; k++)
      for (int i = 0; i < 3; i++) {
        const int d = dimensions.d[k], n = sizes[i];
        const struct bench_ensemble ensemble = {online, n, BENCH_UNITS / n, d, online ? n : BENCH_SAMPLES, 0};
        TRY(report_row(bench, ensemble));
      }
  json_end(bench->json);
  return OK;
}
