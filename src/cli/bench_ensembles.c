/* The time of whole steps of ensembles of small networks, per (unit x point) pair, on one rank: for fixed points, and
 * for fresh points at every step (online). Each is compared with steps that compute the activations again for the
 * gradient (dynamics/activations.h). */
#include "base/error.h"
#include "bench.h"
#include "dynamics/outputs.h"

static const double SECONDS = 0.02; /* of one measurement, approximately */

int bench_ensemble(const struct comm *comm, const struct bench_ensemble *ensemble, struct problem *problem) {
  char text[640], data[64], batch[64] = "";
  snprintf(data, sizeof data, "mode: online");
  if (ensemble->online) snprintf(batch, sizeof batch, ", batch: %d", ensemble->P);
  if (!ensemble->online) snprintf(data, sizeof data, "mode: fixed, samples: %d", ensemble->P);
  snprintf(text, sizeof text,
           "run: {precision: single}\nensemble: {n: %d, replicas: %d}\nunit: {type: sigmoid}\n"
           "target: {type: spin, d: %d}\ndata: {%s, test: %d}\n"
           "dynamics: {scheme: %s, stages: [{steps: 1000000, dt: 1e-6%s}]}\n",
           ensemble->n, ensemble->networks, ensemble->d, data, ensemble->tests, ensemble->online ? "sgd" : "gd", batch);
  return bench_problem(comm, text, problem);
}

double bench_steps(const struct problem *problem, int64_t first, int steps, struct observation *observation) {
  const double dt = problem->config->schedule.stage[0].dt, start = comm_time();
  for (int i = 0; i < steps; i++) dynamics_step(problem->dynamics, first + i, dt, observation);
  return (comm_time() - start) / steps;
}

int bench_steps_per_measurement(const struct problem *problem, int64_t step) {
  const double once = bench_steps(problem, step, 1, NULL);
  return once < SECONDS ? (int)(SECONDS / once) : 1;
}

/* Sets ns[0] and ns[1] to the ns per pair with kept and with recomputed activations. */
static void time_steps(const struct problem problem[2], const struct bench_ensemble *ensemble, double ns[2]) {
  double seconds[2][BENCH_REPEATS];
  int steps[2];
  for (int v = 0; v < 2; v++) {
    bench_steps(&problem[v], 0, 1, NULL); /* warm up */
    steps[v] = bench_steps_per_measurement(&problem[v], 1);
  }
  for (int t = 0; t < BENCH_REPEATS; t++)
    for (int v = 0; v < 2; v++) seconds[v][t] = bench_steps(&problem[v], 2 + t * steps[v], steps[v], NULL);
  for (int v = 0; v < 2; v++)
    ns[v] = 1e9 * bench_median(BENCH_REPEATS, seconds[v]) / ((double)BENCH_UNITS * ensemble->P);
}

static int measure(const struct comm *comm, const struct bench_ensemble *ensemble, double ns[2]) {
  struct problem problem[2] = {0};
  int status = bench_ensemble(comm, ensemble, &problem[0]);
  if (status == OK) status = bench_ensemble(comm, ensemble, &problem[1]);
  if (status == OK) {
    outputs_recompute(dynamics_outputs(problem[1].dynamics));
    time_steps(problem, ensemble, ns);
  }
  for (int v = 0; v < 2; v++) problem_free(&problem[v]);
  return status;
}

static int report(struct bench *bench, const char *part, bool online) {
  static const int dimensions[] = {5, 10, 25}, sizes[2][4] = {{64, 256, 1024, 4096}, {64, 128, 256, 512}};
  json_array(bench->json, part);
  for (int k = 0; k < (bench->d ? 1 : 3); k++)
    for (int i = 0; i < 4; i++) {
      const int d = bench->d ? bench->d : dimensions[k], n = sizes[online][i];
      const struct bench_ensemble ensemble = {online, n, BENCH_UNITS / n, d, online ? n : BENCH_SAMPLES, 0};
      double ns[2] = {0};
      TRY(measure(&bench->self, &ensemble, ns));
      fprintf(bench->out, "%s, d = %d, %d x n = %d, P = %d: %.3f ns per pair, %.3f recomputed\n", part, d,
              ensemble.networks, n, ensemble.P, ns[0], ns[1]);
      json_object(bench->json, NULL);
      bench_ensemble_json(bench, &ensemble);
      json_real(bench->json, "ns_per_pair", ns[0]);
      json_real(bench->json, "recomputed_ns_per_pair", ns[1]);
      json_end(bench->json);
    }
  json_end(bench->json);
  return OK;
}

void bench_ensemble_json(const struct bench *bench, const struct bench_ensemble *ensemble) {
  json_integer(bench->json, "d", ensemble->d);
  json_integer(bench->json, "n", ensemble->n);
  json_integer(bench->json, "networks", ensemble->networks);
  json_integer(bench->json, "P", ensemble->P);
}

int bench_ensembles(struct bench *bench) {
  return report(bench, "ensembles", false);
}

int bench_online(struct bench *bench) {
  return report(bench, "online", true);
}
