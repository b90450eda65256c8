#include "study/verdict.h"

const char *const verdict_names[] = {"none", "within", "undecided", "outside", "met", "not met"};

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance) {
  const double low = expected - tolerance, high = expected + tolerance;
  if (isnan(slope->low) || isnan(slope->high) || isnan(expected)) return VERDICT_NONE;
  if (slope->low >= low && slope->high <= high) return VERDICT_WITHIN;
  return slope->high < low || slope->low > high ? VERDICT_OUTSIDE : VERDICT_UNDECIDED;
}

const char *verdict_text(const struct estimate *slope, double expected, double tolerance) {
  static char text[256];
  const bool below = slope->high < expected, differs = below || slope->low > expected;
  const char *side = expected < 0 ? (below ? "steeper" : "shallower") : below ? "lower" : "higher";
  switch (verdict_of(slope, expected, tolerance)) {
  case VERDICT_WITHIN:
    snprintf(text, sizeof text, "consistent with %g within %g", expected, tolerance);
    if (differs) snprintf(text, sizeof text, "within %g of %g, but different from it: %s", tolerance, expected, side);
    break;
  case VERDICT_UNDECIDED:
    snprintf(text, sizeof text, "undecided: compatible with %g (interval +-%.2g; more replicas needed to resolve %g)",
             expected, (slope->high - slope->low) / 2, tolerance);
    if (differs)
      snprintf(text, sizeof text,
               "undecided: different from %g (%s); more replicas needed to resolve whether the difference exceeds %g",
               expected, side, tolerance);
    break;
  case VERDICT_OUTSIDE:
    snprintf(text, sizeof text, "NOT consistent with %g within %g: %s", expected, tolerance, side);
    break;
  default:
    snprintf(text, sizeof text, "no interval, no verdict");
  }
  return text;
}
