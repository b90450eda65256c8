/* cost_meter: the measured costs of the tiles of each network size, to correct the balance of the work of ranks.
 *
 * Units are distributed over the ranks according to assumed costs (dynamics/unit_costs.h). What a tile really costs
 * depends on the processor, the unit type, d and the precision. During a run, the ranks therefore time some of their
 * steps, in groups; the median over the groups excludes a few steps in which a rank was delayed. */
#ifndef MCKEAN_DYNAMICS_COST_METER_H
#define MCKEAN_DYNAMICS_COST_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"
#include "particles/particles.h"

enum { COST_METER_GROUPS = 9, COST_METER_STEPS = 2 * COST_METER_GROUPS };

struct cost_meter {
  int64_t ns[COST_METER_GROUPS][ENSEMBLE_MAX];    /* [groups][members]: sums over the timed networks of this rank */
  int64_t tiles[COST_METER_GROUPS][ENSEMBLE_MAX]; /* the numbers of their tiles */
  int64_t last, steps;                            /* the last timed step, or -1; the number of timed steps */
};

/* Local. Starts a new measurement. */
void cost_meter_start(struct cost_meter *meter);

/* Local. Returns whether to time step `step`: one in 17 steps, but not the first, so that reading the clock takes
 * little time. 17 is a prime number, so the timed steps do not always fall on the first steps of epochs. */
bool cost_meter_times(struct cost_meter *meter, int64_t step);

/* Local; threads may call it concurrently. Adds the seconds that this rank took for `tiles` tiles of a network. */
void cost_meter_add(struct cost_meter *meter, int member, int64_t tiles, double seconds);

/* Collective. Computes cost [members] in ns: for each size, the median over the groups of the mean time of a tile on
 * all ranks. The result is the same on all ranks. Returns false, on all ranks, if fewer than COST_METER_STEPS steps
 * were timed or some size has no measured time. */
bool cost_meter_costs(const struct cost_meter *meter, const struct comm *comm, int members, double *cost);

#endif
