#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tangent/tangent_kernel.h"

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

void fixture_get(const struct fixture *fixture, int64_t local, int64_t unit, double *theta) {
  tangent_kernel_units(fixture->particles, &fixture->particles->local[local], unit, 1, theta, theta + 2, theta + 1);
}

void fixture_set(struct fixture *fixture, int64_t local, int64_t unit, const double *theta) {
  local_network_set(fixture->particles, &fixture->particles->local[local], unit, 1, theta, theta + 2, theta + 1);
}

double *fixture_outputs(const struct fixture *fixture, enum point_set set) {
  const struct particles *particles = fixture->particles;
  const int64_t points = set == POINTS_TEST ? fixture->data->tests : fixture->data->samples;
  const int64_t numbers = points * particles->ensemble.replicas;
  double *own = malloc(sizeof *own * (size_t)(points * particles->locals + 1)), *f = calloc((size_t)numbers, sizeof *f);
  dynamics_evaluate(fixture->dynamics, 0, set, own);
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].lead)
      memcpy(f + particles->local[s].replica * points, own + s * points, sizeof *f * (size_t)points);
  MPI_Allreduce(MPI_IN_PLACE, f, (int)numbers, MPI_DOUBLE, MPI_SUM, world.mpi);
  free(own);
  return f;
}

double fixture_derivative(struct fixture *fixture, int64_t unit, int k) {
  const struct particles *particles = fixture->particles;
  const double eps = 1e-5;
  double theta[64], moved[64], loss[2];
  fixture_get(fixture, 0, unit, theta);
  for (int side = 0; side < 2; side++) {
    naive_move(&particles->unit, particles->d, theta, k, side ? eps : -eps, moved);
    fixture_set(fixture, 0, unit, moved);
    fixture_observe(fixture, 0);
    loss[side] = fixture->observation[0].loss;
  }
  fixture_set(fixture, 0, unit, theta);
  return (double)particles->local[0].n * (loss[1] - loss[0]) / (2 * eps);
}

double naive_argument(const struct unit_spec *unit, int d, const double *theta, const double *x) {
  const double *a = theta + 2;
  double dot = 0, distance2 = 0;
  for (int k = 0; k < d; k++) {
    dot += a[k] * x[k];
    distance2 += (a[k] - x[k]) * (a[k] - x[k]);
  }
  return unit_table[unit->type].manifold == MANIFOLD_SPHERE ? -unit->alpha * distance2 / 2 : dot + theta[1];
}

double naive_phi(const struct unit_spec *unit, int d, const double *theta, const double *x) {
  return unit_table[unit->type].h(naive_argument(unit, d, theta, x));
}

void naive_move(const struct unit_spec *unit, int d, const double *theta, int k, double eps, double *moved) {
  const bool on_sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE && k >= 2;
  double norm2 = 0;
  for (int i = 0; i < d + 2; i++) moved[i] = theta[i] + (i == k ? eps : 0);
  for (int i = 2; i < d + 2 && on_sphere; i++) moved[i] -= eps * theta[i] * theta[k] / d;
  for (int i = 2; i < d + 2; i++) norm2 += moved[i] * moved[i];
  for (int i = 2; i < d + 2 && on_sphere; i++) moved[i] *= sqrt(d / norm2);
}

struct rows {
  const double *f;
  int64_t points;
};

static int read_rows(void *context, int64_t first, int64_t count, double *f) {
  const struct rows *rows = context;
  memcpy(f, rows->f + first * rows->points, sizeof *f * (size_t)(count * rows->points));
  return OK;
}

struct covariance *covariance_of(const struct dist_grid *grid, int64_t n, int replicas, int points, const double *f) {
  struct rows rows = {f, points};
  struct covariance *covariance;
  assert_ok(covariance_create(grid, n, replicas, points, &(struct covariance_reader){read_rows, &rows}, &covariance));
  return covariance;
}
