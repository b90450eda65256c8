/* portable_atan: the angle of a point of the plane with the same bits on every machine, for a vector of points. The
 * bits of the C library's atan2 and asin depend on the processor. */
#ifndef MCKEAN_BASE_PORTABLE_ATAN_H
#define MCKEAN_BASE_PORTABLE_ATAN_H

#include "base/vector.h"

/* (atan r - r)/r^3 in r^2, |r| <= tan(pi/8), highest power first: relative error 9.6e-17, from `tools/minimax atan`. */
static const double PORTABLE_ATAN[] = {
    -0x1.3ab9391688c70p-6, 0x1.41a0ff1b87aecp-5, -0x1.a0b209b6bb9b4p-5, 0x1.dfeba20a89196p-5,
    -0x1.10fad321abe66p-4, 0x1.3b126ab3b2ab6p-4, -0x1.745d0b8f756e9p-4, 0x1.c71c718872807p-4,
    -0x1.249249243d16cp-3, 0x1.9999999999426p-3, -0x1.5555555555555p-2,
};

/* Local. Returns atan2(y, x) lane by lane, for finite y and finite x > 0. The error is below 2 ulp if the result is a
 * normal number. The function uses only basic IEEE operations; the file that includes it is compiled without
 * contraction to FMA.
 *
 * With low <= high, the numbers |y| and x in ascending order, the angle is atan(low/high), or pi/2 minus it. If
 * low/high > tan(pi/8), atan(low/high) = pi/4 + atan((low - high)/(low + high)). */
static inline __attribute__((always_inline)) vdouble portable_atan2(vdouble y, vdouble x) {
  static const double TAN = 0x1.a827999fcef32p-2;                                         /* pi/8 */
  static const double HALF_HIGH = 0x1.921fb54442d18p+0, HALF_LOW = 0x1.1a62633145c07p-54; /* pi/2 */
  const vdouble zero = {0}, one = zero + 1;
  const vint64 sign = (vint64)y & INT64_MIN, steep = (vint64)((vdouble)((vint64)y ^ sign) > x);
  const vdouble positive = (vdouble)((vint64)y ^ sign), low = vector_select_vdouble(steep, x, positive),
                high = vector_select_vdouble(steep, positive, x);
  const vint64 middle = (vint64)(low > TAN * high);
  const vdouble r = vector_select_vdouble(middle, low - high, low) / vector_select_vdouble(middle, low + high, high),
                z = r * r;
  vdouble series = zero + PORTABLE_ATAN[0];
#pragma GCC unroll 16
  for (int k = 1; k < (int)(sizeof PORTABLE_ATAN / sizeof *PORTABLE_ATAN); k++) series = series * z + PORTABLE_ATAN[k];
  const vdouble tail = r * (z * series);
  /* half = angle of the sector in units of pi/2; r and tail are subtracted if the point is steep */
  const vdouble half = vector_select_vdouble(middle, zero + 0.5, vector_select_vdouble(steep, one, zero));
  const vint64 minus = steep & INT64_MIN;
  const vdouble main = (vdouble)((vint64)r ^ minus), rest = (vdouble)((vint64)tail ^ minus);
  const vdouble angle = half * HALF_HIGH + (main + (rest + half * HALF_LOW));
  return (vdouble)((vint64)angle ^ sign);
}

#endif
