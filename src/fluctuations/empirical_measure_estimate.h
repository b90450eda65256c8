/* empirical_measure_estimate: the estimators of fluctuations/empirical_measure.h. Private to empirical_measure.c. */
#ifndef MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_ESTIMATE_H
#define MCKEAN_FLUCTUATIONS_EMPIRICAL_MEASURE_ESTIMATE_H

#include "fluctuations/empirical_measure.h"

/* Local. Sets time->size [sizes] and time->slope. psi, square [sizes][initials][L]: <psi_l>_n and <psi_l^2>_n of each
 * network. weight [sizes][B][initials]: from fluctuations_weights. Centers psi over initial conditions, in place.
 * FAILED: no memory. */
int empirical_measure_estimate(const struct empirical_measure *measure, double *const *weight, double *const *psi,
                               double *const *square, struct empirical_measure_time *time);

#endif
