/* observables: the quantities that a run measures for each network, as a table of the columns of its history.
 *
 * Particle means are (1/n) sum_i over the units. They are formed per tile and summed exactly (dynamics/unit_sum.h), so
 * they do not depend on the number of ranks. They describe the state before the step moves the units.
 *
 * To add a column: add a row in observables.c. If the row applies to the loss of a run, the history of the run contains
 * the column, with its description and physical units. For a mean over points, the row gives the set of points
 * (POINTS_BATCH or POINTS_TEST) and a function that computes the mean from outputs and labels. A mean over units also
 * needs a constant in enum particle_mean, a line in observables_tile, and a function that returns it. */
#ifndef MCKEAN_DYNAMICS_OBSERVABLES_H
#define MCKEAN_DYNAMICS_OBSERVABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/loss.h"

enum particle_mean {
  MEAN_GRAD2,
  MEAN_C,
  MEAN_C2,
  MEAN_C4,
  MEAN_A,
  MEAN_A2,
  MEAN_RIDGE,   /* (1/2) sum of lambda theta^2 over trained parameters; update.c computes this mean and those below */
  MEAN_VIRIAL,  /* theta . g */
  MEAN_KINETIC, /* |v|^2 / 2, v after the last half kick */
  MEAN_V,       /* the potential of dynamics/birth_death.h, and its square; 0 without births and deaths */
  MEAN_V2,
  PARTICLE_MEANS
};

/* Sets of points: the test set, the fixed training set, and the batch of a step. */
enum point_set { POINTS_TEST, POINTS_TRAIN, POINTS_BATCH };

enum { COLUMNS_MAX = 32 };

/* The observables of one network at one step, before the step moves the units. */
struct observation {
  double loss_0;               /* E l(0, y): C_f for the squared loss */
  double loss;                 /* mean loss on the batch of the step, or the exact loss */
  double test_loss;            /* mean loss on the test points; NAN without test points */
  double mean[PARTICLE_MEANS]; /* particle means; NAN if a term was not finite or out of range */
  double points[COLUMNS_MAX];  /* [column_count]: means over points; NAN for other columns */
};

/* What determines the columns of a run. */
struct column_scope {
  const struct loss_spec *loss;
  bool ridge;      /* some parameter has a ridge */
  bool langevin;   /* a ridge, a temperature or velocities (dynamics/update.h) */
  bool velocities; /* the update rule has velocities */
  bool events;     /* births and deaths */
};

struct column {
  const char *name, *units, *description;
  double (*value)(const struct observation *observation);            /* NULL for a mean over points */
  double (*points)(int64_t count, const double *f, const double *y); /* returns a mean over points from f, y [count] */
  enum point_set set;                                                /* the points of a mean over points */
  bool (*applies)(const struct column_scope *scope);                 /* for runs of this scope; NULL: for all */
};

extern const struct column column_table[];
extern const int column_count;

/* Local. Returns whether runs of this scope have the column. */
bool column_applies(const struct column *column, const struct column_scope *scope);

/* Local. Returns an observation without values, for networks with this loss_0. */
struct observation observation_empty(double loss_0);

/* Local. Returns the value of column_table[c]. */
double column_value(int c, const struct observation *observation);

/* Local. Stores in observation all columns that are means over the points of `set`. f, y [count]: outputs and
 * labels. */
void observables_points(const struct loss_spec *loss, enum point_set set, int64_t count, const double *f,
                        const double *y, struct observation *observation);

/* Local. sums[m] = the contribution of a tile to particle mean m: the sum over its first `units` lanes, divided by n.
 * square [TILE]: |g|^2 of each lane. The means that depend on the update rule are set to 0. tile: [tile_rows(d)][TILE]
 * stored parameters of `stored` bytes each (4: float, 8: double). */
void observables_tile(int d, int units, double n, const void *tile, size_t stored, const double *square,
                      double sums[PARTICLE_MEANS]);

#endif
