/* Measures the time per point to draw fresh points, to compute their labels (spin target), and to do both, the last
 * as a fraction of the time per point of a step with 10^4 units (sigmoid, single precision). All on one rank. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "bench.h"

enum { UNITS = 10000, POINTS = 480, ROUNDS = 20 };

struct costs {
  double draw, label, step; /* ns per point */
};

static double points_ns(const struct dataset *data, double *x, double *y, int64_t step) {
  const double start = comm_time();
  for (int r = 0; r < ROUNDS; r++) {
    const struct batch_position position = {.step = ROUNDS * step + r, .batch = POINTS};
    dataset_points(data, &position, 0, POINTS, x, y);
  }
  return 1e9 * (comm_time() - start) / (ROUNDS * POINTS);
}

static struct costs compare(int repeats, const struct problem *problem) {
  double *x = alloc_small(sizeof *x * POINTS * (size_t)problem->data->d), *y = alloc_small(sizeof *y * POINTS);
  double draw[BENCH_REPEATS], label[BENCH_REPEATS], step[BENCH_REPEATS];
  dynamics_step(problem->dynamics, 0, problem->config->schedule.stage[0].dt, NULL); /* warm up */
  for (int t = 0; t < repeats; t++) {
    draw[t] = points_ns(problem->data, x, NULL, t);
    label[t] = points_ns(problem->data, x, y, t) - draw[t];
    const double start = comm_time();
    dynamics_step(problem->dynamics, 1 + t, problem->config->schedule.stage[0].dt, NULL);
    step[t] = 1e9 * (comm_time() - start) / POINTS;
  }
  free(x);
  free(y);
  return (struct costs){bench_median(repeats, draw), bench_median(repeats, label), bench_median(repeats, step)};
}

static int measure(const struct bench *bench, int d, struct costs *costs) {
  char text[512];
  struct problem problem;
  snprintf(text, sizeof text,
           "run: {precision: single}\nensemble: {n: %d}\nunit: {type: sigmoid}\ntarget: {type: spin, d: %d}\n"
           "data: {mode: online, test: 0}\ndynamics: {scheme: sgd, stages: [{steps: 1000, dt: 1e-6, batch: %d}]}\n",
           UNITS, d, POINTS);
  const int status = bench_problem(&bench->self, text, &problem);
  if (status == OK) *costs = compare(bench_repeats(bench), &problem);
  problem_free(&problem);
  return status;
}

int bench_data(struct bench *bench) {
  const struct bench_dimensions dimensions = bench_dimensions(bench, 4);
  json_array(bench->json, "data");
  for (int i = 0; i < dimensions.count; i++) {
    const int d = dimensions.d[i];
    struct costs costs = {0};
    TRY(measure(bench, d, &costs));
    const double fraction = (costs.draw + costs.label) / costs.step;
    fprintf(bench->out, "fresh points, d = %d: draw %.0f ns, spin label %.0f ns; %.1f %% of the step of %d units\n", d,
            costs.draw, costs.label, 100 * fraction, UNITS);
    json_object(bench->json, NULL);
    json_integer(bench->json, "d", d);
    json_real(bench->json, "draw_ns", costs.draw);
    json_real(bench->json, "label_ns", costs.label);
    json_real(bench->json, "step_fraction", fraction);
    json_end(bench->json);
  }
  json_end(bench->json);
  return OK;
}
