/* fixture: the networks, data and dynamics of a test, created from an input text. An error makes the test fail. */
#ifndef MCKEAN_TESTS_FIXTURE_H
#define MCKEAN_TESTS_FIXTURE_H

#include "clt/covariance.h"
#include "harness.h"
#include "run/problem.h"

struct fixture {
  struct problem problem; /* owns the next five members */
  struct config *config;
  struct target *target;
  struct dataset *data;
  struct particles *particles;
  struct dynamics *dynamics;
  struct observation *observation; /* [locals]: the result of the last fixture_observe */
};

/* Collective over world. Format and arguments make the input in YAML, below 8192 bytes; run.isa selects the kernels. */
struct fixture *fixture_create(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fixture_free(struct fixture *fixture);

/* Collective. Takes the steps first .. last-1. No network may diverge. */
void fixture_steps(struct fixture *fixture, int64_t first, int64_t last);

/* Local. Returns dt at a step. */
double fixture_dt(const struct fixture *fixture, int64_t step);

/* Collective. Sets observation for the state at a step; no unit moves. */
void fixture_observe(struct fixture *fixture, int64_t step);

/* Local. Copy unit `unit` of local network number `local` to or from theta [d + 2] = c, b, a_0 .. a_{d-1}. This rank
 * must own the unit. fixture_set is for precision mixed or double only. */
void fixture_get(const struct fixture *fixture, int64_t local, int64_t unit, double *theta);
void fixture_set(struct fixture *fixture, int64_t local, int64_t unit, const double *theta);

/* Collective. Returns f [replicas][points of the set] of all networks, which have one size, on all ranks. The caller
 * frees f. */
double *fixture_outputs(const struct fixture *fixture, enum point_set set);

/* Collective. Returns n d(loss)/d(parameter k) of a unit of local network 0 as a central difference along
 * naive_move. */
double fixture_derivative(struct fixture *fixture, int64_t unit, int k);

/* Local, naive twins of the kernels. phi(x, z) = h(s) of a unit theta [d + 2] at a point x [d], from the definition in
 * particles/unit.h. naive_argument returns s. */
double naive_argument(const struct unit_spec *unit, int d, const double *theta, const double *x);
double naive_phi(const struct unit_spec *unit, int d, const double *theta, const double *x);

/* Local. moved [d + 2] = theta moved by eps along basis vector k of the parameters. On the sphere z moves along the
 * great circle in the direction of the projection of this vector on the tangent space. */
void naive_move(const struct unit_spec *unit, int d, const double *theta, int k, double eps, double *moved);

/* Collective. Returns the covariance of f [replicas][points] of networks of n units, which is equal on all ranks. */
struct covariance *covariance_of(const struct dist_grid *grid, int64_t n, int replicas, int points, const double *f);

#endif
