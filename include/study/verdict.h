/* verdict: what an interval implies about an expected slope, within a stated tolerance. All functions are local.
 *
 *   within     the whole interval lies in expected +- tolerance, whether or not it contains the expected value
 *   undecided  only a segment of it does: more replicas are needed
 *   outside    no point of it does
 *   none       there is no interval
 *
 * At finite n a law such as V_n = O(1/n) has corrections of other powers, so with enough replicas every interval
 * excludes the exact exponent. Hence the tolerance. Conditions have the verdicts met and not met. */
#ifndef MCKEAN_STUDY_VERDICT_H
#define MCKEAN_STUDY_VERDICT_H

#include <stdbool.h>

#include "study/estimate.h"

enum verdict { VERDICT_NONE, VERDICT_WITHIN, VERDICT_UNDECIDED, VERDICT_OUTSIDE, VERDICT_MET, VERDICT_NOT_MET };
extern const char *const verdict_names[];

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance);

/* The verdict as a sentence, with the side on which the slope differs. The next call overwrites it. */
const char *verdict_text(const struct estimate *slope, double expected, double tolerance);

#endif
