/* observe: what a run measures of each network, as one table of columns.
 *
 * Particle means are (1/n) sum_i over the units, formed per tile and summed exactly, so they do not depend on the rank
 * count. To add a particle mean: a name in enum particle_mean and a line in observables_tile. To add a column: a row in
 * observe.c; it then appears in every history file, with its description and unit. */
#ifndef MCKEAN_DYNAMICS_OBSERVABLES_H
#define MCKEAN_DYNAMICS_OBSERVABLES_H

#include <stddef.h>

enum particle_mean { MEAN_GRAD2, MEAN_C, MEAN_C2, MEAN_C4, MEAN_A, MEAN_A2, PARTICLE_MEANS };

/* One network at one step. */
struct observation {
  double C_f;
  double loss;                 /* (1/2P) sum_p r_p^2 on the batch of the step or exact, before the move */
  double test_loss;            /* the same on the test points; NAN without test points */
  double mean[PARTICLE_MEANS]; /* NAN where a term was out of range */
};

struct column {
  const char *name, *unit, *description;
  double (*value)(const struct observation *observation);
};

extern const struct column column_table[];
extern const int column_count;

/* Local. sums[m] = sum over the first `units` lanes of a tile, divided by n. square [TILE]: |grad V|^2 per lane.
 * tile: [d+2][TILE] stored parameters of the given size (4: float, 8: double). */
void observables_tile(int d, int units, double n, const void *tile, size_t stored, const double *square,
                      double sums[PARTICLE_MEANS]);

#endif
