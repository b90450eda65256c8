/* portable_exp: the exponential function with the same bits on every machine. The C library's depends on the
 * processor. */
#ifndef MCKEAN_BASE_PORTABLE_EXP_H
#define MCKEAN_BASE_PORTABLE_EXP_H

/* Local. e^x: 0 below -745.2, infinite above 709.8, NAN for NAN. Error below 1 unit in the last place where the result
 * is a normal number. Only IEEE basic operations. */
double portable_exp(double x);

#endif
