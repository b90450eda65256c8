/* spectrum: what the tangent kernel of a network tells of its training at a moment.
 *
 *   dr/dt = -(1/P) M r at P points, r = f_n - y, so an eigenvector v of M/P with eigenvalue
 *   lambda relaxes in the time 1/lambda, and carries the part (v.r)^2 / |r|^2 of the loss
 *   stable dt: gradient descent below 2/lambda_max; with batches of B points below
 *              2/(lambda_max (1 - 1/B) + sup_x M(x,x)/B), sup over the points
 *   participation of v: 1/(P sum_p v_p^4), the part of the points on which it lives
 *   and the best readout on the present features (spectrum/readout.h) */
#ifndef MCKEAN_SPECTRUM_SPECTRUM_H
#define MCKEAN_SPECTRUM_SPECTRUM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "parallel/comm.h"
#include "run/problem.h"
#include "spectrum/readout.h"
#include "study/results.h"

/* Most points; and unless asked for, most of a set, and fresh ones. */
enum { SPECTRUM_POINTS_MAX = 1 << 14, SPECTRUM_POINTS_SET = 4096, SPECTRUM_POINTS_FRESH = 1024 };

struct spectrum_options {
  int64_t n;       /* 0: the largest of the checkpoint */
  int64_t replica; /* from 0 */
  int64_t points;  /* P; 0: see above */
  bool test;       /* the test points instead of those of training */
  int64_t seed;    /* of fresh points, or of the choice among those of a set; -1: see below */
  int vectors;     /* top eigenvectors to keep */
  double ridge;    /* of the best readout */
};

enum spectrum_kind { SPECTRUM_TRAIN, SPECTRUM_TEST, SPECTRUM_FRESH };

struct spectrum {
  const struct problem *setup; /* not owned */
  struct spectrum_options options;
  int64_t network, n, replica, P, of; /* of: points of the set from which P were chosen; fresh: 0 */
  int d;
  enum spectrum_kind kind;
  double *x, *y, *f;                     /* (P, d), (P), (P) */
  double *lambda, *part, *participation; /* [P], lambda of M/P descending */
  double *vector;                        /* (vectors, P) */
  double loss, test_loss;                /* at the points; at the test points, NAN: none */
  double sup;                            /* max_p M(x_p, x_p) */
  int64_t batch;                         /* B of the run at this step */
  double dt;                             /* the same */
  double limit_gd, limit_sgd;            /* of dt; limit_sgd NAN where the run has no batches smaller than its data */
  struct readout best;
};

/* Collective. Points: the training set where the data are fixed; otherwise P fresh points as the run would draw them
 * for this network at this step (data.seed, or the seed of the options). If a set has more than P points, P of them are
 * chosen at random (seed 1 or the one given). The same on all ranks. USAGE: options that the checkpoint cannot serve,
 * with what it has. FAILED: memory, convergence.
 * Cost: tangent_matrix_form, dist_matrix_eigen with vectors, readout_best; about four P x P matrices at most, over all ranks.
 * P = 4096, n = 10^5, sigmoid, d = 10, all fields trained, on 2 ranks: 89 s of processor time each (Xeon, Sapphire
 * Rapids; its 2 cores had many other things to do). */
int spectrum_create(const struct comm *comm, const struct problem *setup, const struct spectrum_options *options,
                    struct spectrum **spectrum);
void spectrum_free(struct spectrum *spectrum); /* accepts NULL */

/* Eigenvalues above rounding: lambda > P 2^-52 lambda_max; the others are zero as far as one can tell. Local. */
int64_t spectrum_rank(const struct spectrum *spectrum);

/* Local. */
void spectrum_print(const struct spectrum *spectrum, FILE *out);

/* Local. Everything by name, for JSON or HDF5; with the points themselves and the eigenvectors if asked for. */
struct results *spectrum_results(const struct spectrum *spectrum, bool points);

#endif
