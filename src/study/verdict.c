#include "study/verdict.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

const char *const verdict_names[] = {"none", "within", "undecided", "outside"};

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance) {
  const double low = expected - tolerance, high = expected + tolerance;
  if (isnan(slope->low) || isnan(slope->high) || isnan(expected)) return VERDICT_NONE;
  if (slope->low >= low && slope->high <= high) return VERDICT_WITHIN;
  return slope->high < low || slope->low > high ? VERDICT_OUTSIDE : VERDICT_UNDECIDED;
}

const char *verdict_text(const struct estimate *slope, double expected, double tolerance) {
  static char text[256];
  const bool differs = slope->high < expected || slope->low > expected;
  const bool below = slope->high < expected;
  const char *side = expected < 0 ? (below ? "steeper" : "shallower") : below ? "lower" : "higher";
  switch (verdict_of(slope, expected, tolerance)) {
  case VERDICT_WITHIN:
    snprintf(text, sizeof text, "consistent with %g within %g", expected, tolerance);
    if (differs)
      snprintf(text, sizeof text, "within %g of %g, though it differs from it: %s", tolerance, expected, side);
    break;
  case VERDICT_UNDECIDED:
    snprintf(text, sizeof text, "undecided: consistent with %g, but too few replicas to tell it within %g", expected,
             tolerance);
    if (differs)
      snprintf(text, sizeof text,
               "undecided: it differs from %g (%s), too few replicas to tell whether by more than %g", expected, side,
               tolerance);
    break;
  case VERDICT_OUTSIDE:
    snprintf(text, sizeof text, "NOT consistent with %g within %g: %s", expected, tolerance, side);
    break;
  case VERDICT_NONE:
    snprintf(text, sizeof text, "no interval, no verdict");
  }
  return text;
}
