/* The cost of the exact potential: time per pair of units in a step with data.mode population, on one rank and one
 * thread, and the number of series terms per pair. The potential is computed in double precision for every
 * value of run.precision. */
#include <stdlib.h>

#include "base/error.h"
#include "bench.h"
#include "dynamics/potential.h"

enum { UNITS = 2048 };

static int measure(const struct bench *bench, int d, double alpha, int *terms, double *ns) {
  char text[512];
  double seconds[BENCH_REPEATS];
  const int repeats = bench_repeats(bench);
  struct potential *potential;
  struct problem problem;
  snprintf(text, sizeof text,
           "ensemble: {n: %d}\nunit: {type: rbf, alpha: %.17g}\ntarget: {type: spin, d: %d}\n"
           "data: {mode: population, test: 0}\ndynamics: {stages: [{steps: 1000, dt: 1e-6}]}\n",
           UNITS, alpha, d);
  int status = bench_problem(&bench->self, text, &problem);
  if (status == OK)
    status = potential_create(problem.target, &(struct unit_spec){.type = UNIT_RBF, .alpha = alpha},
                              POTENTIAL_POPULATION, &potential);
  if (status == OK) {
    *terms = potential->terms;
    potential_free(potential);
    dynamics_step(problem.dynamics, 0, problem.config->schedule.stage[0].dt, NULL); /* warm up */
    for (int t = 0; t < repeats; t++) {
      const double start = comm_time();
      dynamics_step(problem.dynamics, 1 + t, problem.config->schedule.stage[0].dt, NULL);
      seconds[t] = comm_time() - start;
    }
    *ns = 1e9 * bench_median(repeats, seconds) / ((double)UNITS * UNITS);
  }
  problem_free(&problem);
  return status;
}

int bench_population(struct bench *bench) {
  static const struct {
    int d;
    double k;
  } some[] = {{3, 5}, {5, 5}, {10, 10}, {25, 25}};
  json_array(bench->json, "population");
  enum { QUICK = 2 }; /* the case that --quick measures */
  const int begin = bench->quick ? QUICK : 0, end = bench->d || bench->quick ? begin + 1 : 4;
  for (int i = begin; i < end; i++) {
    const int d = bench->d ? bench->d : some[i].d;
    const double k = bench->d ? bench->d : some[i].k;
    double ns = 0;
    int terms = 0;
    TRY(measure(bench, d, k / d, &terms, &ns));
    fprintf(bench->out, "exact potential, d = %d, alpha d = %g: %.2f ns per pair of units, %.3g pairs/s (%d terms)\n",
            d, k, ns, 1e9 / ns, terms);
    json_object(bench->json, NULL);
    json_integer(bench->json, "d", d);
    json_real(bench->json, "alpha", k / d);
    json_integer(bench->json, "terms", terms);
    json_real(bench->json, "ns_per_pair", ns);
    json_real(bench->json, "pairs_per_s", 1e9 / ns);
    json_end(bench->json);
  }
  json_end(bench->json);
  return OK;
}
