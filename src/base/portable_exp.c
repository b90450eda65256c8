#include "base/portable_exp.h"

#include <math.h>

static const double LN2_HIGH = 0x1.62e42feep-1, LN2_LOW = 0x1.a39ef35793c76p-33; /* k LN2_HIGH is exact */
static const double ROUND = 0x1.8p52;                                            /* adding it rounds to an integer */

/* x = k ln2 + r, |r| <= ln2/2; the Taylor polynomial of e^r of degree 13 is accurate to 4e-18. */
double portable_exp(double x) {
  if (isnan(x)) return x;
  if (x > 709.8) return INFINITY;
  if (x < -745.2) return 0;
  const double k = (x * 1.4426950408889634 + ROUND) - ROUND;
  const double high = x - k * LN2_HIGH, low = k * LN2_LOW, r = high - low;
  double tail = 0; /* (e^r - 1 - r) / r^2 = 1/2 + r/6 + .. */
  for (int degree = 13; degree >= 2; degree--) tail = (tail * r + 1) / degree;
  const double error = (high - r) - low; /* rounding error of r */
  return ldexp(1 + (r + (r * (tail * r) + error)), (int)k);
}
