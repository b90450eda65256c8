/* verdict: whether an interval agrees with an expected slope within a stated tolerance. All functions are local.
 *
 *   within     the whole interval lies in expected +- tolerance, whether or not it contains the expected value
 *   compatible the interval contains the expected value, but also values outside expected +- tolerance
 *   different  the interval does not contain the expected value, and only a segment of it lies in expected +- tolerance
 *   outside    no point of the interval lies in expected +- tolerance
 *   none       there is no interval, or no expected slope
 *
 * For "compatible" and "different" the text states how many replicas would decide, since the width of an interval
 * falls as R^-1/2.
 *
 * At finite n a law such as V_n = O(1/n) has corrections of other powers, so with enough replicas every interval
 * excludes the exact exponent. The tolerance allows for these corrections. The verdicts of conditions are "met" and
 * "not met". */
#ifndef MCKEAN_STUDY_VERDICT_H
#define MCKEAN_STUDY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "study/estimate.h"

enum verdict {
  VERDICT_NONE,
  VERDICT_WITHIN,
  VERDICT_COMPATIBLE,
  VERDICT_DIFFERENT,
  VERDICT_OUTSIDE,
  VERDICT_MET,
  VERDICT_NOT_MET
};
extern const char *const verdict_names[]; /* by enum verdict */

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance);

/* Returns the factor by which the number of replicas R must grow until the interval, of half width h R^-1/2 around the
 * same value, lies in expected +- tolerance or outside of it. If the interval contains `expected`, and the value lies
 * within tolerance/2 of an end of expected +- tolerance, R must grow until h R^-1/2 is half the tolerance. 1: no more
 * replicas are needed; NAN: no interval. */
double verdict_replicas_factor(const struct estimate *slope, double expected, double tolerance);
#define VERDICT_FACTOR_MAX 1000.0 /* texts do not state larger factors */

/* Returns the verdict as a sentence that names the side on which the slope differs, or the interval and how many
 * replicas would decide. replicas: the number of replicas of each n; 0: it differs between the n. The next call
 * overwrites the text. */
const char *verdict_text(const struct estimate *slope, double expected, double tolerance, int64_t replicas);

#endif
