/* spectrum: what the tangent kernel of a network implies for its training at one time.
 *
 *   dr/dt = -(1/P) M r at P points, r = f_n - y. An eigenvector v of M/P with eigenvalue lambda relaxes in the time
 *   1/lambda and carries the fraction (v.r)^2 / |r|^2 of the loss.
 *   stable dt: below 2/lambda_max for gradient descent; with batches of B points below
 *              2/(lambda_max (1 - 1/B) + sup_x M(x,x)/B), sup over the points
 *   participation of v: 1/(P sum_p v_p^4), the fraction of the points at which v is not small
 *   and the best readout on the current features (spectrum/readout.h) */
#ifndef MCKEAN_SPECTRUM_SPECTRUM_H
#define MCKEAN_SPECTRUM_SPECTRUM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "parallel/comm.h"
#include "run/problem.h"
#include "spectrum/readout.h"
#include "study/results.h"

/* The largest number of points; and the default largest number of points of a set, and of fresh ones. */
enum { SPECTRUM_POINTS_MAX = 1 << 14, SPECTRUM_POINTS_SET = 4096, SPECTRUM_POINTS_FRESH = 1024 };

struct spectrum_options {
  int64_t n;       /* 0: the largest of the checkpoint */
  int64_t replica; /* from 0 */
  int64_t points;  /* P; 0: the defaults above */
  bool test;       /* at the test points instead of the training points */
  int64_t seed;    /* of fresh points, or of the selection from a set; -1: data.seed, or 1 */
  int vectors;     /* number of leading eigenvectors to keep */
  double ridge;    /* of the best readout */
};

enum spectrum_kind { SPECTRUM_TRAIN, SPECTRUM_TEST, SPECTRUM_FRESH };

struct spectrum {
  const struct problem *problem; /* not owned */
  struct spectrum_options options;
  int64_t network, n, replica, P, of; /* of: size of the set from which the P points were selected; fresh: 0 */
  int d;
  enum spectrum_kind kind;
  double *x, *y, *f;                         /* [P][d], [P], [P] */
  double *lambda, *fraction, *participation; /* [P], by descending eigenvalue lambda of M/P; fraction of the loss */
  double *vector;                            /* [vectors][P] */
  double loss, test_loss;                    /* at the points; at the test points, NAN: none */
  double sup;                                /* max_p M(x_p, x_p) */
  int64_t batch;                             /* B of the run at this step */
  double dt;                                 /* of the run at this step */
  double limit_gd, limit_sgd;                /* of dt; limit_sgd NAN unless the run has batches smaller than its data */
  struct readout best;
};

/* Collective. The points are the training set where the data are fixed; otherwise P fresh points as the run would draw
 * them for this network at this step. If a set has more than P points, P of them are selected at random. The result is
 * the same on all ranks. USAGE: options that do not fit the checkpoint. FAILED: no memory, no convergence. Cost:
 * tangent_matrix_form, dist_matrix_eigen with vectors, readout_best; at most about four P x P matrices, distributed
 * over all ranks. P = 4096, n = 10^5, sigmoid, d = 10, all fields trained, took 89 s of processor time on each of 2
 * ranks (Xeon, Sapphire Rapids, both cores shared with other work). */
int spectrum_create(const struct comm *comm, const struct problem *problem, const struct spectrum_options *options,
                    struct spectrum **spectrum);
void spectrum_free(struct spectrum *spectrum); /* accepts NULL */

/* Local. Number of eigenvalues lambda > P 2^-52 lambda_max; the others are zero up to rounding. */
int64_t spectrum_rank(const struct spectrum *spectrum);

/* Local. */
void spectrum_print(const struct spectrum *spectrum, FILE *out);

/* Local. All numbers by name, for JSON or HDF5; with the points and eigenvectors if points. The caller frees it. */
struct results *spectrum_results(const struct spectrum *spectrum, bool points);

#endif
