/* gradient_source: the table of exact gradients of the potential.
 *
 * In most runs a step uses the mean gradient over sampled points (dynamics.c). For some pairs of unit type and target
 * the potential is known exactly, and the step needs no points. Each such pair has a source:
 *
 *   population   data.mode: population or rkhs, with a unit type and a target that dynamics/potential.h covers
 *
 * To add a source: write a file that defines its const struct gradient_source; declare it at the end of this header;
 * add an entry in gradient_source.c. A run uses the first entry that covers its units and data. */
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

  /* Local. Returns whether this source computes the step of runs with such units and data. */
  bool (*covers)(const struct unit_spec *unit, const struct dataset *data);

  /* Local. Creates the state of the source; after an error *state is unchanged. update and data are not owned and must
   * outlive the state. USAGE: the theory of the source does not cover the input. FAILED: no memory. */
  int (*create)(const struct update *update, const struct dataset *data, int threads, void **state);
  void (*free)(void *state); /* accepts NULL */

  /* Local. Allocates work space for the networks of this rank. dynamics_set_costs calls it when blocks may have changed
   * owners, for example at a change of stage. FAILED: no memory. */
  int (*reserve)(void *state);

  /* Moves the units of each network by one step: move [members] (dt 0: no bit changes). observation [locals] or
   * NULL: receives loss and particle means of the state before the move. If a network has diverged, its units are not
   * moved, and it is recorded in nonfinite. Collective over the ranks that share networks. */
  void (*step)(void *state, const struct update_move *move, struct observation *observation,
               struct nonfinite *nonfinite);

  /* Local. Returns the seconds that this rank has spent so far in gathering networks, including waiting. */
  double (*waited)(const void *state);
};

/* Local. Returns the source for such units and data, or NULL if the step uses sampled points. */
const struct gradient_source *gradient_source_find(const struct unit_spec *unit, const struct dataset *data);

extern const struct gradient_source population_source;

#endif
