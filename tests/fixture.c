#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture *fixture_create(const char *format, ...) {
  char text[8192];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  struct fixture *problem = calloc(1, sizeof *problem);
  assert_ok(config_parse("test", text, &problem->config));
  const struct config *config = problem->config;
  assert_ok(target_create(&world, &config->target, &problem->target));
  assert_ok(dataset_create(problem->target, &config->data, &problem->data));
  double cost[ENSEMBLE_MAX];
  for (int e = 0; e < config->ensemble.members; e++)
    cost[e] = schedule_cost(&config->schedule, 0, config->ensemble.n[e], problem->data);
  assert_ok(particles_create(&world, &config->ensemble, &config->unit, problem->target->d,
                             (enum precision)config->precision, cost, &problem->particles));
  particles_init(problem->particles, config->seed);
  const enum isa isa = config->isa < 0 ? isa_best() : (enum isa)config->isa;
  assert_ok(
      dynamics_create(problem->particles, problem->data, &config->schedule, isa, config->threads, &problem->dynamics));
  assert_ok(dynamics_enter_stage(problem->dynamics, 0));
  return problem;
}

void fixture_free(struct fixture *problem) {
  dynamics_free(problem->dynamics);
  particles_free(problem->particles);
  dataset_free(problem->data);
  target_free(problem->target);
  config_free(problem->config);
  free(problem->observation);
  free(problem);
}

void fixture_steps(struct fixture *problem, int64_t first, int64_t last) {
  for (int64_t step = first; step < last; step++) {
    assert_ok(dynamics_enter_stage(problem->dynamics, schedule_stage(&problem->config->schedule, step)));
    dynamics_step(problem->dynamics, step, true, NULL);
  }
  assert_ok(dynamics_check(problem->dynamics, last, true));
}

void fixture_observe(struct fixture *problem, int64_t step) {
  assert_ok(dynamics_enter_stage(problem->dynamics, schedule_stage(&problem->config->schedule, step)));
  free(problem->observation);
  problem->observation = malloc(sizeof *problem->observation * (size_t)(problem->particles->locals + 1));
  dynamics_step(problem->dynamics, step, false, problem->observation);
}

void fixture_get(const struct fixture *problem, int64_t network, int64_t unit, double *theta) {
  local_network_get(problem->particles, &problem->particles->local[network], unit, 1, theta, theta + 2, theta + 1);
}

void fixture_set(struct fixture *problem, int64_t network, int64_t unit, const double *theta) {
  local_network_set(problem->particles, &problem->particles->local[network], unit, 1, theta, theta + 2, theta + 1);
}
