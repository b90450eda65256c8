#include "base/rng.h"

#include <Random123/philox.h>
#include <math.h>

void rng_bits(const struct rng *rng, uint64_t id, uint64_t draw, uint64_t out[4]) {
  const philox4x64_key_t key = {{rng->seed, (uint64_t)rng->stream}};
  const philox4x64_ctr_t counter = {{id, rng->step, rng->network, draw}};
  const philox4x64_ctr_t bits = philox4x64(counter, key);
  for (int i = 0; i < 4; i++) out[i] = bits.v[i];
}

static double uniform(uint64_t bits) {
  return (double)(bits >> 11) * 0x1p-53;
}

void rng_uniform(const struct rng *rng, uint64_t id, int count, double *out) {
  uint64_t bits[4];
  for (int i = 0; i < count; i++) {
    if (i % 4 == 0) rng_bits(rng, id, (uint64_t)(i / 4), bits);
    out[i] = uniform(bits[i % 4]);
  }
}

/* log u, u in [2^-53, 1]: u = m 2^e with m in [sqrt 1/2, sqrt 2), log m = 2 artanh((m - 1)/(m + 1)) by its series.
 * |s| <= 0.1716, so ten terms reach 2^-53. */
static double log_of(double u) {
  static const double LN2 = 0x1.62e42fefa39efp-1;
  int e;
  double m = frexp(u, &e);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2;
    e--;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double sum = 0;
  for (int k = 10; k >= 0; k--) sum = sum * s2 + 1.0 / (2 * k + 1);
  return 2 * s * sum + e * LN2;
}

/* cos and sin of 2 pi u, u in [0, 1): Taylor series on an eighth of the circle. */
static void circle(double u, double *cosine, double *sine) {
  static const double TWO_PI = 0x1.921fb54442d18p+2;
  const int quarter = (int)(4 * u + 0.5); /* nearest multiple of a quarter turn */
  const double angle = (u - 0.25 * quarter) * TWO_PI, square = angle * angle;
  double c = 1, s = 1;
  for (int k = 8; k >= 1; k--) {
    c = 1 - c * square / ((2 * k - 1) * (2 * k));
    s = 1 - s * square / ((2 * k) * (2 * k + 1));
  }
  s *= angle;
  const double turned[4][2] = {{c, s}, {-s, c}, {-c, -s}, {s, -c}};
  *cosine = turned[quarter % 4][0];
  *sine = turned[quarter % 4][1];
}

void rng_normal(const struct rng *rng, uint64_t id, int count, double *out) {
  uint64_t bits[4];
  for (int i = 0; i < count; i += 2) {
    if (i % 4 == 0) rng_bits(rng, id, (uint64_t)(i / 4), bits);
    /* 1 - u is in (0, 1]: its logarithm is finite. */
    const double radius = sqrt(-2 * log_of(1 - uniform(bits[i % 4])));
    double cosine, sine;
    circle(uniform(bits[i % 4 + 1]), &cosine, &sine);
    out[i] = radius * cosine;
    if (i + 1 < count) out[i + 1] = radius * sine;
  }
}

void rng_sphere(const struct rng *rng, uint64_t id, int d, double *x) {
  double square = 0;
  rng_normal(rng, id, d, x);
  for (int k = 0; k < d; k++) square += x[k] * x[k];
  const double scale = sqrt(d / square);
  for (int k = 0; k < d; k++) x[k] *= scale;
}

int64_t rng_permute(const struct rng *rng, uint64_t id, int64_t count, int64_t position) {
  /* Halves of equal width that together hold count: at most four times as many values, so few walks. */
  int half = 1;
  while (half < 31 && (INT64_C(1) << (2 * half)) < count) half++;
  const uint64_t mask = (UINT64_C(1) << half) - 1;
  uint64_t value = (uint64_t)position;
  do {
    uint64_t left = value >> half, right = value & mask;
    for (uint64_t round = 0; round < 6; round++) {
      uint64_t bits[4];
      rng_bits(rng, id, round << 32 | right, bits);
      const uint64_t next = left ^ (bits[0] & mask);
      left = right;
      right = next;
    }
    value = left << half | right;
  } while (value >= (uint64_t)count);
  return (int64_t)value;
}
