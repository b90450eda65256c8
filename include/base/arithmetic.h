/* arithmetic: checks that this build and this process compute by the rules of IEEE 754, on which all results depend.
 *
 * Exact sums (base/exact_sum.h), random numbers (base/rng.h) and kernels round by adding and subtracting a large
 * number, and checks for divergence rely on NaN. Compiler options such as -Ofast break this code without a warning, and
 * a library can set the rounding mode, or flush subnormal numbers to zero, for the whole process. */
#ifndef MCKEAN_BASE_ARITHMETIC_H
#define MCKEAN_BASE_ARITHMETIC_H

/* GCC defines all four macros, other compilers only the first two. arithmetic_check detects at run time the options
 * that define no macro. */
#if defined __FAST_MATH__ || (defined __FINITE_MATH_ONLY__ && __FINITE_MATH_ONLY__ > 0) ||                             \
    defined __ASSOCIATIVE_MATH__ || defined __RECIPROCAL_MATH__
#error                                                                                                                 \
    "McKean needs IEEE arithmetic: exact sums, random numbers and NaN checks are wrong with -Ofast, -ffast-math and "  \
       "similar options; use -O2 or -O3 without them"
#endif

/* Local. Compares computed values with known answers. USAGE: a value is wrong; the message states what was expected,
 * what was received and what to do. Do not call this function inside a kernel (particles/kernel.h), because kernels
 * flush subnormal numbers to zero. */
int arithmetic_check(void);

#endif
