/* fixture: the networks, data and dynamics of a test, created from an input text. An error makes the test fail. */
#ifndef MCKEAN_TESTS_FIXTURE_H
#define MCKEAN_TESTS_FIXTURE_H

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

/* Local, for precision mixed or double. Copy unit `unit` of own network number `network` to or from theta [d + 2] = c,
 * b, a_0 .. a_{d-1}. This rank must own the unit. */
void fixture_get(const struct fixture *fixture, int64_t network, int64_t unit, double *theta);
void fixture_set(struct fixture *fixture, int64_t network, int64_t unit, const double *theta);

#endif
