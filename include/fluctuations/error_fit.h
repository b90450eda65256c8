/* error_fit: how the loss falls with n at fixed t: L_n = L + A n^-p (RVE: p = 1 in the mean over initial conditions).
 *
 * Weighted least squares in L and A for given p, with inverse variances of the bootstrap as weights; p minimizes chi^2.
 * chi^2 of p = 1, with sizes - 2 degrees of freedom, tests whether p = 1 describes the losses. */
#ifndef MCKEAN_FLUCTUATIONS_ERROR_FIT_H
#define MCKEAN_FLUCTUATIONS_ERROR_FIT_H

#include <stdint.h>

/* Range of p; and the number of sizes that leaves a degree of freedom in addition to L, A and p. */
#define ERROR_FIT_LOW  0.2
#define ERROR_FIT_HIGH 3.0
enum { ERROR_FIT_SIZES = 4 };

struct error_fit {
  double power;             /* p; NAN: too few sizes, no variance, or p at an end of the range */
  double limit, amplitude;  /* L, A at that p */
  double chi2, probability; /* with p = 1: chi^2 and the probability of a larger one */
};

/* Local. n, loss [sizes]; boot [sizes][bootstrap]: losses of the bootstrap samples; powers [bootstrap]: p of each. */
struct error_fit error_fit(int sizes, const int64_t *n, const double *loss, int bootstrap, const double *boot,
                           double *powers);

#endif
