/* target_spin: the spherical 3-spin model (RVE section 5),
 *
 *   f(x) = (1/d) sum_pqr a_pqr x_p x_q x_r,   a_pqr iid N(0, 1), x uniform on the sphere |x|^2 = d.
 *
 * Let S be the symmetric part of a/d; then f(x) = sum_pqr S_pqr x_p x_q x_r. For p <= q <= r, with r varying fastest,
 * the packed entries store S_pqr times the number of distinct permutations of (p, q, r). So f is the sum of (entry) x_p
 * x_q x_r over p <= q <= r. C_f and linear_fraction are known exactly. Evaluation costs about d(d+1)(d+2)/6
 * multiply-adds per point. */
#ifndef MCKEAN_DATA_TARGET_SPIN_H
#define MCKEAN_DATA_TARGET_SPIN_H

#include "data/target_kind.h"

extern const struct target_kind target_spin;

/* Returns the number of packed entries, d(d+1)(d+2)/6. Local. */
int64_t target_spin_count(int d);

/* Returns the packed entries [target_spin_count(d)], owned by the target; NULL if the target is of another kind.
 * Local. */
const double *target_spin_entries(const struct target *target);

#endif
