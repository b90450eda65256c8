/* birth_death: units die and are copied between steps (Rotskoff, Jelassi, Bruna, Vanden-Eijnden, 2019).
 *
 *   V_i = c_i grad_c V_i + (1/2) sum lambda theta^2    the potential of unit i: part of the data, and ridge
 *
 * In each step whose number plus 1 is a multiple of `every`, V_i and its mean over the units of the network are those
 * of the state before the step. After the step, unit i has an event with the probability
 *
 *   1 - exp(-rate |V_i - mean V| dt),     dt: `every` times the step size
 *
 * If V_i is above the mean, the unit dies and is replaced by a copy of a partner; otherwise it is copied over one.
 * The partner is drawn uniformly from all n units, so n does not change. With the probability `reinjection`, the unit
 * that replaces the one that died is drawn from the initial law instead, at rest. Copies are those of the units after
 * the step; if several events replace the same unit, that of the largest i counts.
 *
 * The events are a pure function of (seed, network, step) and the V_i: Philox4x64, stream RNG_BIRTH_DEATH, id i; word 0
 * decides on the event, word 1 on the partner, word 2 on reinjection. They do not depend on ranks or threads. */
#ifndef MCKEAN_DYNAMICS_BIRTH_DEATH_H
#define MCKEAN_DYNAMICS_BIRTH_DEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "dynamics/update.h"

struct birth_death;

/* Local. update: not owned, must outlive *birth_death; its rate is above 0. */
struct birth_death *birth_death_create(struct update *update);
void birth_death_free(struct birth_death *birth_death); /* accepts NULL */

/* Local. Allocates memory for V_i of the units of this rank. Call it again whenever blocks have changed owners. FAILED:
 * no memory. */
int birth_death_reserve(struct birth_death *birth_death);

/* Local. Call it before each step that moves the units: update_tile then records V_i if the step is due. */
void birth_death_begin(struct birth_death *birth_death, int64_t step);

/* Applies the events of a due step, after the step. move [members]: that of the step. Collective over the ranks that
 * share networks. */
void birth_death_end(struct birth_death *birth_death, const struct update_move *move);

#endif
