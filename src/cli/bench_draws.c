/* Measures the time per draw of a step of the draws (tangent/draws.h), relative to a step of the reference network that
 * carries them: 16, 32 (the default of mckean predict) and 256 draws, sigmoid units, fixed points. On one rank and one
 * thread. */
#include "base/error.h"
#include "bench.h"
#include "tangent/draws.h"

enum { UNITS = 4096, POINTS = 500, COUNTS = 3 };
static const int counts[COUNTS] = {16, 32, 256}; /* --quick: only the first two */

/* ns: of a step per unit, point and draw; of a step of the network per unit and point. ratio: of both. */
struct costs {
  double ns[COUNTS], ratio[COUNTS], step_ns;
};

static int carry(const struct problem *problem, const struct probe *training, int count, struct draws **draws) {
  const struct particles *particles = problem->particles;
  const struct kernel *kernel = kernel_find(particles->unit.type, particles->precision, problem->isa);
  TRY(draws_create(particles, 0, kernel, training, count, 1, draws));
  draws_start(*draws, 1);
  draws_step(*draws, 1e-9); /* warm up */
  return OK;
}

static double step_seconds(struct draws *draws) {
  const double start = comm_time();
  draws_step(draws, 1e-9);
  return comm_time() - start;
}

static int counts_of(const struct bench *bench) {
  return bench->quick ? COUNTS - 1 : COUNTS;
}

static int measure(const struct bench *bench, const struct problem *problem, const struct probe *training,
                   struct costs *costs) {
  const int repeats = bench_repeats(bench), used = counts_of(bench);
  const double pairs = (double)UNITS * POINTS;
  double step[BENCH_REPEATS], carried[COUNTS][BENCH_REPEATS];
  struct draws *draws[COUNTS] = {NULL};
  int status = OK;
  for (int i = 0; i < used && status == OK; i++) status = carry(problem, training, counts[i], &draws[i]);
  if (status == OK) {
    const int steps = bench_steps_per_measurement(problem, 0);
    for (int t = 0; t < repeats; t++) {
      step[t] = bench_steps(problem, 1 + t * steps, steps, NULL);
      for (int i = 0; i < used; i++) carried[i][t] = step_seconds(draws[i]) / counts[i];
    }
    const double median = bench_median(repeats, step);
    costs->step_ns = 1e9 * median / pairs;
    for (int i = 0; i < used; i++) {
      const double own = bench_median(repeats, carried[i]);
      costs->ns[i] = 1e9 * own / pairs;
      costs->ratio[i] = own / median;
    }
  }
  for (int i = 0; i < COUNTS; i++) draws_free(draws[i]);
  return status;
}

static int one(struct bench *bench, int d, const char *precision) {
  char text[512];
  struct problem problem = {0};
  struct costs costs = {0};
  snprintf(text, sizeof text,
           "run: {precision: %s}\nensemble: {n: %d}\ntarget: {type: spin, d: %d}\ndata: {samples: %d, test: 0}\n"
           "dynamics: {stages: [{steps: 1e6, dt: 1e-6}]}\n",
           precision, UNITS, d, POINTS);
  int status = bench_problem(&bench->self, text, &problem);
  struct probe *training = NULL;
  if (status == OK)
    status =
        probe_create(problem.data, &problem.config->unit, problem.particles->precision, POINTS, PROBE_EVEN, &training);
  if (status == OK) status = measure(bench, &problem, training, &costs);
  probe_free(training);
  problem_free(&problem);
  TRY(status);
  json_object(bench->json, NULL);
  json_integer(bench->json, "d", d);
  json_text(bench->json, "precision", precision);
  json_real(bench->json, "step_ns", costs.step_ns);
  for (int i = 0; i < counts_of(bench); i++) {
    char name[32];
    fprintf(bench->out,
            "draws, %s, d = %d, %d at a time: %.3f ns per unit, point and draw, %.2f times a step (%.3f ns)\n",
            precision, d, counts[i], costs.ns[i], costs.ratio[i], costs.step_ns);
    snprintf(name, sizeof name, "ns_%d", counts[i]);
    json_real(bench->json, name, costs.ns[i]);
    snprintf(name, sizeof name, "ratio_%d", counts[i]);
    json_real(bench->json, name, costs.ratio[i]);
  }
  json_end(bench->json);
  return OK;
}

int bench_draws(struct bench *bench) {
  const struct bench_dimensions dimensions = bench_dimensions(bench, 3);
  static const char *const precisions[] = {"single", "double"};
  json_array(bench->json, "draws");
  for (int p = 0; p < 2; p++)
    for (int i = 0; i < dimensions.count; i++) TRY(one(bench, dimensions.d[i], precisions[p]));
  json_end(bench->json);
  return OK;
}
