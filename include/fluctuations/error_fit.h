/* error_fit: fits L_n = L + A n^-p to the losses of all n at one time (RVE: p = 1 for the mean over initial
 * conditions).
 *
 * For given p, L and A are a least-squares fit weighted by w_n = 1/v_n, the inverse variances of the mean losses from
 * the bootstrap; p minimizes its chi^2. The chi^2 of p = 1 tests whether p = 1 describes the losses. The v_n come from
 * R_n replicas, so chi^2 is larger on average than with known variances. Welch (1951) for equal means and Johansen
 * (Biometrika 67, 1980) for linear models approximate its distribution:
 *
 *   chi^2 / c  has the F distribution with q and q (q + 2) / (3 A) degrees of freedom,   q = sizes - 2,
 *   A = sum_n (1 - h_n)^2 / (R_n - 1),   c = q + 2 A - 6 A / (q + 2)
 *
 * where h_n is the leverage of the loss of n in the weighted fit of p = 1. `make coverage` measures how often a true
 * p = 1 is rejected at 5 %. */
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
  double chi2, probability; /* for p = 1: chi^2 and the probability of a larger one, from the F distribution */
};

/* Local. n, replicas, loss [sizes]: units, number of independent replicas, mean loss; resampled [sizes][bootstrap]:
 * mean losses of the bootstrap samples. powers [bootstrap] = p of each sample or NAN; NULL: not wanted. */
struct error_fit error_fit(int sizes, const int64_t *n, const int64_t *replicas, const double *loss, int bootstrap,
                           const double *resampled, double *powers);

#endif
