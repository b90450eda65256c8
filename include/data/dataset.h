/* dataset: the points and labels on which each network is trained at each step, and the test set.
 *
 * The mode selects the training points:
 *   online      each step draws new points; each network has its own, or with `shared` all networks use the same points
 *   fixed       one set of N points for all networks and steps. A batch of P < N points takes points in a random order
 *               without replacement; each epoch has a new order. The last N mod P points of an order are left out
 *   population  no training points: the gradient is that of the exact potential, a mean over the law of x
 *               (dynamics/population.c)
 *
 * The labels are y = f(x), where f is the target; training labels can have noise. A target of type file has its own
 * points and labels; all other points are drawn from a law of data/inputs.h. The points and labels of a batch are a
 * pure function of the input and of struct batch_position, so any rank can compute any point. */
#ifndef MCKEAN_DATA_DATASET_H
#define MCKEAN_DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "data/loss.h"
#include "data/target.h"

enum dataset_mode { DATA_ONLINE, DATA_FIXED, DATA_POPULATION, DATA_RKHS, DATA_MODES };

/* Local. Returns whether a step uses the exact potential between units instead of points (dynamics/population.c). */
static inline bool dataset_exact(enum dataset_mode mode) {
  return mode == DATA_POPULATION || mode == DATA_RKHS;
}

struct dataset;

/* Local. USAGE: the mode is rkhs, for which `what`, such as a verb, has no theory. */
int dataset_refuse_rkhs(const struct dataset *data, const char *what);
extern const char *const dataset_mode_names[DATA_MODES];

/* Names the generators of all random numbers of this version. The HDF5 files that it writes contain this text in their
 * attribute random_numbers. */
extern const char dataset_random_numbers[];

enum { DATASET_TEST_AUTO = -1, DATASET_TEST_DEFAULT = 512, DATASET_TEST_SHARE = 5 };

/* Section `data` of the input. */
struct dataset_spec {
  int mode;        /* enum dataset_mode */
  int64_t samples; /* fixed: N; 0: all points of a file that are not test points */
  int64_t test;    /* K, number of test points; of a file the last K rows. DATASET_TEST_AUTO: of a file a fifth of the
                    * rows, drawn with the seed of the test points. Unused if a file has test points of its own */
  bool shared;     /* online: all networks use the same points. fixed: all networks use the same order */
  uint64_t seed;
  uint64_t test_seed;    /* seed of the test points; 0: seed */
  struct loss_spec loss; /* what the networks minimize on these points */
  double noise;          /* standard deviation of the Gaussian noise on training labels (target.noise) */
};

/* The scale of the losses. A run records it in its history, and keeps it when it is resumed (history_data). */
struct dataset_scale {
  double C_f; /* E f^2 / 2 of the target f, if the target has an exact value; otherwise half the mean square of all
                     * labels, training and test, before noise is added; NAN if there are none */
  double C_f_error; /* standard error of C_f; 0: exact; NAN: unknown, C_f is NAN or comes from one label */
  double loss_0;    /* E l(0, y): C_f for the squared loss, otherwise the mean over the same labels */
  char origin[96];  /* of C_f: "the target", or "40 training and 20 test labels"; "": unknown */
};

struct dataset {
  struct dataset_spec spec;
  const struct target *target; /* not owned */
  int d;
  int64_t samples;          /* fixed: N, else 0 */
  double *x, *y;            /* fixed: [N][d], [N]; labels with noise */
  int64_t tests;            /* K */
  double *test_x, *test_y;  /* [K][d], [K]; labels without noise */
  int64_t *test_rows;       /* [K]: rows of x in the file that were drawn as test points, ascending; otherwise NULL */
  double draw_ns, label_ns; /* online: approximate processor time per point for drawing it, and for its label */
  struct dataset_scale scale;
};

/* The position of a batch in a run, which determines its points. */
struct batch_position {
  uint64_t network;     /* network_key */
  int64_t step;         /* index of the step in the run */
  int64_t epoch_step;   /* steps since the batch size last changed */
  int order;            /* number of changes of the batch size so far; each change starts a new random order */
  int64_t batch;        /* P, number of points in the batch */
  const uint32_t *rows; /* mini-batches of a fixed set: the order of this epoch (dataset_order); else not used */
};

/* An order in which a network visits the fixed set: a uniform random permutation for each epoch. */
struct epoch_order {
  int64_t epoch;  /* steps since the batch size last changed, divided by the batches of an epoch; -1: none yet */
  int order;      /* as in struct batch_position */
  uint32_t *rows; /* [N], owned by the caller */
};

/* Sets *order to the order at `position`, unless it already is, and returns order->rows. *order belongs to one network
 * (position->network) or, with spec.shared, to all networks with the same batch size. Local; the order is a pure
 * function of (seed, network unless spec.shared, order, epoch). */
const uint32_t *dataset_order(const struct dataset *data, const struct batch_position *position,
                              struct epoch_order *order);

/* Creates the fixed set and the test set. target must outlive *data; if it is of type file, the mode must be fixed.
 * Local, the same on all ranks. USAGE: the file has too few points. FAILED: no memory. */
int dataset_create(const struct target *target, const struct dataset_spec *spec, struct dataset **data);
void dataset_free(struct dataset *data); /* accepts NULL */

/* Returns whether all training labels of a data file are the same number, *label. Local. */
bool dataset_constant(const struct dataset *data, double *label);

/* Return a text that states where the training points or the test points come from: "500 points drawn with seed 1",
 * "160 points: rows 0..159 of x in data.h5", "fresh points at each step, drawn with seed 1, different for
 * each network". The caller frees it. Local. */
char *dataset_train_origin(const struct dataset *data);
char *dataset_test_origin(const struct dataset *data);

/* Computes points first .. first+count-1 of the batch at `position`: x [count][d] and, unless y is NULL, labels y
 * [count]. Local and pure: the points do not depend on how calls divide the batch. Cost of fresh points: data->draw_ns
 * per point, with count rounded up to a multiple of POINT_LANES; data->label_ns per label, with count rounded up to a
 * multiple of LABEL_LANES. */
void dataset_points(const struct dataset *data, const struct batch_position *position, int64_t first, int count,
                    double *x, double *y);

/* The same, with labels only for those of these points that are in the range labels[0] .. labels[1]-1 of the batch.
 * Other elements of y are unchanged. */
void dataset_points_labeling(const struct dataset *data, const struct batch_position *position, int64_t first,
                             int count, const int64_t labels[2], double *x, double *y);

/* Draws points first .. first+count-1 of the random stream `points` from the law of x: x [count][d] and, unless y is
 * NULL, labels y [count] with noise from the random stream `noise`, or without noise if `noise` is NULL. Local and
 * pure. Not for a target of type file. */
void dataset_draw(const struct dataset *data, const struct rng *points, const struct rng *noise, int64_t first,
                  int count, double *x, double *y);

/* Checks that valid(y) holds for all labels, for a loss that accepts only some values: the labels of the fixed set
 * (with noise) and of the test set. In the modes online and population, training labels are not stored; the function
 * checks the first 64 labels of step 0 for network key 0 instead. expected: the text for the message, for example
 * "-1 or 1". Local, the same on all ranks. USAGE: a label is not valid; the message names the set, the row (from 0) and
 * the value of the first one. */
int dataset_check_labels(const struct dataset *data, bool (*valid)(double y), const char *expected);

#endif
