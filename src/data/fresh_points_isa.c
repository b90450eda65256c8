/* The random numbers of fresh_points.h on vectors of points, for one instruction-set level (KERNEL_ISA). */
#include "fresh_points_isa.h"

#include <string.h>

#include "base/vector.h"

/* A group of lanes is computed at a time. The chains of dependent operations are long; VECTORS of them overlap. */
enum { W = VECTOR_BYTES / 8, VECTORS = 4, GROUP = W * VECTORS };

#define EACH       for (int v = 0; v < VECTORS; v++)
#define WORD(bits) ((vword){0} + UINT64_C(bits))

/* Philox4x32-10. The low 32 bits of a lane of word[i] are word i of the counter on entry, and word i of the block on
 * return; the high bits of the result are not defined. */
static inline void philox(const struct fresh_stream *stream, vword word[4][VECTORS]) {
  const vword m0 = WORD(0xD2511F53), m1 = WORD(0xCD9E8D57);
  uint32_t k0 = stream->key[0], k1 = stream->key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    vword p0[VECTORS], p1[VECTORS];
    EACH p0[v] = VECTOR_MULTIPLY(word[0][v], m0);
    EACH p1[v] = VECTOR_MULTIPLY(word[2][v], m1);
    EACH word[0][v] = (p1[v] >> 32) ^ word[1][v] ^ k0;
    EACH word[2][v] = (p0[v] >> 32) ^ word[3][v] ^ k1;
    EACH word[1][v] = p1[v];
    EACH word[3][v] = p0[v];
  }
}

/* log u for u in (0, 1]. With u = m 2^e, m in [sqrt 1/2, sqrt 2): log m = 2 artanh(s), s = (m - 1)/(m + 1), |s| <=
 * 0.1716. Eleven terms of the series are accurate to 2^-53. */
static inline void logarithm(const vdouble *u, vdouble *log_u) {
  vdouble s[VECTORS], s2[VECTORS], e[VECTORS], series[VECTORS];
  EACH {
    const vword upper = (vword)u[v] - UINT64_C(0x3fe6a09e667f3bcd); /* bits of u minus bits of sqrt(1/2) */
    const vdouble m = (vdouble)((upper & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd));
    const vword exponent = upper >> 52 | (0 - (upper >> 63)) << 12; /* an arithmetic right shift by 52 */
    e[v] = (vdouble)(exponent + WORD(0x4338000000000000)) - 0x1.8p52;
    s[v] = (m - 1) / (m + 1);
  }
  EACH s2[v] = s[v] * s[v];
  EACH series[v] = s2[v] * (1.0 / 21) + 1.0 / 19;
#pragma GCC unroll 9
  for (int k = 8; k >= 0; k--) EACH series[v] = series[v] * s2[v] + 1.0 / (2 * k + 1);
  EACH log_u[v] = 2 * s[v] * series[v] + e[v] * 0x1.62e42fefa39efp-1;
}

/* x, y = radius (cos 2 pi t, sin 2 pi t) for t in [0, 1), by Taylor series after the nearest quarter turn has been
 * subtracted: |angle| <= pi/4. */
static inline void turn(const vdouble *radius, const vdouble *t, vdouble *x, vdouble *y) {
  vdouble shifted[VECTORS], angle[VECTORS], square[VECTORS], c[VECTORS], w[VECTORS];
  EACH shifted[v] = 4 * t[v] + 0x1.8p52;
  EACH angle[v] = (t[v] - 0.25 * (shifted[v] - 0x1.8p52)) * 0x1.921fb54442d18p+2;
  EACH square[v] = angle[v] * angle[v];
  EACH c[v] = w[v] = (vdouble){0} + 1;
#pragma GCC unroll 8
  for (int k = 8; k >= 1; k--) {
    EACH c[v] = 1 - c[v] * square[v] * (1.0 / ((2 * k - 1) * (2 * k)));
    EACH w[v] = 1 - w[v] * square[v] * (1.0 / ((2 * k) * (2 * k + 1)));
  }
  EACH w[v] *= angle[v];
  EACH {
    const vword quarter = (vword)shifted[v], odd = 0 - (quarter & 1);
    const vword cosine = ((vword)w[v] & odd) | ((vword)c[v] & ~odd), sine = ((vword)c[v] & odd) | ((vword)w[v] & ~odd);
    x[v] = radius[v] * (vdouble)(cosine ^ ((quarter + 1) & 2) << 62);
    y[v] = radius[v] * (vdouble)(sine ^ (quarter & 2) << 62);
  }
}

