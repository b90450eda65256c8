/* gradient_source: the table of exact gradients of the potential.
 *
 * In general the gradient is a mean over sampled points, and dynamics.c has this step. For some pairs of unit type and
 * target the potential is known exactly, and the step needs no points:
 *
 *   population   data.mode: population with rbf units and a spin target (dynamics/population.c)
 *
 * To add a source: a file that defines its const struct gradient_source; its declaration at the end of this header; an
 * entry in gradient_source.c. The first entry that covers the units and data of a run is used. */
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

  /* Local. Whether this source is used for such units and data. */
  bool (*covers)(const struct unit_spec *unit, const struct dataset *data);

  /* Local. *state = the data of the source. update and data are not owned and must outlive it. USAGE: the theory does
   * not cover the input. FAILED: no memory. free accepts NULL. */
  int (*create)(const struct update *update, const struct dataset *data, int threads, void **state);
  void (*free)(void *state);

  /* Local. Allocates work space for the own networks. Called whenever blocks have changed owners. FAILED: no memory. */
  int (*reserve)(void *state);

  /* Moves all units by one step of size dt (0: no bit changes). observation [locals] or NULL: receives loss and
   * particle means of the state before the move. A network that has diverged is not moved, and is recorded in
   * nonfinite. Collective over the ranks that share networks. */
  void (*step)(void *state, int64_t step, double dt, struct observation *observation, struct nonfinite *nonfinite);

  /* Local. Returns the seconds that this rank has spent in communication so far, including waiting. */
  double (*waited)(const void *state);
};

/* Local. Returns the source for such units and data; NULL: sampled points. */
const struct gradient_source *gradient_source_find(const struct unit_spec *unit, const struct dataset *data);

extern const struct gradient_source population_source;

#endif
