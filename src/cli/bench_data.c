/* Measures the time per point to draw fresh points, to compute their labels (spin target), and to do both, the last
 * as a fraction of the time per point of a step with 10^4 units; then the time per point of the random order of an
 * epoch, and its fraction of the time of the epoch. Sigmoid units, single precision, one rank. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "bench.h"

enum { UNITS = 10000, POINTS = 480, ROUNDS = 20, SAMPLES = 4096, BATCH = 64, EPOCH = SAMPLES / BATCH };

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

/* Sets *order to the ns per point of a random order, and *fraction to its fraction of the time of an epoch. */
static int measure_orders(const struct bench *bench, int64_t n, double *order, double *fraction) {
  char text[512];
  struct problem problem;
  const int repeats = bench_repeats(bench);
  double ns[BENCH_REPEATS], part[BENCH_REPEATS];
  uint32_t rows[SAMPLES];
  snprintf(text, sizeof text,
           "run: {precision: single}\nensemble: {n: %lld}\nunit: {type: sigmoid}\ntarget: {type: spin, d: 10}\n"
           "data: {mode: fixed, samples: %d, test: 0}\n"
           "dynamics: {scheme: sgd, stages: [{steps: 100000, dt: 1e-6, batch: %d}]}\n",
           (long long)n, SAMPLES, BATCH);
  const int status = bench_problem(&bench->self, text, &problem);
  if (status == OK) bench_steps(&problem, 0, EPOCH, NULL); /* warm up */
  for (int t = 0; t < repeats && status == OK; t++) {
    const double start = comm_time();
    for (int r = 0; r < ROUNDS; r++) {
      const struct rng rng = {.seed = 1, .stream = RNG_DATA_ORDER, .step = (uint64_t)(ROUNDS * t + r)};
      rng_shuffle(&rng, 0, SAMPLES, rows);
    }
    const double seconds = (comm_time() - start) / ROUNDS;
    ns[t] = 1e9 * seconds / SAMPLES;
    part[t] = seconds / (EPOCH * bench_steps(&problem, (1 + t) * EPOCH, EPOCH, NULL));
  }
  problem_free(&problem);
  if (status != OK) return status;
  *order = bench_median(repeats, ns);
  *fraction = bench_median(repeats, part);
  return OK;
}

static int bench_orders(const struct bench *bench) {
  const int64_t sizes[] = {64, 4096};
  json_array(bench->json, "orders");
  for (int i = 0; i < (bench->quick ? 1 : 2); i++) {
    double order, fraction;
    TRY(measure_orders(bench, sizes[i], &order, &fraction));
    fprintf(bench->out, "random orders, N = %d, P = %d, d = 10, n = %lld: %.1f ns per point, %.2g %% of an epoch\n",
            SAMPLES, BATCH, (long long)sizes[i], order, 100 * fraction);
    json_object(bench->json, NULL);
    json_integer(bench->json, "n", sizes[i]);
    json_real(bench->json, "order_ns", order);
    json_real(bench->json, "epoch_fraction", fraction);
    json_end(bench->json);
  }
  json_end(bench->json);
  return OK;
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
  return bench_orders(bench);
}