/* x, y: two independent N(0,1) numbers per lane from a block of the generator, by the Box-Muller transform with u
 * uniform in (0, 1] and t uniform in [0, 1), multiples of 2^-52. */
static inline void normal_pair(const struct fresh_stream *stream, const vword *id, int draw, vdouble *x, vdouble *y) {
  const vword one = WORD(0x3ff0000000000000), mantissa = WORD(0xfffffffffffff), low = WORD(0xffffffff);
  vword word[4][VECTORS];
  vdouble u[VECTORS], t[VECTORS], log_u[VECTORS], radius[VECTORS];
  EACH word[0][v] = id[v] & low;
  EACH word[1][v] = (id[v] >> 32 << 10) | (uint64_t)draw;
  EACH word[2][v] = (vword){0} + stream->nonce[0];
  EACH word[3][v] = (vword){0} + stream->nonce[1];
  philox(stream, word);
  EACH u[v] = 2 - (vdouble)((((word[0][v] << 20) ^ (word[1][v] & low) >> 12) & mantissa) | one);
  EACH t[v] = (vdouble)((((word[2][v] << 20) ^ (word[3][v] & low) >> 12) & mantissa) | one) - 1;
  logarithm(u, log_u);
  EACH radius[v] = VECTOR_SQRT_double(-2 * log_u[v]);
  turn(radius, t, x, y);
}

static void normal(const struct fresh_stream *stream, int64_t first, int from, int count, double *z) {
  for (int lane = 0; lane < POINT_LANES; lane += GROUP) {
    uint64_t number[GROUP];
    vword id[VECTORS];
    for (int i = 0; i < GROUP; i++) number[i] = (uint64_t)(first + lane + i);
    memcpy(id, number, sizeof id);
    for (int k = 0; k < count; k += 2) {
      vdouble x[VECTORS], y[VECTORS];
      normal_pair(stream, id, (from + k) / 2, x, y);
      EACH *(vdouble *)(z + k * POINT_LANES + lane + v * W) = x[v];
      if (k + 1 < count) EACH *(vdouble *)(z + (k + 1) * POINT_LANES + lane + v * W) = y[v];
    }
  }
}

/* ---- in single precision: 32 bits of the generator per number ---- */

/* Two vectors of words, those of the even and of the odd points, give one vector of 32-bit words in the order of the
 * points. */
enum { HALF = VECTORS / 2 };
#define EACH_HALF for (int v = 0; v < HALF; v++)

/* radius = sqrt(-2 log u) with u in (0, 1], the number (word + 1) / 2^32 rounded. The method is that of logarithm();
 * five terms of the series are accurate to 2^-27. */
static inline void radius_single(const vuint32 *word, vfloat *radius) {
  vfloat s[HALF], s2[HALF], e[HALF], series[HALF];
  EACH_HALF {
    const vfloat high = __builtin_convertvector((vint32)(word[v] >> 16), vfloat),
                 low = __builtin_convertvector((vint32)(word[v] & 0xffff), vfloat);
    const vfloat u = high * 0x1p-16f + (low + 1) * 0x1p-32f;
    const vuint32 upper = (vuint32)u - 0x3f3504f3; /* bits of u minus bits of sqrt(1/2) */
    const vfloat m = (vfloat)((upper & 0x7fffff) + 0x3f3504f3);
    e[v] = __builtin_convertvector((vint32)upper >> 23, vfloat);
    s[v] = (m - 1) / (m + 1);
  }
  EACH_HALF s2[v] = s[v] * s[v];
  EACH_HALF series[v] = s2[v] * (1.0f / 9) + 1.0f / 7;
  EACH_HALF series[v] = series[v] * s2[v] + 1.0f / 5;
  EACH_HALF series[v] = series[v] * s2[v] + 1.0f / 3;
  EACH_HALF series[v] = series[v] * s2[v] + 1;
  EACH_HALF radius[v] = VECTOR_SQRT_float(-2 * (2 * s[v] * series[v] + e[v] * 0x1.62e43p-1f));
}

