/* dynamics: one step of all networks.
 *
 *   r_p     = l'(f_n(x_p), y_p),  f_n(x) = (1/n) sum_i c_i phi(x, z_i)
 *   theta_i <- theta_i - dt grad V(theta_i; mu_n),  grad V = (1/P) sum_p r_p grad(c_i phi(x_p, z_i))
 *
 * (RVE section 2: the velocity is minus n times the gradient of the loss; dynamics/update.h has other rules than this
 * forward Euler step.) With data.mode population there are no points: gradient and loss are exact
 * (dynamics/gradient_source.h). The result is a pure function of input, seeds and ISA level, for any number of ranks
 * and threads. */
#ifndef MCKEAN_DYNAMICS_DYNAMICS_H
#define MCKEAN_DYNAMICS_DYNAMICS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "dynamics/observables.h"
#include "dynamics/schedule.h"
#include "parallel/comm.h"
#include "particles/kernel.h"
#include "particles/particles.h"

struct dynamics;

/* Collective. particles, data and schedule are not owned and must outlive it. USAGE: what a gradient source does not
 * cover. FAILED: no memory. */
int dynamics_create(struct particles *particles, const struct dataset *data, const struct schedule *schedule,
                    enum isa isa, int threads, struct dynamics **dynamics);
void dynamics_free(struct dynamics *dynamics); /* accepts NULL */

/* Collective at a change of stage only: gives blocks to new owners where batch sizes changed. Call it before anything
 * else, and before the first step of every stage. FAILED: no memory. */
int dynamics_enter_stage(struct dynamics *dynamics, int stage);

/* Moves all units by one step of size dt and, unless observation is NULL, fills observation [locals] with the state
 * before the move. dt = 0 observes: no bit of any unit changes. Communicates only inside the groups of split networks.
 * A network whose numbers are not finite is not moved and is remembered for dynamics_check. */
void dynamics_step(struct dynamics *dynamics, int64_t step, double dt, struct observation *observation);

/* f [locals][K or N] = f_n at the points of a fixed set; NAN for a network with a term that was not finite or out of
 * range, which is remembered with the step. Same communication. */
void dynamics_evaluate(struct dynamics *dynamics, int64_t step, enum point_set set, double *f);

/* mean [locals] = (1/n) sum_i c_i^2 (mean of phi(x, z_i)^2 over the points of a fixed set): the second moment of what
 * one unit contributes. Same communication. */
void dynamics_moments(struct dynamics *dynamics, enum point_set set, double *mean);

/* Collective. FAILED with step, network and unit if some network has diverged (particles/nonfinite.h); units: looks at
 * each of them. step: of the state of the particles. */
int dynamics_check(const struct dynamics *dynamics, int64_t step, bool units);

/* Local. Units times points of the steps so far, on this rank: the measure of work. */
double dynamics_pairs(const struct dynamics *dynamics);

/* Local. Seconds so far that this rank has waited in sums over ranks, and their transfer. */
double dynamics_waited(const struct dynamics *dynamics);

#endif
