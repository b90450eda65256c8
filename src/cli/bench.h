/* bench: the measurements of `mckean bench`. Private to cmd_bench.c and bench*.c.
 *
 * Each measurement prints a table and writes members of the JSON object. Compared quantities are measured in
 * alternation, several times, and medians are reported, so that other load on the machine affects both in the same
 * way. */
#ifndef MCKEAN_CLI_BENCH_H
#define MCKEAN_CLI_BENCH_H

#include <stdbool.h>
#include <stdio.h>

#include "io/json.h"
#include "parallel/comm.h"
#include "run/problem.h"

enum { BENCH_TIMES = 7 };

struct bench {
  const struct comm *comm;
  struct comm self; /* this rank alone */
  bool quick;
  const char *json_path, *unit, *precision, *isa, *folder, *only; /* NULL: none, all */
  int d;                                                          /* 0: several values */
  FILE *out; /* never NULL: ranks that do not print write to /dev/null */
  struct json *json;
};

/* The networks of an input text, ready for step 0. problem: problem_free frees it even after a failure. FAILED: no
 * memory. */
int bench_problem(const struct comm *comm, const char *text, struct problem *problem);

/* Returns the median; sorts the values. Local. */
double bench_median(int count, double *values);

/* The measurements. Collective. FAILED. */
int bench_kernels(struct bench *bench);    /* step compared with GEMM, memory per unit */
int bench_data(struct bench *bench);       /* drawing and labelling points */
int bench_population(struct bench *bench); /* pairs of units under the exact potential */
int bench_sums(struct bench *bench);       /* exact sums compared with plain sums; sums over ranks */
int bench_disk(struct bench *bench);       /* checkpoints compared with plain writes and reads of the same size */

#endif
