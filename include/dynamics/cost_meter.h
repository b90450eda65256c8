/* cost_meter: the measured costs of the tiles of each network size, to correct the balance of the work of ranks.
 *
 * Ranks own units according to assumed costs (dynamics/unit_costs.h). What a tile really costs depends on the
 * processor, the unit type, d and the precision. During a run, the ranks therefore time some of their steps. */
#ifndef MCKEAN_DYNAMICS_COST_METER_H
#define MCKEAN_DYNAMICS_COST_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "parallel/comm.h"
#include "particles/particles.h"

struct cost_meter {
  int64_t ns[ENSEMBLE_MAX], tiles[ENSEMBLE_MAX]; /* [members]: sums over the timed networks of this rank */
  int64_t last, steps;                           /* the last timed step, and the number of timed steps */
};

/* Local. Starts a new measurement at step `step`. */
void cost_meter_start(struct cost_meter *meter, int64_t step);

/* Local. Returns whether to time step `step`: one in 16 steps, so that reading the clock takes little time. */
bool cost_meter_times(struct cost_meter *meter, int64_t step);

/* Local; threads may call it concurrently. Adds the seconds that this rank took for `tiles` tiles of a network. */
void cost_meter_add(struct cost_meter *meter, int member, int64_t tiles, double seconds);

/* Collective. Computes cost [members] in ns: the mean time of a tile of each size on all ranks; the same on all ranks.
 * Returns false, on all ranks, if fewer than 16 steps were timed. */
bool cost_meter_costs(const struct cost_meter *meter, const struct comm *comm, int members, double *cost);

#endif
