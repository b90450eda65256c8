#include "study/verdict.h"

#include <math.h>
#include <stdio.h>

const char *const verdict_names[] = {"none", "within", "compatible", "different", "outside", "met", "not met"};

enum verdict verdict_of(const struct estimate *slope, double expected, double tolerance) {
  const double low = expected - tolerance, high = expected + tolerance;
  if (isnan(slope->low) || isnan(slope->high) || isnan(expected)) return VERDICT_NONE;
  if (slope->low >= low && slope->high <= high) return VERDICT_WITHIN;
  if (slope->high < low || slope->low > high) return VERDICT_OUTSIDE;
  return slope->low <= expected && slope->high >= expected ? VERDICT_COMPATIBLE : VERDICT_DIFFERENT;
}

double verdict_replicas_factor(const struct estimate *slope, double expected, double tolerance) {
  const enum verdict verdict = verdict_of(slope, expected, tolerance);
  if (verdict == VERDICT_NONE) return NAN;
  if (verdict != VERDICT_COMPATIBLE && verdict != VERDICT_DIFFERENT) return 1;
  const double half = (slope->high - slope->low) / 2, distance = fabs(tolerance - fabs(slope->value - expected));
  const double least = verdict == VERDICT_COMPATIBLE ? tolerance / 2 : 0;
  return fmax(1, pow(half / fmax(distance, least), 2));
}

/* Writes how many replicas an interval needs, with two digits, rounded up. */
static void needed(double factor, int64_t replicas, char text[96]) {
  const double count = factor * (double)(replicas > 0 ? replicas : 1),
               digit = fmax(replicas > 0 ? 1 : 0.1, pow(10, floor(log10(count)) - 1)),
               rounded = digit * ceil(count / digit * (1 - 1e-9));
  if (factor > VERDICT_FACTOR_MAX)
    snprintf(text, 96, "more than %g times as many replicas needed", VERDICT_FACTOR_MAX);
  else
    snprintf(text, 96, replicas > 0 ? "about %.0f replicas needed" : "about %.3g times as many replicas needed",
             rounded);
}

const char *verdict_text(const struct estimate *slope, double expected, double tolerance, int64_t replicas) {
  static char text[256];
  char replicas_needed[96];
  const bool below = slope->high < expected, differs = below || slope->low > expected;
  const char *side = expected < 0 ? (below ? "steeper" : "shallower") : below ? "lower" : "higher";
  needed(verdict_replicas_factor(slope, expected, tolerance), replicas, replicas_needed);
  switch (verdict_of(slope, expected, tolerance)) {
  case VERDICT_WITHIN:
    snprintf(text, sizeof text, "consistent with %g within %g", expected, tolerance);
    if (differs) snprintf(text, sizeof text, "within %g of %g, but different from it: %s", tolerance, expected, side);
    break;
  case VERDICT_COMPATIBLE:
    snprintf(text, sizeof text, "compatible with %g (interval +-%.2g; %s to resolve %g)", expected,
             (slope->high - slope->low) / 2, replicas_needed, tolerance);
    break;
  case VERDICT_DIFFERENT:
    snprintf(text, sizeof text, "different from %g: %s, by %.2g to %.2g (%s to resolve whether by more than %g)",
             expected, side, fmin(fabs(slope->low - expected), fabs(slope->high - expected)),
             fmax(fabs(slope->low - expected), fabs(slope->high - expected)), replicas_needed, tolerance);
    break;
  case VERDICT_OUTSIDE:
    snprintf(text, sizeof text, "NOT consistent with %g within %g: %s", expected, tolerance, side);
    break;
  default:
    snprintf(text, sizeof text, "no interval, no verdict");
  }
  return text;
}
