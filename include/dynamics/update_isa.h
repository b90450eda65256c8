/* update_isa: the interface between update.c and update_isa.c, which has the arithmetic of the update rules on a tile.
 *
 * The Makefile compiles update_isa.c once per ISA level, like the kernels, so that the compiler contracts products and
 * sums to FMA at the levels that have it. */
#ifndef MCKEAN_DYNAMICS_UPDATE_ISA_H
#define MCKEAN_DYNAMICS_UPDATE_ISA_H

#include "dynamics/noise.h"
#include "dynamics/update.h"

/* The arguments of a rule for one tile. */
struct tile_step {
  const struct update_spec *spec;
  const struct kernel *kernel;
  int d, used;      /* used: number of units in the tile */
  unsigned train;   /* trained fields (FIELD_BIT_*) */
  size_t stored;    /* bytes of a stored number */
  double rate;      /* rate grad = dt g, minus the noise of euler and leimkuhler_matthews */
  double last_rate; /* the same with the dt of the step before */
  const struct update_move *move;
  struct noise noise;
  double *grad; /* [tile_rows(d)][TILE]: projected, with ridge and noise, zero in unused lanes; may be overwritten */
  void *tile;   /* stored parameters */
  void *rule_tile[RULE_FIELDS_MAX]; /* stored fields of the rule, each [tile_rows(d)][TILE] */
};

/* Local. Sets values [tile_rows(d)][TILE] to zero in lanes without a unit, so that these lanes of a tile stay zero. */
void update_clear(int d, int used, double *values);

typedef void update_apply(const struct tile_step *step);
typedef update_apply *const update_row[UPDATES];
ISA_DECLARE(update_row, update_table)

#endif
