/* unit_costs: the relative costs of the tiles of units of a run, for the balance of the work of ranks. */
#ifndef MCKEAN_DYNAMICS_UNIT_COSTS_H
#define MCKEAN_DYNAMICS_UNIT_COSTS_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/kernel.h"
#include "particles/particles.h"

/* Local. Computes cost [members] for particles_create and particles_balance: the cost of one step of one tile of each
 * network size, in units of one pair (unit, point) with kept activations (dynamics/activations.h). The kernels compute
 * all lanes of a tile, even if it has fewer units. The cost is TILE times P pairs, each 1.5 times as expensive if
 * activations are not kept; TILE updates; and the tile's share of the work for P points that does not depend on n,
 * which includes drawing and labeling them if they are fresh. With the exact potential (data.mode: population) it is
 * TILE times n pairs (unit, unit). threads: of a rank. The result is the same on all ranks: it assumes that activations
 * of up to ACTIVATIONS_MAX bytes per thread are kept, although a processor may have a smaller cache. */
void unit_costs(const struct schedule *schedule, int stage, const struct ensemble_spec *ensemble,
                const struct dataset *data, const struct kernel *kernel, int threads, double cost[ENSEMBLE_MAX]);

#endif
