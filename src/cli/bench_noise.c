/* Measures the time to draw and add the thermal noise of a step, per number, and the time of a step with a temperature
 * relative to a step without one. Fixed points, d = 10 unless bench->d is given. On one rank. */
#include "base/error.h"
#include "bench.h"
#include "dynamics/noise.h"

enum { UNITS = 100000, POINTS = 100, TILES = 200 };

struct costs {
  double number, step; /* ns per number; time of a step relative to one without noise */
};

static double number_ns(int d, enum precision precision, int64_t step) {
  static double value[TILE * (1024 + ROW_A)];
  const double start = comm_time();
  for (int64_t t = 0; t < TILES; t++) {
    const struct noise noise = {.seed = 1,
                                .step = step,
                                .first_unit = t * TILE,
                                .d = d,
                                .fields = FIELD_BIT_C | FIELD_BIT_A | FIELD_BIT_B,
                                .precision = precision};
    noise_add(&noise, 1e-3, value);
  }
  return 1e9 * (comm_time() - start) / ((double)TILES * TILE * tile_rows(d));
}

static int problem_of(const struct comm *comm, int d, const char *precision, const char *temperature,
                      struct problem *problem) {
  char text[512];
  snprintf(text, sizeof text,
           "run: {precision: %s}\nensemble: {n: %d}\ntarget: {type: spin, d: %d}\ndata: {samples: %d, test: 0}\n"
           "dynamics: {stages: [{steps: 1000, dt: 1e-6%s}]}\n",
           precision, UNITS, d, POINTS, temperature);
  return bench_problem(comm, text, problem);
}

static int measure(const struct bench *bench, int d, enum precision precision, struct costs *costs) {
  const int repeats = bench_repeats(bench);
  struct problem cold = {0}, hot = {0};
  double number[BENCH_REPEATS], without[BENCH_REPEATS], with[BENCH_REPEATS];
  int status = problem_of(&bench->self, d, precision_names[precision], "", &cold);
  if (status == OK) status = problem_of(&bench->self, d, precision_names[precision], ", temperature: 1e-6", &hot);
  if (status == OK) {
    bench_steps(&cold, 0, 1, NULL); /* warm up */
    bench_steps(&hot, 0, 1, NULL);
    for (int t = 0; t < repeats; t++) {
      number[t] = number_ns(d, precision, t);
      without[t] = bench_steps(&cold, 1 + t, 1, NULL);
      with[t] = bench_steps(&hot, 1 + t, 1, NULL);
    }
    *costs =
        (struct costs){bench_median(repeats, number), bench_median(repeats, with) / bench_median(repeats, without)};
  }
  problem_free(&hot);
  problem_free(&cold);
  return status;
}

int bench_noise(struct bench *bench) {
  const int d = bench->d ? bench->d : 10;
  json_array(bench->json, "noise");
  for (int precision = 0; precision < PRECISIONS; precision++) {
    struct costs costs = {0};
    TRY(measure(bench, d, (enum precision)precision, &costs));
    fprintf(bench->out,
            "noise, %s, d = %d: %.2f ns per number; a step with P = %d takes %.2f times as long as without noise\n",
            precision_names[precision], d, costs.number, POINTS, costs.step);
    json_object(bench->json, NULL);
    json_text(bench->json, "precision", precision_names[precision]);
    json_integer(bench->json, "d", d);
    json_real(bench->json, "number_ns", costs.number);
    json_real(bench->json, "step_ratio", costs.step);
    json_end(bench->json);
  }
  json_end(bench->json);
  return OK;
}
