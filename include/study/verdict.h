/* verdict: what an interval says about an expected slope, within a stated tolerance. Local.
 *
 *   within     the whole interval lies in expected +- tolerance; that it excludes the expected value itself is said too
 *   undecided  a part of it does: there are too few replicas to tell
 *   outside    no part of it does
 *   none       there is no interval
 *
 * At finite n a law such as V_n = O(1/n) has corrections of other powers, so that with enough replicas every interval
 * excludes the exact exponent: hence the tolerance. */
#ifndef MCKEAN_STUDY_VERDICT_H
#define MCKEAN_STUDY_VERDICT_H

#include "study/results.h"

enum verdict { VERDICT_NONE, VERDICT_WITHIN, VERDICT_UNDECIDED, VERDICT_OUTSIDE };
extern const char *const verdict_names[];

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance);

/* The verdict in words; the text is valid until the next call. */
const char *verdict_text(const struct estimate *slope, double expected, double tolerance);

#endif
