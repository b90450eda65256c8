/* The time of whole steps of ensembles of small networks, per (unit x point) pair, on one rank: for fixed points, and
 * for fresh points at every step (online). Each is compared with steps that compute the activations again for the
 * gradient (dynamics/activations.h). */
#include "base/error.h"
#include "bench.h"
#include "dynamics/outputs.h"

static const double SECONDS = 0.02; /* of one measurement, approximately */

const char *bench_unit(const struct bench *bench) {
  return bench->unit ? bench->unit : "sigmoid";
}

const char *bench_precision(const struct bench *bench) {
  return bench->precision ? bench->precision : "single";
}

static const char *isa_name(const struct bench *bench) {
  return bench->isa ? bench->isa : isa_names[isa_best()];
}

int bench_ensemble(const struct bench *bench, const struct bench_ensemble *ensemble, struct problem *problem) {
  char text[640], data[64], batch[64] = "";
  snprintf(data, sizeof data, "mode: online");
  if (ensemble->online) snprintf(batch, sizeof batch, ", batch: %d", ensemble->P);
  if (!ensemble->online) snprintf(data, sizeof data, "mode: fixed, samples: %d", ensemble->P);
  snprintf(text, sizeof text,
           "run: {precision: %s, isa: %s}\nensemble: {n: %d, replicas: %d}\nunit: {type: %s, alpha: %.17g}\n"
           "target: {type: spin, d: %d}\ndata: {%s, test: %d}\n"
           "dynamics: {scheme: %s, stages: [{steps: 1000000, dt: 1e-6%s}]}\n",
           bench_precision(bench), isa_name(bench), ensemble->n, ensemble->networks, bench_unit(bench),
           1.0 / ensemble->d, ensemble->d, data, ensemble->tests, ensemble->online ? "sgd" : "gd", batch);
  return bench_problem(&bench->self, text, problem);
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
static void time_steps(int repeats, const struct problem problem[2], const struct bench_ensemble *ensemble,
                       double ns[2]) {
  double seconds[2][BENCH_REPEATS];
  int steps[2];
  for (int v = 0; v < 2; v++) {
    bench_steps(&problem[v], 0, 1, NULL); /* warm up */
    steps[v] = bench_steps_per_measurement(&problem[v], 1);
  }
  for (int t = 0; t < repeats; t++)
    for (int v = 0; v < 2; v++) seconds[v][t] = bench_steps(&problem[v], 2 + t * steps[v], steps[v], NULL);
  for (int v = 0; v < 2; v++) ns[v] = 1e9 * bench_median(repeats, seconds[v]) / ((double)BENCH_UNITS * ensemble->P);
}

static int measure(const struct bench *bench, const struct bench_ensemble *ensemble, double ns[2]) {
  struct problem problem[2] = {0};
  int status = bench_ensemble(bench, ensemble, &problem[0]);
  if (status == OK) status = bench_ensemble(bench, ensemble, &problem[1]);
  if (status == OK) {
    outputs_recompute(dynamics_outputs(problem[1].dynamics));
    time_steps(bench_repeats(bench), problem, ensemble, ns);
  }
  for (int v = 0; v < 2; v++) problem_free(&problem[v]);
  return status;
}

static int report(struct bench *bench, const char *part, bool online) {
  static const int sizes[2][4] = {{64, 256, 1024, 4096}, {64, 128, 256, 512}};
  const struct bench_dimensions dimensions = bench_dimensions(bench, 3);
  json_array(bench->json, part);
  for (int k = 0; k < dimensions.count; k++)
    for (int i = 0; i < 4; i++) {
      const int d = dimensions.d[k], n = sizes[online][i];
      const struct bench_ensemble ensemble = {online, n, BENCH_UNITS / n, d, online ? n : BENCH_SAMPLES, 0};
      double ns[2] = {0};
      TRY(measure(bench, &ensemble, ns));
      fprintf(bench->out, "%s, %s, %s, d = %d, %d x n = %d, P = %d: %.3f ns per pair, %.3f recomputed\n", part,
              bench_unit(bench), bench_precision(bench), d, ensemble.networks, n, ensemble.P, ns[0], ns[1]);
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
  json_text(bench->json, "unit", bench_unit(bench));
  json_text(bench->json, "precision", bench_precision(bench));
  json_text(bench->json, "isa", isa_name(bench));
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
