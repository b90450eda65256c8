/* birth_death: units die and are copied between steps (Rotskoff, Jelassi, Bruna, Vanden-Eijnden, 2019).
 *
 *   V_i = c_i grad_c V(theta_i) + (1/2) sum lambda theta^2     potential of unit i: data term plus ridge term
 *
 * With an output scale alpha, grad_c V is divided by alpha, as in the velocity of the units.
 *
 * A step is due if its number plus 1 is a multiple of `every`. After a due step, unit i has an event with the
 * probability
 *
 *   1 - exp(-rate |V_i - mean V| dt),     dt: `every` times the step size; V_i and mean V: of the state before the step
 *
 * where the mean is that over the units of the network. The event has a partner, drawn uniformly from all n units. If
 * V_i is above the mean, unit i dies, and a copy of the partner replaces it; otherwise the partner dies, and a copy of
 * unit i replaces it. So n does not change. With the probability `reinjection`, a draw from the initial laws replaces
 * the unit that dies instead of a copy. Its velocity is 0; with the rule baoab this is the velocity before the last
 * half kick of the step, which follows at the next step. Copies have the state after the step. If several events
 * replace the same unit, the one with the largest i takes effect.
 *
 * The events are a pure function of (seed, network, step) and the V_i: Philox4x64, stream RNG_BIRTH_DEATH, id i. Word 0
 * decides whether unit i has an event, word 1 selects the partner, and word 2 decides on reinjection. The events do not
 * depend on ranks or threads. */
#ifndef MCKEAN_DYNAMICS_BIRTH_DEATH_H
#define MCKEAN_DYNAMICS_BIRTH_DEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/update.h"

struct birth_death;

/* Local. update: not owned, must outlive *birth_death; its rate is above 0. */
struct birth_death *birth_death_create(struct update *update);
void birth_death_free(struct birth_death *birth_death); /* accepts NULL */

/* Local. Allocates memory for V_i of the units of this rank. Call it again after blocks have changed owners. FAILED: no
 * memory. */
int birth_death_reserve(struct birth_death *birth_death);

/* Local. Returns the approximate bytes of V_i and, at a step that is due, of the events and copies of a network, for a
 * rank with `tiles` tiles whose largest network has n units. Assumes that a tenth of the units have an event; with more
 * events, dt does not resolve births and deaths. */
double birth_death_bytes(const struct unit_spec *unit, int d, enum precision precision, int64_t tiles, double n);

/* Local. Call it before each step that moves the units. If the step is due, update_tile then records V_i. */
void birth_death_begin(struct birth_death *birth_death, int64_t step);

/* Call it after each step that moves the units. Applies the events if the step is due. move [members]: of the step.
 * Collective over the ranks that share networks. */
void birth_death_end(struct birth_death *birth_death, const struct update_move *move);

#endif
