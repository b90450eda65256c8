/* error_fit: how the loss falls with n at fixed t: L_n = L + A n^-p (RVE: p = 1 in the mean over initial conditions).
 *
 * Weighted least squares in L and A for given p, with the variances of the bootstrap as weights; p by minimum of chi^2.
 * Whether p = 1 describes the losses is told by its chi^2 on sizes - 2 degrees. */
#ifndef MCKEAN_FLUCTUATIONS_ERROR_FIT_H
#define MCKEAN_FLUCTUATIONS_ERROR_FIT_H

#include <stdint.h>

/* p is sought between these; at least so many sizes leave a degree of freedom beside L, A and p. */
#define ERROR_FIT_LOW  0.2
#define ERROR_FIT_HIGH 3.0
enum { ERROR_FIT_SIZES = 4 };

struct error_fit {
  double power;             /* p; NAN: too few sizes, no spread, or at the end of the range */
  double limit, amplitude;  /* L, A at that p */
  double chi2, probability; /* with p = 1: chi^2 and the probability of a larger one */
};

/* Local. n, loss [sizes], boot [sizes][bootstrap]; powers [bootstrap]: p of every bootstrap sample. */
struct error_fit error_fit(int sizes, const int64_t *n, const double *loss, int bootstrap, const double *boot,
                           double *powers);

#endif
