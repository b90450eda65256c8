/* dynamics: one step of all networks.
 *
 *   r_p = f_n(x_p) - f(x_p),  f_n(x) = (1/n) sum_i c_i phi(x, z_i)
 *   theta_i <- theta_i - dt grad V(theta_i; mu_n),  grad V = (1/P) sum_p r_p grad(c_i phi(x_p, z_i))
 *
 * (RVE section 2: the velocity is minus n times the gradient of the loss.) Outputs come from dynamics/outputs.h; the
 * gradient of a tile is formed over all points and the tile moves in place. With data.mode population there are no
 * points: gradient and loss are exact (dynamics/population.h). The result is a pure function of input,
 * seeds and instruction-set level, for any number of ranks. */
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

/* Point sets on which the networks can be evaluated. */
enum point_set { POINTS_TEST, POINTS_TRAIN };

/* Collective. particles, data and schedule are not owned and must outlive it. FAILED: no memory. */
int dynamics_create(struct particles *particles, const struct dataset *data, const struct schedule *schedule,
                    enum isa isa, int threads, struct dynamics **dynamics);
void dynamics_free(struct dynamics *dynamics); /* accepts NULL */

/* Collective at a change of stage only: gives blocks to new owners where batch sizes changed. Call before
 * anything else and before the first step of every stage. */
int dynamics_enter_stage(struct dynamics *dynamics, int stage);

/* Local, the same on all ranks. The step size from now on; entering a stage sets it to the stage's dt. */
void dynamics_set_dt(struct dynamics *dynamics, double dt);

/* Moves all units by one step (move) and, unless observation is NULL, fills observation [shares] with the state before
 * the move. With move false no bit of any unit changes. Communicates only inside the groups of split networks; a
 * network whose numbers are not finite stays where it is and is remembered for dynamics_check. */
void dynamics_step(struct dynamics *dynamics, int64_t step, bool move, struct observation *observation);

/* f [shares][K or N] = f_n at the points of a set, NAN for a network whose sums left their range: that is remembered with
 * the step. Same communication. */
void dynamics_evaluate(struct dynamics *dynamics, int64_t step, enum point_set set, double *f);

/* mean [shares] = (1/n) sum_i c_i^2 (mean of phi(x, z_i)^2 over the points of a set): the second moment of what one
 * unit adds. Same communication. */
void dynamics_moments(struct dynamics *dynamics, enum point_set set, double *mean);

/* Collective. FAILED with step, network and unit if some network left the range of numbers (particles/nonfinite.h); units: look
 * at each of them. step: of the state of the particles. */
int dynamics_check(const struct dynamics *dynamics, int64_t step, bool units);

/* Local. Bytes of the gradients that a rank with so many tiles holds at a time for batches of that many fresh points. */
double dynamics_gradients(int d, enum precision precision, int64_t batch, int64_t tiles);

/* Local. Units times points of the steps so far, on this rank: the measure of work. */
double dynamics_pairs(const struct dynamics *dynamics);

/* Local. Seconds so far that this rank spent in sums over ranks: their transfer and the wait for slower ranks. */
double dynamics_waited(const struct dynamics *dynamics);

#endif
