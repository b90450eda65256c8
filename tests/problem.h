/* problem: a system of networks for a test, from input text, without files. */
#ifndef MCKEAN_TESTS_PROBLEM_H
#define MCKEAN_TESTS_PROBLEM_H

#include "harness.h"
#include "model/dynamics.h"
#include "run/config.h"

struct problem {
  struct config *config;
  struct target *target;
  struct data *data;
  struct particles *particles;
  struct dynamics *dynamics;
  struct observation *observation; /* [shares], of the last problem_observe */
};

/* Collective over world. text: input in YAML; run.isa decides the kernels. */
struct problem *problem_create(const char *format, ...) __attribute__((format(printf, 1, 2)));
void problem_free(struct problem *problem);

/* Steps first .. last-1. */
void problem_steps(struct problem *problem, int64_t first, int64_t last);

/* State at a step, without a move. */
void problem_observe(struct problem *problem, int64_t step);

/* One rank, double precision: unit i of a network, theta = c, b, a_0 .. a_{d-1}. */
void problem_get(const struct problem *problem, int64_t network, int64_t unit, double *theta);
void problem_set(struct problem *problem, int64_t network, int64_t unit, const double *theta);

#endif
