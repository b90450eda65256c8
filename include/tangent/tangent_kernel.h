/* tangent_kernel: features of units at points, from which outputs and the tangent kernel are computed.
 *
 *   f_n(x)    = (1/n) sum_i c_i phi_i(x)
 *   M(x, x')  = (1/n) sum_i grad_theta(c_i phi_i(x)) . grad_theta(c_i phi_i(x')), theta over the trained fields:
 *
 *   flat      M = (1/n) sum_i [ train_c phi phi' + (train_a x.x' + train_b) w w' ],   w = c h'(s)
 *   sphere    M = (1/n) sum_i [ train_c phi phi' + train_a (x.x' w w' - v v'/d) ],    w = alpha c h'(s), v = (x.z) w
 *
 * A prime marks values at x', except in the derivative h'. train_c is 1 if c is trained, otherwise 0; train_a and
 * train_b likewise. On the sphere the gradient in z is projected onto the tangent space. The products x.x' and the Gram
 * matrices of phi, w and v over the units determine M.
 *
 * For analysis only, never for a trajectory: the features are computed in double precision by libm and BLAS, and the
 * last bits of BLAS depend on the shape of each call. */
#ifndef MCKEAN_TANGENT_TANGENT_KERNEL_H
#define MCKEAN_TANGENT_TANGENT_KERNEL_H

#include <stdint.h>

#include "particles/particles.h"
#include "particles/unit.h"

/* Local. Copies the parameters of units first .. first+count-1 of the network as doubles: c [count], a [count][d],
 * b [count]. `first` is an index in the whole network; all these units must be on this rank. On the sphere b is
 * zero. */
void tangent_kernel_units(const struct particles *particles, const struct local_network *local, int64_t first,
                          int count, double *c, double *a, double *b);

/* Local. phi, w, v [units][count] = the features of the units (c, a, b) at points x [count][d]. v, or w and v, may be
 * NULL; v is written only on the sphere. Cost: 2 d flops, one h and, for w, one h' per unit and point. */
void tangent_kernel_features(const struct unit_spec *unit, int d, int units, const double *c, const double *a,
                             const double *b, int count, const double *x, double *phi, double *w, double *v);

#endif
