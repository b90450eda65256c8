/* target: the function f to be learned.
 *
 * Sources: the spherical 3-spin model, f(x) = (1/d) sum_pqr a_pqr x_p x_q x_r with a_pqr iid N(0,1), x uniform on the
 * sphere |x|^2 = d (RVE section 5); a teacher network of m units of any type; a user's HDF5 file. To add a target: a
 * row in target.c. */
#ifndef MCKEAN_DATA_TARGET_H
#define MCKEAN_DATA_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"
#include "particles/unit.h"

enum target_type { TARGET_SPIN, TARGET_TEACHER, TARGET_FILE, TARGET_TYPES };
extern const char *const target_names[TARGET_TYPES];

struct target_spec {
  int type; /* enum target_type */
  int d;    /* 1 .. 1024; TARGET_FILE: 0 means "as in the file" */
  uint64_t seed;
  char path[4096];          /* TARGET_FILE: HDF5 file with x (N, d), y (N), optionally test_x (K, d), test_y (K) */
  int64_t teacher_units;    /* TARGET_TEACHER: m */
  struct unit_spec teacher; /* TARGET_TEACHER: type, alpha, laws */
};

struct target {
  struct target_spec spec;
  int d;
  double C_f; /* E f^2 / 2: exact for this draw (spin), NAN where it is not known: the data supply it then */
  double linear_fraction; /* spin: E (linear part)^2 / E f^2; NAN elsewhere */
  int64_t coefficients;   /* spin: number of packed entries; teacher: m (d + 2) */
  double *coefficient;    /* spin: symmetrised S_pqr times multiplicity, p <= q <= r, r fastest: f = sum over entries */
  double *tiles;          /* teacher: double tiles [ceil(m/64)][d+2][64] */
  int64_t file_samples, file_tests; /* TARGET_FILE: N, K (0: none) */
  double *file_x, *file_y, *file_test_x, *file_test_y;
};

/* Collective only for TARGET_FILE (rank 0 reads, all receive); otherwise local and the same on all ranks.
 * Deterministic: coefficients are a pure function of spec.seed. USAGE: file unreadable, not HDF5, wrong shapes, values
 * not finite. */
int target_create(const struct comm *comm, const struct target_spec *spec, struct target **target);
void target_free(struct target *target); /* accepts NULL */

/* y[p] = f(x_p), x [count][d]. Local, pure, and the same bits on every machine. Not for TARGET_FILE.
 * Cost: spin d(d+1)(d+2)/6 multiply-adds per point. */
void target_eval(const struct target *target, int count, const double *x, double *y);

#endif
