/* portable_exp: the exponential function with the same bits on every machine. The C library's depends on the
 * processor. */
#ifndef MCKEAN_BASE_PORTABLE_EXP_H
#define MCKEAN_BASE_PORTABLE_EXP_H

/* Local. Returns e^x: 0 below -745.2, infinite above 709.8, NAN for NAN. The error is below 1 unit in the last place if
 * the result is a normal number. The function uses only basic IEEE operations. */
double portable_exp(double x);

#endif
