/* draws: samples of the limit of sqrt n (f_n - f_t) for gradient descent (CRBVE), carried along a network of N
 * reference units.
 *
 * Each sample, called a draw, gives unit i the weight 1 + delta eps_i, where the eps_i are independent N(0, 1) numbers
 * minus their mean. With U_i = sqrt N times the derivative of theta_i in delta at delta = 0, and alpha the output
 * scale,
 *
 *   g(x)  = alpha [N^-1/2 sum_i eps_i c_i phi(x, z_i) + (1/N) sum_i grad(c_i phi(x, z_i)).U_i]
 *   U_i  <- U_i - (dt/alpha) (1/P) sum_p [r_p grad grad(c_i phi(x_p, z_i)) U_i + g(x_p) grad(c_i phi(x_p, z_i))]
 *
 * and U_i = 0 at t = 0. On the sphere U_i also goes through the derivatives of projection and retraction. r_p =
 * f_N(x_p) - y_p: the loss is the squared loss. Given the reference units, g is a Gaussian field before draws_match;
 * as N grows, its covariance tends to the limit of n Cov f_n, with an error of order N^-1/2. If initial units are
 * mirrored, both units of a pair have the same eps.
 *
 * All draws share h, h', h'' and the Hessians of the units. A step consists of matrix products over blocks of units,
 * chunks of points and groups of draws: 4 (w + 1) flops per unit, point and draw, and 2 w^2 per unit and draw for w
 * trained parameters of a unit. Memory: N (d + 3) reals per draw over the ranks that share the network, and P doubles
 * per draw on each of them. Results depend on the number of ranks by rounding only, and not on the number of threads.
 * Until draws_match, the draws use min(4 M, 256) more reals per unit and per training point. Each thread takes 256 (d +
 * 1) (d + 2) reals for the Hessians of a block and the products of components of the points.
 *
 * Functions that take draws are collective over the ranks that share the network, unless they are local; these ranks
 * must call them in the same order. */
#ifndef MCKEAN_TANGENT_DRAWS_H
#define MCKEAN_TANGENT_DRAWS_H

#include <stdbool.h>
#include <stdint.h>

#include "particles/kernel.h"
#include "particles/particles.h"
#include "tangent/probe.h"

struct draws;

/* Local. Creates `count` draws of local network `local`; draws_start sets them to t = 0. training: the points of
 * gradient descent and their labels. particles and training must outlive the draws; blocks of units must not move to
 * other ranks. FAILED: no memory. */
int draws_create(const struct particles *particles, int local, const struct kernel *kernel,
                 const struct probe *training, int count, int threads, struct draws **draws);
void draws_free(struct draws *draws); /* accepts NULL */

/* Sets the draws to t = 0. Until draws_match, a draw is a pure function of (seed, N, replica, its number, the unit). */
void draws_start(struct draws *draws, uint64_t seed);

/* draws_match changes the draws. Their mean of eps eps' then equals its expectation in at most min(M, 256) directions:
 * those in which the contributions c_i phi(x, z_i) of the units to f vary most over the units, at the training points
 * at chosen times. The estimate of the covariance of g, given the reference units, stays unbiased; only contributions
 * outside these directions add to its variance. The draws of one network are then neither independent nor Gaussian.
 *
 *   draws_start, then at each chosen time draws_sketch, then draws_match once, and the units are set back to t = 0
 *
 * time: counts from 0. */
void draws_sketch(struct draws *draws, uint64_t seed, int time);
void draws_match(struct draws *draws);

/* f [points] = f_N, and g [count][points] = g of each draw, at the points of the current state. Returns false on all
 * ranks if an f is not finite: the network has diverged. */
bool draws_outputs(const struct draws *draws, const struct points *points, double *f, double *g);

/* Moves U by one step of size dt. The units are those before the step; the caller moves them after this call. Return
 * value: as for draws_outputs. */
bool draws_step(struct draws *draws, double dt);

#endif
