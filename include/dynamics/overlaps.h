/* overlaps: the overlaps of the inner parameters of a network of n units h(a.x + b), and of a teacher of m such units.
 *
 *   Q_ij = a_i . a_j      units i, j of the network
 *   M_ir = a_i . a*_r     unit i of the network, unit r of the teacher
 *
 * For n <= OVERLAPS_UNITS the result is all of Q and M. For larger n it is
 *
 *   Q_self_mean, Q_self_variance    mean and variance of Q_ii = |a_i|^2 over the units
 *   Q_pair_mean, Q_pair_square      means of Q_ij and Q_ij^2 over the pairs i != j, from A = sum_i a_i and
 *                                   S = sum_i a_i a_i' (d x d):
 *                                   (|A|^2 - sum_i Q_ii) / n(n-1) and (sum_kl S_kl^2 - sum_i Q_ii^2) / n(n-1)
 *   M_mean, M_variance              mean and variance of M_ir over the units, for each r
 *   M_histogram                     number of units with M_ir / |a*_r|^2 nearest to (k - 32) / 16, k = 0 .. 64, for
 *                                   each r; the first and the last bin count all units beyond them. Units whose ratio
 *                                   is not a number are in no bin
 *
 * Variances divide by n. Without a teacher, or with a teacher of units on the sphere, m = 0. All sums over units are
 * exact sums of terms of one tile each (dynamics/unit_sum.h), so the results do not depend on the number of ranks
 * and threads. */
#ifndef MCKEAN_DYNAMICS_OVERLAPS_H
#define MCKEAN_DYNAMICS_OVERLAPS_H

#include "data/target.h"
#include "particles/particles.h"

enum {
  OVERLAPS_UNITS = 64,        /* the largest n with all of Q and M: one tile, so one rank owns the network */
  OVERLAPS_TEACHER = 1024,    /* the largest m */
  OVERLAPS_BINS = 65,         /* of a histogram */
  OVERLAPS_BINS_PER_UNIT = 16 /* bins in an interval of length 1 of M_ir / |a*_r|^2 */
};

/* The result of a network consists of one row of doubles: some arrays, in the order of a list. */
enum overlap_axis { OVERLAP_UNIT, OVERLAP_OTHER_UNIT, OVERLAP_TEACHER_UNIT, OVERLAP_BIN, OVERLAP_AXES };
struct overlap_array {
  const char *name, *description;
  const char *units; /* or NULL */
  int rank;
  enum overlap_axis axis[2]; /* [rank] */
  int64_t shape[2];          /* [rank] */
  int64_t count;             /* of numbers */
  bool integers;
};

/* Local. list = the arrays of a network of n units; returns their number. m: from overlaps_teacher_units. */
enum { OVERLAP_ARRAYS_MAX = 7 };
int overlaps_list(int64_t n, int64_t m, struct overlap_array list[OVERLAP_ARRAYS_MAX]);

/* Local. Return m, the number of numbers in a row of a network of n units, and the largest one of an ensemble. */
int64_t overlaps_teacher_units(const struct target *target);
int64_t overlaps_numbers(int64_t n, int64_t m);
int64_t overlaps_width(const struct ensemble_spec *ensemble, const struct target *target);

/* Local. Returns the center of bin k of M_histogram, a value of M_ir / |a*_r|^2. */
double overlaps_bin(int k);

/* Computes the row of each local network: *values [locals][overlaps_width], which the caller frees. A sum with a term
 * that was not finite or out of range is NAN. Collective. FAILED: no memory; *values is then NULL. Cost: n^2 d + 2 n m
 * d flops for a small network; n d^2 + 6 n m d flops, and exact sums of n (d^2 + 4 m) / 128 terms, for a large one. */
int overlaps_compute(const struct particles *particles, const struct target *target, int threads, double **values);

#endif
