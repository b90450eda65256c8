/* nonfinite: records the first diverged network of each rank, and reports the first one of all ranks with its worst
 * unit.
 *
 * A network has diverged if a value of a unit or a sum over its units is not finite, or if a term of a sum is out of
 * range (base/exact_sum.h); with data.mode: population, also if a parameter is out of this range. A step that detects
 * this while it computes the gradient does not move the units of the network, on any rank that shares it. Thus the
 * values that caused the divergence are still in memory when the ranks next check for errors, and the message can name
 * them. */
#ifndef MCKEAN_PARTICLES_NONFINITE_H
#define MCKEAN_PARTICLES_NONFINITE_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/particles.h"

/* The first diverged network of a rank: the one with the earliest step and, within that step, the smallest index g
 * (struct local_network). */
struct nonfinite {
  bool found;
  int64_t step, network;
};

/* Local. Records that a network of this rank diverged at a step, unless one that is earlier in the order of struct
 * nonfinite is already recorded. Not thread-safe. */
void nonfinite_note(struct nonfinite *nonfinite, int64_t step, const struct local_network *local);

/* Collective. Checks that no rank has recorded a diverged network and, if units is true, that all values of all units
 * are finite. step: the step of the current state of the particles. FAILED: some network has diverged. The message
 * names the step, the network (n and replica; with streams also initial condition and stream) and, in this network, the
 * block and the unit with a value that is not finite or, if there is none, with the largest absolute value of a
 * parameter. Cost: one reduction; if units is true, also one pass over all values. */
int nonfinite_check(const struct nonfinite *nonfinite, const struct particles *particles, int64_t step, bool units);

#endif
