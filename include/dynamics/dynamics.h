/* dynamics: one step of all networks.
 *
 *   f_n(x)  = (1/n) sum_i c_i phi(x, z_i)
 *   r_p     = l'(f_n(x_p), y_p)
 *   grad V(theta_i; mu_n) = (1/P) sum_p r_p grad(c_i phi(x_p, z_i))
 *   theta_i <- theta_i - dt grad V(theta_i; mu_n)
 *
 * (RVE section 2: the velocity is -n times the gradient of the loss.) This is the forward Euler step; dynamics/update.h
 * has the other update rules. With data.mode: population there are no training points, and the gradient and the
 * training loss are exact (dynamics/gradient_source.h). Results are a pure function of input, seeds and ISA level; they
 * do not depend on the number of ranks and threads. */
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
struct cost_meter; /* dynamics/cost_meter.h */
struct outputs;    /* dynamics/outputs.h */

/* Collective. Creates the state and work space of the steps. particles, data and schedule are not owned and must
 * outlive *dynamics. USAGE: the exact gradient source of the run does not support the input. FAILED: no memory. */
int dynamics_create(struct particles *particles, const struct dataset *data, const struct schedule *schedule,
                    enum isa isa, int threads, struct dynamics **dynamics);
void dynamics_free(struct dynamics *dynamics); /* accepts NULL */

/* Prepares the steps of a stage: redistributes the blocks over the ranks to balance the costs of its batch sizes, and
 * allocates work space. Call it after dynamics_create and before the first step of every stage. Collective at a change
 * of stage; otherwise it does nothing. FAILED: no memory. */
int dynamics_enter_stage(struct dynamics *dynamics, int stage);

/* Redistributes the blocks over the ranks to balance given costs [members] of the tiles of each network size. The bits
 * of all later steps are the same. Pointers to local networks become invalid. Collective. FAILED: no memory. */
int dynamics_set_costs(struct dynamics *dynamics, const double *cost);

/* Does the same with measured costs (dynamics/cost_meter.h), if they are known and the busiest rank thereby loses at
 * least 2 % of the mean work of a rank; at most four times in a stage, and only if no rank has more than 64 MiB of
 * units. *excess: by which fraction of the mean its work exceeded the mean; 0 if nothing was moved. Collective. FAILED:
 * no memory. */
int dynamics_correct_balance(struct dynamics *dynamics, double *excess);

/* Local. Sets the step size of the previous step for the networks of one size. On resume, it comes from the
 * checkpoint. Default: 0, for step 0. Rules with half kicks need it (dynamics/update.h). */
void dynamics_set_last_dt(struct dynamics *dynamics, int member, double dt);

/* Moves all units by one step; step is its index. A network of n units has the step size dt n^dt_power, with the power
 * of the stage that was entered last. observation [locals] or NULL: receives the observables of the state before the
 * move. With dt = 0 no bit of any unit changes. If a network has diverged, its units are not moved, and it is recorded
 * for dynamics_check. Collective over the ranks that share networks. */
void dynamics_step(struct dynamics *dynamics, int64_t step, double dt, struct observation *observation);

/* Computes f [locals][points] = f_n at the points of a fixed set: the K points of POINTS_TEST or the N points of
 * POINTS_TRAIN. If a network has diverged, sets its f to NAN and records the network and the step. Collective over the
 * ranks that share networks. */
void dynamics_evaluate(struct dynamics *dynamics, int64_t step, enum point_set set, double *f);

/* Computes mean [locals] = q_n: the second moment of a unit's contribution to the output, averaged over the units and
 * the points of a fixed set (dynamics/second_moment.h). Collective over the ranks that share networks. */
void dynamics_moments(struct dynamics *dynamics, enum point_set set, double *mean);

/* Collective. Checks that no network has diverged and, if units is true, that every value of every unit is finite.
 * step: the step of the current state. FAILED: some network has diverged; the message names it
 * (particles/nonfinite.h). */
int dynamics_check(const struct dynamics *dynamics, int64_t step, bool units);

/* Local, for measurements and tests. Returns the outputs, for outputs_recompute and outputs_share_points. */
struct outputs *dynamics_outputs(struct dynamics *dynamics);

/* Local, for tests. Returns the measured costs of tiles since the last change of owners. */
struct cost_meter *dynamics_cost_meter(struct dynamics *dynamics);

/* Local. Returns the number of pairs (unit, point) of all steps so far on this rank, the measure of work; pairs (unit,
 * unit) if the gradient is exact. */
double dynamics_pairs(const struct dynamics *dynamics);

/* Local. Returns the seconds that this rank has spent so far in sums of network outputs over ranks, in waiting for
 * points that other ranks draw and, with exact gradients, in gathering networks, including waiting. Other communication
 * is not counted. */
double dynamics_waited(const struct dynamics *dynamics);

#endif
