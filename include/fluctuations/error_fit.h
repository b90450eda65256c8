/* error_fit: fits L_n = L + A n^-p to the losses of all n at one time (RVE: p = 1 for the mean over initial
 * conditions).
 *
 * For given p, L and A are a least-squares fit weighted by inverse bootstrap variances; p minimizes its chi^2. The
 * chi^2 of p = 1, with sizes - 2 degrees of freedom, tests whether p = 1 describes the losses. */
#ifndef MCKEAN_FLUCTUATIONS_ERROR_FIT_H
#define MCKEAN_FLUCTUATIONS_ERROR_FIT_H

#include <stdint.h>

/* The range of p, and the fewest sizes for a fit: one more than its parameters L, A and p. */
#define ERROR_FIT_LOW  0.2
#define ERROR_FIT_HIGH 3.0
enum { ERROR_FIT_SIZES = 4 };

struct error_fit {
  double power;             /* p; NAN: too few sizes, a loss without variance, or p at an end of the range */
  double limit, amplitude;  /* L, A at that p */
  double chi2, probability; /* for p = 1: chi^2 and the probability of a larger chi^2 */
};

/* Local. n, loss [sizes]; resampled [sizes][bootstrap]: losses of the bootstrap samples. powers [bootstrap] = p of each
 * sample or NAN. */
struct error_fit error_fit(int sizes, const int64_t *n, const double *loss, int bootstrap, const double *resampled,
                           double *powers);

#endif
