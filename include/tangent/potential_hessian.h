/* potential_hessian: products with the Hessian of n times the loss (1/2) |f_n - f|_H^2 (data.mode: rkhs), for any n.
 *
 *   H = -d(velocity)/d(theta),   velocity_i = -grad V(theta_i),   V = c r(z),   r = f_n - f
 *   (H u)_c,i = (1/n) sum_j w_ij - grad f(z_i).u_i
 *   (H u)_z,i = P_i [ c_i ((alpha/n) sum_j (w_ij z_j + c_j phi_ij u_j) - f''(z_i) u_i) + u_c,i grad r(z_i) ]
 *               - c_i (z_i.grad r(z_i)) u_i / |z_i|^2,   w_ij = phi_ij (u_c,j + alpha c_j (z_i.u_j + z_j.u_i))
 *
 * where u_i is tangential at z_i and P_i = 1 - z_i z_i' / |z_i|^2. Parameters that are not trained have no rows and
 * columns. H is symmetric and has two parts:
 *
 *   H = J'J/n + R,   (J'J)_ij = <grad(c_i phi_i), grad(c_j phi_j)>_H,   R = diag_i [0, grad r; grad r, c_i r'']
 *
 * J'J/n has the eigenvalues of the tangent kernel, to which the limit belongs for a loss on points. Here R cannot be
 * omitted: the units gather at minima of V, where c_i r'' > 0, and R does not become smaller as n grows. Measured for
 * d = 5, alpha = 1, the spin target with seed 4 and n = 16, 64, 128: the largest eigenvalue of H divided by that of
 * J'J/n is 32 to 120 at t = 0, 5 to 12 at t = 1, 2.3 at t = 5, 1.8 at t = 10, 1.25 to 1.33 at t = 20, 1.07 to 1.17 at
 * t = 70. With n = 64, 400 steps with dt = 1 times 2/lambda of H from t = 24 or t = 40 decreased the loss in every
 * step; with 1.05 times 2/lambda it rose from step 161 or 192 on, and with 1.1 times from step 89 or 104 on. From t = 5
 * and t = 10, where 2/lambda falls, the loss rose after dt exceeded it. 2/lambda of J'J/n is 1.37 and 1.21 times as
 * large at t = 24 and 40.
 *
 * Each rank computes the rows of its own units from copies of the whole network and of u; each sum over j adds j =
 * 0 .. n-1 in this order. Products therefore have the same bits for any number of ranks and threads and any ISA level.
 * Functions that take a local_network are collective over the ranks that share the network; team: as in
 * tangent/jacobian.h. */
#ifndef MCKEAN_TANGENT_POTENTIAL_HESSIAN_H
#define MCKEAN_TANGENT_POTENTIAL_HESSIAN_H

#include <stdbool.h>
#include <stdint.h>

#include "data/dataset.h"
#include "particles/particles.h"

struct potential_hessian;

/* Local. particles and data must outlive the Hessian. Between estimates, blocks of units may move to other ranks and
 * parameters may change. threads: the number of threads of this rank. USAGE: as for potential_create. FAILED: no
 * memory. */
int potential_hessian_create(const struct particles *particles, const struct dataset *data, int threads,
                             struct potential_hessian **hessian);
void potential_hessian_free(struct potential_hessian *hessian); /* accepts NULL */

/* Local. Returns n (d + 1), the number of components of u: [n][d + 1], c before z. */
int64_t potential_hessian_size(const struct particles *particles, int64_t n);

/* Local. Returns the bytes of memory that estimates touch on a rank with this many threads, including the vectors of
 * Lanczos's method. units: of all networks of which the rank owns a part; n: of the largest one. */
double potential_hessian_bytes(int d, int threads, double units, int64_t n);

/* Prepares products with H of a network in its current state, and replaces the components of u along z_i and those of
 * parameters that are not trained by zero. Returns false, on all ranks that share the network, if the network has
 * diverged. Cost: a step without the update. */
bool potential_hessian_start(struct potential_hessian *hessian, const struct local_network *local, int team, double *u);

/* w = H u, after potential_hessian_start. Returns false, on all ranks that share the network, if a component is not
 * finite. Cost: n^2 (2 terms + 10 d) flops, with the terms of dynamics/potential.h. */
bool potential_hessian_apply(struct potential_hessian *hessian, const struct local_network *local, int team,
                             const double *u, double *w);

#endif
