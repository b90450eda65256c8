/* tangent: features of units at points, of which outputs and the tangent kernel are made. For analysis: double
 * precision by libm and BLAS, whose last bits depend on how the work is cut; never for a trajectory.
 *
 *   f_n(x)    = (1/n) sum_i c_i phi_i(x)
 *   M(x, x')  = (1/n) sum_i grad_theta(c_i phi_i(x)) . grad_theta(c_i phi_i(x')), theta over the trained fields:
 *
 *   ridge     M = (1/n) sum_i [ train_c phi phi' + (train_a x.x' + train_b) w w' ],   w = c h'(s)
 *   sphere    M = (1/n) sum_i [ train_c phi phi' + train_a (x.x' w w' - v v'/d) ],    w = alpha c phi, v = (x.z) w
 *
 * (For the sphere the gradient in z is projected on the tangent space.) So M is made of Gram
 * matrices of phi, w and v over units. */
#ifndef MCKEAN_TANGENT_TANGENT_KERNEL_H
#define MCKEAN_TANGENT_TANGENT_KERNEL_H

#include <stdint.h>

#include "particles/particles.h"
#include "particles/unit.h"

/* Local. Own units first .. first+count-1 of a local, counted inside the network, in double: c [count], a [count][d],
 * b [count]; b zero for units on the sphere. */
void tangent_kernel_units(const struct particles *particles, const struct local_network *local, int64_t first,
                          int count, double *c, double *a, double *b);

/* Local. Features of units at points x [count][d]: phi, w, v [units][count]; w and v may be NULL, v is for units on the
 * sphere. Cost: 2 d flops, one h and, for w, one h' per unit and point. */
void tangent_kernel_features(const struct unit_spec *unit, int d, int units, const double *c, const double *a,
                             const double *b, int count, const double *x, double *phi, double *w, double *v);

#endif
