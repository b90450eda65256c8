/* spectrum: the eigenvalues of the tangent kernel M of a network at one step, and what they imply for its training.
 *
 *   dr/dt = -(1/P) M r at P points, where r = f_n - y. The component of r along a normalized eigenvector v of M/P with
 *   eigenvalue lambda relaxes in the time 1/lambda and contains the fraction (v.r)^2 / |r|^2 of the loss.
 *
 *   stable dt        below 2/lambda_max for gradient descent; for batches of B points below
 *                    2/(lambda_max (1 - 1/B) + sup_x M(x,x)/B), sup over the points
 *   participation    of v: 1/(P sum_p v_p^4), about the fraction of the points at which v is not small
 *   best readout     on the current features (spectrum/readout.h) */
#ifndef MCKEAN_SPECTRUM_SPECTRUM_H
#define MCKEAN_SPECTRUM_SPECTRUM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "parallel/comm.h"
#include "run/problem.h"
#include "spectrum/readout.h"
#include "study/results.h"

/* The largest P; the default P for points from a set, or all of its points if there are fewer; the default P for fresh
 * points. */
enum { SPECTRUM_POINTS_MAX = 1 << 14, SPECTRUM_POINTS_SET = 4096, SPECTRUM_POINTS_FRESH = 1024 };

struct spectrum_options {
  int64_t n;       /* size of the network; 0: the largest in the checkpoint */
  int64_t replica; /* from 0 */
  int64_t points;  /* P; 0: the defaults above */
  bool test;       /* use the test points instead of the training points */
  int64_t seed;    /* of fresh points (-1: data.seed), or of the selection from a set (-1: 1) */
  int vectors;     /* number of eigenvectors to keep, those of the largest eigenvalues */
  double ridge;    /* of the best readout (readout_best) */
};

enum spectrum_kind { SPECTRUM_TRAIN, SPECTRUM_TEST, SPECTRUM_FRESH };

struct spectrum {
  const struct problem *problem; /* not owned */
  struct spectrum_options options;
  int64_t network, n, replica, P, of; /* of: size of the set that contains the points; 0: fresh points */
  int d;
  enum spectrum_kind kind;
  double *x, *y, *f;                         /* [P][d], [P], [P]: points, labels, outputs */
  double *lambda, *fraction, *participation; /* [P] each, by descending eigenvalue of M/P; fraction: of the loss */
  double *vector;                            /* [options.vectors][P] */
  double loss, test_loss;                    /* at the P points; at all test points, NAN if there are none */
  double sup;                                /* max_p M(x_p, x_p) */
  int64_t batch;                             /* B of the run's next step; 0: population */
  double dt;                                 /* of the run's next step; 0: auto */
  double limit_gd, limit_sgd; /* of dt; limit_sgd: NAN for gd and for batches that contain the whole fixed set */
  struct readout best;
};

/* Collective. The points are the test points (options.test), the training set if the data are fixed, or else P fresh
 * points, those that data.mode: online draws for this network at this step. If a set has more than P points, P of them
 * are selected at random. The result is the same on all ranks. problem must outlive *spectrum. USAGE: the options do
 * not fit the checkpoint, unit.train is empty, the loss is not squared, or the update rule is not euler. FAILED: no
 * memory, no convergence, or a ridge that is too small. Cost: tangent_matrix_form, dist_matrix_eigen with vectors,
 * readout_best. Memory: at most about four P x P matrices, distributed over all ranks. With P = 4096, n = 10^5,
 * sigmoid, d = 10, and all fields trained, it took 89 s of processor time on each of 2 ranks (Xeon, Sapphire Rapids,
 * both cores shared with other work). */
int spectrum_create(const struct comm *comm, const struct problem *problem, const struct spectrum_options *options,
                    struct spectrum **spectrum);
void spectrum_free(struct spectrum *spectrum); /* accepts NULL */

/* Local. Returns the number of eigenvalues above P 2^-52 lambda_max; the others are zero up to rounding. */
int64_t spectrum_rank(const struct spectrum *spectrum);

/* Local. Prints the tables. */
void spectrum_print(const struct spectrum *spectrum, FILE *out);

/* Local. Returns all numbers by name, for JSON or HDF5; the caller frees the result. points: also x and the
 * eigenvectors. */
struct results *spectrum_results(const struct spectrum *spectrum, bool points);

#endif
