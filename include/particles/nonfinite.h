/* nonfinite: which network has diverged, and in which unit.
 *
 * A network has diverged if a parameter or a sum over its units is not finite, or a term of a sum is out of range
 * (base/exact_sum.h). The step stops moving such a network, on all ranks that share it. So the values that caused the
 * divergence still exist when the ranks next agree on errors, and the message can name them. */
#ifndef MCKEAN_PARTICLES_NONFINITE_H
#define MCKEAN_PARTICLES_NONFINITE_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/particles.h"

/* The first network of a rank that has diverged: that of the earliest step, and of these the lowest number. */
struct nonfinite {
  bool found;
  int64_t step, network;
};

/* Local. Records that an own network diverged at a step, unless an earlier case is recorded. Not thread-safe. */
void nonfinite_note(struct nonfinite *nonfinite, int64_t step, const struct local_network *local);

/* Collective. Checks that no rank has recorded a diverged network and, if units is true, that all numbers of all units
 * are finite. step: the step of the current state of the particles. FAILED: the message names the step, the network (n
 * and replica; with streams also initial condition and stream), and in this network the block and the unit with a
 * number that is not finite, or else with the largest parameter. Cost: one agreement; units: one pass over all
 * parameters. */
int nonfinite_check(const struct nonfinite *nonfinite, const struct particles *particles, int64_t step, bool units);

#endif
