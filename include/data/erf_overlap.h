/* erf_overlap: overlaps of erf units without biases on Gaussian points.
 *
 * For x ~ N(0, I_d), phi(x, a) = erf(a.x / sqrt 2), q = |a|^2, q' = |a'|^2 and C = a.a',
 *
 *   K(a, a') = E phi(x, a) phi(x, a') = (2/pi) asin(C / sqrt((1+q)(1+q')))
 *   grad_a K = (2/pi) g / S,   g = a' - C a/(1+q),   S^2 = (1+q)(1+q') - C^2
 *
 * (C. K. I. Williams, Neural Computation 10, 1203 (1998), with weights of N(0, 1/2).) The difference S^2 would lose all
 * digits for nearly parallel units with large q. Therefore S^2 is computed as (1+q)(1 + kappa^2 + |g|^2) with
 * kappa = C/(1+q), which equals it and has positive terms only, and asin(C / sqrt(C^2 + S^2)) as atan2(C, S). The
 * absolute errors of K and of each component of its gradient are below 1e-15 for d <= 100 and |a|, |a'| <= 1e6
 * (tests/module/test_erf_overlap.c). */
#ifndef MCKEAN_DATA_ERF_OVERLAP_H
#define MCKEAN_DATA_ERF_OVERLAP_H

#include <stdint.h>

/* Local and pure; the bits are the same on every machine and at every ISA level. For each unit i of a [d][TILE],
 * computes sums over `count` units (c_j, a_j) of unit [count][d + 1], in ascending order of j:
 *
 *   sum[0][i] = sum_j c_j K(a_i, a_j),   sum[1 + r][i] = sum_j c_j (grad_a K(a_i, a_j))_r
 *
 * sum [rows][TILE]; rows: d + 1, or 1 for sums of K only. a and sum: 64-byte aligned. Cost per pair: 6 d flops, 4 d for
 * the gradient, and about 60 for the angle. */
void erf_overlap_sums(int d, int rows, const double *a, int64_t count, const double *unit, double *sum);

#endif
