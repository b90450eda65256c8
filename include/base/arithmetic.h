/* arithmetic: known answers of the IEEE 754 arithmetic that all results rest on.
 *
 * Exact sums (base/exact_sum.h), random numbers (base/rng.h) and kernels round by adding and subtracting a large number; checks
 * for divergence rely on NaN. Options of the compiler such as -Ofast break these without a warning, and a library can set
 * the rounding mode or flush subnormal numbers to zero for the whole process. */
#ifndef MCKEAN_BASE_ARITHMETIC_H
#define MCKEAN_BASE_ARITHMETIC_H

/* GCC defines all four, other compilers the first two; arithmetic_check finds what a compiler does not report. */
#if defined __FAST_MATH__ || (defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__ > 0) ||                             \
    defined __ASSOCIATIVE_MATH__ || defined __RECIPROCAL_MATH__
#error                                                                                                                 \
    "McKean needs IEEE arithmetic: exact sums, random numbers and NaN checks are wrong with -Ofast, -ffast-math and "  \
       "similar options; use -O2 or -O3 without them"
#endif

/* Local. OK, or USAGE with the first answer that is wrong and what to do. Outside the kernels, which flush to zero. */
int arithmetic_check(void);

#endif
