/* The time of whole steps of ensembles of small networks, per (unit x sample) pair, on one rank: fixed points, and
 * fresh points at every step (online). Also the time of a step that records a row of the history, relative to a step
 * that does not. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "bench.h"

enum { UNITS = 4096, SAMPLES = 500, TESTS = 500 }; /* units of all networks together */
static const double SECONDS = 0.02;                /* of one measurement, approximately */

struct ensemble_times {
  double ns;  /* of a step, per pair */
  double row; /* time of a step with a row over the time of a step */
};

/* Returns the seconds per step of steps `first` .., which record rows if observation is not NULL. */
static double steps_seconds(const struct problem *problem, int64_t first, int steps, struct observation *observation) {
  const double dt = problem->config->schedule.stage[0].dt, start = comm_time();
  for (int i = 0; i < steps; i++) dynamics_step(problem->dynamics, first + i, dt, observation);
  return (comm_time() - start) / steps;
}

static struct ensemble_times compare(const struct problem *problem, double pairs) {
  struct observation *observation =
      alloc_small(sizeof *observation * (size_t)(problem->particles->locals > 0 ? problem->particles->locals : 1));
  double step[BENCH_REPEATS], row[BENCH_REPEATS];
  int64_t at = 1;
  steps_seconds(problem, 0, 1, observation); /* warm up */
  const double once = steps_seconds(problem, at, 1, NULL);
  const int steps = once < SECONDS ? (int)(SECONDS / once) : 1;
  for (int t = 0; t < BENCH_REPEATS; t++, at += 2 * steps) {
    step[t] = steps_seconds(problem, at, steps, NULL);
    row[t] = steps_seconds(problem, at + steps, steps, observation);
  }
  free(observation);
  const double median = bench_median(BENCH_REPEATS, step);
  return (struct ensemble_times){1e9 * median / pairs, bench_median(BENCH_REPEATS, row) / median};
}

static int measure(const struct comm *comm, bool online, int n, int d, struct ensemble_times *times) {
  char text[640], data[64], batch[64] = "";
  struct problem problem;
  snprintf(data, sizeof data, "mode: online");
  if (online) snprintf(batch, sizeof batch, ", batch: %d", n);
  if (!online) snprintf(data, sizeof data, "mode: fixed, samples: %d", SAMPLES);
  snprintf(text, sizeof text,
           "run: {precision: single}\nensemble: {n: %d, replicas: %d}\nunit: {type: sigmoid}\n"
           "target: {type: spin, d: %d}\ndata: {%s, test: %d}\n"
           "dynamics: {scheme: %s, stages: [{steps: 1000000, dt: 1e-6%s}]}\n",
           n, UNITS / n, d, data, TESTS, online ? "sgd" : "gd", batch);
  const int status = bench_problem(comm, text, &problem);
  if (status == OK) *times = compare(&problem, (double)UNITS * (online ? n : SAMPLES));
  problem_free(&problem);
  return status;
}

static int report(struct bench *bench, const char *part, bool online) {
  static const int dimensions[] = {5, 10, 25}, sizes[2][4] = {{64, 256, 1024, 4096}, {64, 128, 256, 512}};
  json_array(bench->json, part);
  for (int k = 0; k < (bench->d ? 1 : 3); k++)
    for (int i = 0; i < 4; i++) {
      const int d = bench->d ? bench->d : dimensions[k], n = sizes[online][i];
      struct ensemble_times times = {0};
      TRY(measure(&bench->self, online, n, d, &times));
      fprintf(bench->out, "%s, d = %d, %d networks of n = %d, P = %d: %.3f ns per pair; with a row %.2f times\n", part,
              d, UNITS / n, n, online ? n : SAMPLES, times.ns, times.row);
      json_object(bench->json, NULL);
      json_integer(bench->json, "d", d);
      json_integer(bench->json, "n", n);
      json_integer(bench->json, "networks", UNITS / n);
      json_real(bench->json, "ns_per_pair", times.ns);
      json_real(bench->json, "row", times.row);
      json_end(bench->json);
    }
  json_end(bench->json);
  return OK;
}

int bench_ensembles(struct bench *bench) {
  return report(bench, "ensembles", false);
}

int bench_online(struct bench *bench) {
  return report(bench, "online", true);
}