/* x, y = radius (cos t, sin t) with t = 2 pi word / 2^32. The method is that of turn(). */
static inline void turn_single(const vfloat *radius, const vuint32 *word, vfloat *x, vfloat *y) {
  vuint32 quarter[HALF];
  vfloat angle[HALF], square[HALF], c[HALF], w[HALF];
  EACH_HALF quarter[v] = (word[v] + 0x20000000) >> 30;
  EACH_HALF angle[v] = __builtin_convertvector((vint32)(word[v] - (quarter[v] << 30)), vfloat) * 0x1.921fb6p-30f;
  EACH_HALF square[v] = angle[v] * angle[v];
  EACH_HALF c[v] = w[v] = (vfloat){0} + 1;
#pragma GCC unroll 5
  for (int k = 5; k >= 1; k--) {
    EACH_HALF c[v] = 1 - c[v] * square[v] * (1.0f / (float)((2 * k - 1) * (2 * k)));
    EACH_HALF w[v] = 1 - w[v] * square[v] * (1.0f / (float)((2 * k) * (2 * k + 1)));
  }
  EACH_HALF w[v] *= angle[v];
  EACH_HALF {
    const vuint32 odd = 0 - (quarter[v] & 1);
    const vuint32 cosine = ((vuint32)w[v] & odd) | ((vuint32)c[v] & ~odd),
                  sine = ((vuint32)c[v] & odd) | ((vuint32)w[v] & ~odd);
    x[v] = radius[v] * (vfloat)(cosine ^ ((quarter[v] + 1) & 2) << 30);
    y[v] = radius[v] * (vfloat)(sine ^ (quarter[v] & 2) << 30);
  }
}

/* z[0..3]: four independent N(0,1) numbers per lane from a block of the generator: words 0 and 1 give the first two. */
static inline void normal_four(const struct fresh_stream *stream, const vword *id, int draw, vfloat z[4][HALF]) {
  const vword low = WORD(0xffffffff);
  vword word[4][VECTORS];
  vuint32 packed[4][HALF];
  vfloat radius[HALF];
  EACH word[0][v] = id[v] & low;
  EACH word[1][v] = (id[v] >> 32 << 10) | (uint64_t)draw;
  EACH word[2][v] = (vword){0} + stream->nonce[0];
  EACH word[3][v] = (vword){0} + stream->nonce[1];
  philox(stream, word);
  for (int i = 0; i < 4; i++) EACH_HALF packed[i][v] = (vuint32)((word[i][2 * v] & low) | word[i][2 * v + 1] << 32);
  for (int i = 0; i < 4; i += 2) {
    radius_single(packed[i], radius);
    turn_single(radius, packed[i + 1], z[i], z[i + 1]);
  }
}

static void normal_single(const struct fresh_stream *stream, int64_t first, int from, int count, float *z) {
  for (int lane = 0; lane < POINT_LANES; lane += GROUP) {
    uint64_t number[GROUP];
    vword id[VECTORS];
    for (int v = 0; v < VECTORS; v++)
      for (int i = 0; i < W; i++) number[v * W + i] = (uint64_t)(first + lane + v / 2 * 2 * W + 2 * i + v % 2);
    memcpy(id, number, sizeof id);
    for (int k = 0; k < count; k += 4) {
      vfloat four[4][HALF];
      normal_four(stream, id, (from + k) / 4, four);
      for (int i = 0; i < 4 && k + i < count; i++)
        EACH_HALF *(vfloat *)(z + (k + i) * POINT_LANES + lane + v * 2 * W) = four[i][v];
    }
  }
}

/* ---- points ---- */

static void sphere(const struct fresh_stream *stream, int64_t first, int d, double *x) {
  normal(stream, first, 0, d, x);
  for (int lane = 0; lane < POINT_LANES; lane += W) {
    vdouble square = {0};
    for (int k = 0; k < d; k++) {
      const vdouble z = *(const vdouble *)(x + k * POINT_LANES + lane);
      square += z * z;
    }
    const vdouble scale = VECTOR_SQRT_double((double)d / square);
    for (int k = 0; k < d; k++) *(vdouble *)(x + k * POINT_LANES + lane) *= scale;
  }
}

const struct fresh_functions ISA_NAME(fresh_functions) = {normal, normal_single, sphere};
