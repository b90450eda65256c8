/* observables: what a run measures of each network, as one table of columns of its history.
 *
 * Particle means are (1/n) sum_i over the units, formed per tile and summed exactly (dynamics/unit_sum.h), so they do
 * not depend on the number of ranks. They are means of the state before the move of the step.
 *
 * To add a column: a row in observables.c. The history of every run to whose loss it applies then contains it, with its
 * description and unit. A mean over points names its set (POINTS_BATCH or POINTS_TEST) and a function of outputs and
 * labels. A mean over units also needs a name in enum particle_mean, a line in observables_tile, and a function that
 * returns it. */
#ifndef MCKEAN_DYNAMICS_OBSERVABLES_H
#define MCKEAN_DYNAMICS_OBSERVABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/loss.h"

enum particle_mean { MEAN_GRAD2, MEAN_C, MEAN_C2, MEAN_C4, MEAN_A, MEAN_A2, PARTICLE_MEANS };

/* Sets of points: fixed ones, at which networks can be evaluated, and the batch of a step. */
enum point_set { POINTS_TEST, POINTS_TRAIN, POINTS_BATCH };

enum { COLUMNS_MAX = 32 };

/* One network at one step. */
struct observation {
  double loss_0;               /* E l(0, y): C_f for the squared loss */
  double loss;                 /* mean loss on the batch of the step, or exact, before the move */
  double test_loss;            /* the same on the test points; NAN without test points */
  double mean[PARTICLE_MEANS]; /* NAN where a term was out of range */
  double points[COLUMNS_MAX];  /* [column_count]: means over points */
};

struct column {
  const char *name, *unit, *description;
  double (*value)(const struct observation *observation);            /* NULL: a mean over points */
  double (*points)(int64_t count, const double *f, const double *y); /* the mean over f, y [count] */
  enum point_set set;                                                /* the points of this mean */
  bool (*applies)(const struct loss_spec *loss);                     /* to runs with this loss; NULL: to all runs */
};

extern const struct column column_table[];
extern const int column_count;

/* Local. Returns whether a run with this loss has a column. */
bool column_applies(const struct column *column, const struct loss_spec *loss);

/* Local. Returns the value of column number c of the table. */
double column_value(int c, const struct observation *observation);

/* Local. Computes all means over the points of a set: f, y [count]. */
void observables_points(const struct loss_spec *loss, enum point_set set, int64_t count, const double *f,
                        const double *y, struct observation *observation);

/* Local. sums[m] = sum over the first `units` lanes of a tile, divided by n. square [TILE]: |grad V|^2 per lane.
 * tile: [tile_rows(d)][TILE] stored parameters of the given size (4: float, 8: double). */
void observables_tile(int d, int units, double n, const void *tile, size_t stored, const double *square,
                      double sums[PARTICLE_MEANS]);

#endif
