#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture *fixture_create(const char *format, ...) {
  char text[8192];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  struct fixture *fixture = calloc(1, sizeof *fixture);
  struct problem *problem = &fixture->problem;
  struct config *config;
  assert_ok(config_parse("test", text, &config));
  assert_ok(problem_create(&world, config, problem));
  fixture->config = config;
  fixture->target = problem->target;
  fixture->data = problem->data;
  fixture->particles = problem->particles;
  fixture->dynamics = problem->dynamics;
  return fixture;
}

void fixture_free(struct fixture *fixture) {
  problem_free(&fixture->problem);
  free(fixture->observation);
  free(fixture);
}

double fixture_dt(const struct fixture *fixture, int64_t step) {
  const struct schedule *schedule = &fixture->config->schedule;
  return schedule->stage[schedule_stage(schedule, step)].dt;
}

void fixture_steps(struct fixture *fixture, int64_t first, int64_t last) {
  for (int64_t step = first; step < last; step++) {
    assert_ok(dynamics_enter_stage(fixture->dynamics, schedule_stage(&fixture->config->schedule, step)));
    dynamics_step(fixture->dynamics, step, fixture_dt(fixture, step), NULL);
  }
  assert_ok(dynamics_check(fixture->dynamics, last, true));
}

void fixture_observe(struct fixture *fixture, int64_t step) {
  assert_ok(dynamics_enter_stage(fixture->dynamics, schedule_stage(&fixture->config->schedule, step)));
  free(fixture->observation);
  fixture->observation = malloc(sizeof *fixture->observation * (size_t)(fixture->particles->locals + 1));
  dynamics_step(fixture->dynamics, step, 0, fixture->observation);
}

void fixture_get(const struct fixture *fixture, int64_t network, int64_t unit, double *theta) {
  local_network_get(fixture->particles, &fixture->particles->local[network], unit, 1, theta, theta + 2, theta + 1);
}

void fixture_set(struct fixture *fixture, int64_t network, int64_t unit, const double *theta) {
  local_network_set(fixture->particles, &fixture->particles->local[network], unit, 1, theta, theta + 2, theta + 1);
}
