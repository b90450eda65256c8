/* gradient_source: the table of ways to the gradient of the potential.
 *
 * Sampled points are the general way: dynamics.c has that step. The rows here know the potential itself, for one pair
 * of unit type and target, and need no points:
 *
 *   population   data.mode: population with rbf units and a spin target (dynamics/population.c)
 *
 * To add a source: a file that defines its const struct gradient_source, and a row in gradient_source.c. */
#ifndef MCKEAN_DYNAMICS_GRADIENT_SOURCE_H
#define MCKEAN_DYNAMICS_GRADIENT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/observables.h"
#include "dynamics/update.h"
#include "particles/nonfinite.h"

struct gradient_source {
  const char *name;

  /* Local. Whether the step of such units on such data takes this source. */
  bool (*covers)(const struct unit_spec *unit, const struct dataset *data);

  /* Local. *state: what the source needs for its steps; update and data are not owned and must outlive it. USAGE: what
   * the theory does not cover. FAILED: no memory. free accepts NULL. */
  int (*create)(const struct update *update, const struct dataset *data, int threads, void **state);
  void (*free)(void *state);

  /* Local. Makes room for the networks of this rank; called whenever blocks have changed owners. FAILED: no memory. */
  int (*reserve)(void *state);

  /* Collective over the ranks that share networks. Moves all units by dt (0: no bit changes) and, unless observation is
   * NULL, fills loss and means of observation [locals] with the state before the move. A network with a number that is
   * not finite is not moved and is noted in nonfinite. */
  void (*step)(void *state, int64_t step, double dt, struct observation *observation, struct nonfinite *nonfinite);

  /* Local. Seconds so far that this rank has waited for other ranks, and transfers. */
  double (*waited)(const void *state);
};

/* Local. The source for such units and data; NULL: sampled points. */
const struct gradient_source *gradient_source_find(const struct unit_spec *unit, const struct dataset *data);

extern const struct gradient_source population_source;

#endif
