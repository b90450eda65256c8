/* bench: the measurements of `mckean bench`. Private to cmd_bench.c and bench*.c.
 *
 * Each measurement prints lines to bench.out and adds members to the JSON object. Two quantities that are compared are
 * measured alternately, bench_repeats times each, so that other load on the machine affects both alike. Reported
 * numbers are medians, except the peaks of GEMM and FMA, which are the largest values measured. */
#ifndef MCKEAN_CLI_BENCH_H
#define MCKEAN_CLI_BENCH_H

#include <stdbool.h>
#include <stdio.h>

#include "io/json.h"
#include "parallel/comm.h"
#include "run/problem.h"

enum { BENCH_REPEATS = 7, BENCH_QUICK_REPEATS = 3 };

struct bench {
  const struct comm *comm;
  struct comm self; /* this rank alone */
  bool quick;
  const char *json_path, *unit, *precision, *isa, *folder, *only; /* options; NULL: not given */
  int d;                                                          /* input dimension; 0: not given */
  FILE *out; /* never NULL: ranks that do not print write to /dev/null */
  struct json *json;
};

/* Creates the networks of an input text, ready for step 0. problem: overwritten; the caller frees it with problem_free,
 * even after a failure. Collective. FAILED: no memory. USAGE: the input is wrong. */
int bench_problem(const struct comm *comm, const char *text, struct problem *problem);

/* Local. Returns how often to repeat a measurement, at most BENCH_REPEATS; less often with --quick. */
int bench_repeats(const struct bench *bench);

/* Local. Returns the dimensions d to measure: that of --d; otherwise 10 with --quick; otherwise the first `count` of 5,
 * 10, 25 and 100. */
struct bench_dimensions {
  int count, d[4];
};
struct bench_dimensions bench_dimensions(const struct bench *bench, int count);

/* An ensemble of networks with a spin target. Units, precision and ISA level are those of the options; by default
 * sigmoid, single, and the highest level of this processor. */
enum { BENCH_UNITS = 4096, BENCH_SAMPLES = 500 }; /* units of all networks together; points of a fixed set */
struct bench_ensemble {
  bool online; /* P fresh points for each network and step; otherwise P fixed points */
  int n, networks, d, P, tests;
};

/* bench_problem for an ensemble, on this rank alone. */
int bench_ensemble(const struct bench *bench, const struct bench_ensemble *ensemble, struct problem *problem);

/* Adds the unit, precision and ISA level, d, n, networks and P to the open JSON object. Local. */
void bench_ensemble_json(const struct bench *bench, const struct bench_ensemble *ensemble);

/* Returns the seconds per step of the steps first, ..., first + steps - 1. If observation [locals] is not NULL, each
 * step also computes the observables of a history row. Collective over the ranks of the problem. */
double bench_steps(const struct problem *problem, int64_t first, int steps, struct observation *observation);

/* Takes one step. Returns the number of steps of a measurement. Collective over the ranks of the problem. */
int bench_steps_per_measurement(const struct problem *problem, int64_t step);

/* Local. Returns the median of values [count] and sorts them. */
double bench_median(int count, double *values);

/* Local. Return the name of the unit type and of the precision of the ensembles. */
const char *bench_unit(const struct bench *bench);
const char *bench_precision(const struct bench *bench);

/* The measurements. Collective. FAILED: no memory; bench_disk: a file cannot be written or read. USAGE: bench->d is not
 * supported. */
int bench_kernels(struct bench *bench);    /* a step compared with GEMM; memory per unit */
int bench_ensembles(struct bench *bench);  /* steps of ensembles of small networks, fixed data */
int bench_online(struct bench *bench);     /* the same with fresh points at every step */
int bench_rows(struct bench *bench);       /* a step with the observables of a history row, relative to a step */
int bench_data(struct bench *bench);       /* drawing and labeling points */
int bench_noise(struct bench *bench);      /* thermal noise, and a step with it relative to one without */
int bench_draws(struct bench *bench);      /* draws of `predict` relative to a step of their network */
int bench_population(struct bench *bench); /* exact potential: time per pair of units */
int bench_sums(struct bench *bench);       /* exact sums compared with plain sums; sums over ranks */
int bench_disk(struct bench *bench);       /* checkpoints compared with plain writes and reads of the same size */

#endif
