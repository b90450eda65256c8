/* verdict: whether an interval agrees with an expected slope within a stated tolerance. All functions are local.
 *
 *   within     the whole interval lies in expected +- tolerance, whether or not it contains the expected value
 *   undecided  only a segment of the interval lies in expected +- tolerance: more replicas are needed
 *   outside    no point of the interval lies in expected +- tolerance
 *   none       there is no interval, or no expected slope
 *
 * At finite n a law such as V_n = O(1/n) has corrections of other powers, so with enough replicas every interval
 * excludes the exact exponent. The tolerance allows for these corrections. The verdicts of conditions are "met" and
 * "not met". */
#ifndef MCKEAN_STUDY_VERDICT_H
#define MCKEAN_STUDY_VERDICT_H

#include <stdbool.h>

#include "study/estimate.h"

enum verdict { VERDICT_NONE, VERDICT_WITHIN, VERDICT_UNDECIDED, VERDICT_OUTSIDE, VERDICT_MET, VERDICT_NOT_MET };
extern const char *const verdict_names[]; /* by enum verdict */

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance);

/* Returns the verdict as a sentence that names the side on which the slope differs. The next call overwrites the
 * text. */
const char *verdict_text(const struct estimate *slope, double expected, double tolerance);

#endif
