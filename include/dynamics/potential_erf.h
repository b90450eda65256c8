/* potential_erf: the exact potential of erf units without biases that learn a teacher of such units, for x ~ N(0, I_d).
 * K and its gradient: data/erf_overlap.h. F(a) = (1/m) sum_r c_r K(a, a_r) for the teacher (1/m) sum_r c_r phi(., a_r).
 * All computations use plain IEEE operations in double precision, so the results have the same bits at every ISA
 * level. */
#ifndef MCKEAN_DYNAMICS_POTENTIAL_ERF_H
#define MCKEAN_DYNAMICS_POTENTIAL_ERF_H

#include "dynamics/potential_kind.h"

/* Cost of `pairs`: that of erf_overlap_sums. Errors of create: USAGE: a bias of the teacher is not 0. */
extern const struct potential_kind potential_erf;

#endif
