/* problem: a system of networks for a test, from input text, without files. */
#ifndef MCKEAN_TESTS_PROBLEM_H
#define MCKEAN_TESTS_PROBLEM_H

#include "config/config.h"
#include "dynamics/dynamics.h"
#include "harness.h"

struct fixture {
  struct config *config;
  struct target *target;
  struct dataset *data;
  struct particles *particles;
  struct dynamics *dynamics;
  struct observation *observation; /* [shares], of the last fixture_observe */
};

/* Collective over world. text: input in YAML; run.isa decides the kernels. */
struct fixture *fixture_create(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fixture_free(struct fixture *problem);

/* Steps first .. last-1. */
void fixture_steps(struct fixture *problem, int64_t first, int64_t last);

/* State at a step, without a move. */
void fixture_observe(struct fixture *problem, int64_t step);

/* One rank, double precision: unit i of a network, theta = c, b, a_0 .. a_{d-1}. */
void fixture_get(const struct fixture *problem, int64_t network, int64_t unit, double *theta);
void fixture_set(struct fixture *problem, int64_t network, int64_t unit, const double *theta);

#endif
