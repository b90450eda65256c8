/* normality: is a sample Gaussian, with mean and variance taken from the sample itself?
 *
 * Anderson and Darling's statistic in case 3, A*^2 = A^2 (1 + 0.75/R + 2.25/R^2), and its p-value (Stephens, in
 * D'Agostino and Stephens, Goodness-of-Fit Techniques, 1986, tables 4.7 and 4.9). The classical p of Kolmogorov and
 * Smirnov would never reject here: it takes mean and variance as given. */
#ifndef MCKEAN_FLUCTUATIONS_ANDERSON_DARLING_H
#define MCKEAN_FLUCTUATIONS_ANDERSON_DARLING_H

#include <stdint.h>

enum { ANDERSON_DARLING_MIN = 8 /* replicas from which Stephens's correction holds */ };

/* Local. p-value of value[0], value[stride], ... (count of them): uniform on [0, 1] for Gaussian samples, to a few per
 * cent down to 1e-3; smaller ones are extrapolated, and none is below 3.7e-24. NAN: fewer than ANDERSON_DARLING_MIN, or no
 * spread. */
double anderson_darling_p(int64_t count, const double *value, int64_t stride);

#endif
