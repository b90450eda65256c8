/* portable_exp: the exponential function with the same bits on every machine. The bits of the C library's exp depend on
 * the processor. */
#ifndef MCKEAN_BASE_PORTABLE_EXP_H
#define MCKEAN_BASE_PORTABLE_EXP_H

/* Local. Returns e^x: 0 for x < -745.2, infinity for x > 709.8, NAN for NAN. The error is below 1 ulp if the result is
 * a normal number. The function uses only basic IEEE operations. */
double portable_exp(double x);

#endif
