/* fixture: the networks of a test, from input text, without files. */
#ifndef MCKEAN_TESTS_FIXTURE_H
#define MCKEAN_TESTS_FIXTURE_H

#include "harness.h"
#include "run/problem.h"

struct fixture {
  struct problem problem; /* owns the five that follow */
  struct config *config;
  struct target *target;
  struct dataset *data;
  struct particles *particles;
  struct dynamics *dynamics;
  struct observation *observation; /* [locals]: the result of the last fixture_observe */
};

/* Collective over world. text: input in YAML; run.isa selects the kernels. */
struct fixture *fixture_create(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fixture_free(struct fixture *fixture);

/* Takes the steps first .. last-1. */
void fixture_steps(struct fixture *fixture, int64_t first, int64_t last);

/* Local. The dt of a step. */
double fixture_dt(const struct fixture *fixture, int64_t step);

/* Fills observation with the state at a step; no unit moves. */
void fixture_observe(struct fixture *fixture, int64_t step);

/* One rank, double precision: unit i of a network, theta = c, b, a_0 .. a_{d-1}. */
void fixture_get(const struct fixture *fixture, int64_t network, int64_t unit, double *theta);
void fixture_set(struct fixture *fixture, int64_t network, int64_t unit, const double *theta);

#endif
