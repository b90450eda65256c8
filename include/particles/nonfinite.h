/* fault: networks that left the range of numbers, and where.
 *
 * A sum over units that is not finite or out of range (base/exact_sum.h) makes its network stay where it is, on all
 * ranks that share it, so that what went wrong is still there to be seen when the ranks agree on it. */
#ifndef MCKEAN_PARTICLES_NONFINITE_H
#define MCKEAN_PARTICLES_NONFINITE_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/particles.h"

/* The first network of a rank that left the range of numbers. */
struct nonfinite {
  bool found;
  int64_t step, network;
};

/* Local. Keeps the fault of the earliest step and the first own network. One thread at a time. */
void nonfinite_note(struct nonfinite *fault, int64_t step, const struct local_network *local);

/* Collective. OK if no rank has a fault and, where asked for, each parameter of each unit is finite; step: of the state
 * of the particles. Else FAILED with step, network (n, replica, of streams its initial condition and stream), and of
 * that network the block and the unit with a parameter that is not finite, or with the largest. Costs an agreement; to
 * look at the units, a reading of all of them. */
int nonfinite_check(const struct nonfinite *fault, const struct particles *particles, int64_t step, bool units);

#endif
