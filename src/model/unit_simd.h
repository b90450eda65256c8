/* unit_simd: h and h' of every unit type on a vector of W reals, for the kernel template. Included once per arithmetic
 * (real, integer of the same width: `real`, `vreal`, `vint`, constants in kernel_real.h). One text in GNU vector
 * extensions serves every instruction-set level; simd.h has the few operations they lack.
 *
 * To add a unit type: static inline void FN(unit_<name>)(vreal s, vreal *h, vreal *dh) here, a line each in
 * kernel_real.h and in the table of kernel_isa.c.
 *
 * Not-a-number in s comes out as not-a-number: the exact sum finds it. Arguments are clamped to where e^x is a normal
 * number, so limits are reached to 1e-38 (float). Only IEEE operations whose results do not depend on the machine: no
 * approximate reciprocals. Accuracy is stated in tests/test_unit.c, which measures it against long double. */

/* A polynomial of unit_series.h, its even and its odd powers by Horner's rule: half the latency of one chain. */
#define POLY(name, x) FN(poly)(name, (int)(sizeof name / sizeof *name), x)
static inline __attribute__((always_inline)) vreal FN(poly)(const double *c, int terms, vreal x) {
  const vreal square = x * x;
  vreal p = SPLAT(c[0]), q = SPLAT(c[1]);
  for (int i = 2; i < terms; i++) {
    const vreal next = p * square + SPLAT(c[i]);
    p = q;
    q = next;
  }
  return p * x + q;
}

static inline vreal FN(abs)(vreal x) {
  return (vreal)((vint)x & ~SIGN);
}

static inline vreal FN(with_sign_of)(vreal s, vreal size) {
  return (vreal)((vint)size | ((vint)s & SIGN));
}

/* x = k ln2 + r, |r| <= ln2/2, |x| <= EXP_LIMIT. Returns r; *shifted = k + ROUND_MAGIC holds k as a number and as bits.
 */
static inline vreal FN(reduce)(vreal x, vreal *shifted) {
  *shifted = x * SPLAT(1.4426950408889634074) + SPLAT(ROUND_MAGIC);
  const vreal k = *shifted - SPLAT(ROUND_MAGIC);
  vreal r = x - k * SPLAT(LN2_HIGH);
  if (LN2_LOW != 0) r = r - k * SPLAT(LN2_LOW);
  return r;
}

static inline vreal FN(exp)(vreal x) {
  vreal shifted;
  const vreal r = FN(reduce)(MIN(SPLAT(EXP_LIMIT), MAX(SPLAT(-EXP_LIMIT), x)), &shifted);
  return SCALE(POLY(FN(EXP), r), shifted);
}

/* e^x - 1 for |x| <= EXP_LIMIT, to its own last places also near zero: 2^k (e^r - 1) + (2^k - 1). */
static inline vreal FN(expm1)(vreal x) {
  vreal shifted;
  const vreal r = FN(reduce)(x, &shifted);
  const vreal p = r + r * r * POLY(FN(EXPM1), r);
  const vreal power = SCALE(SPLAT(1), shifted);
  return power * p + (power - SPLAT(1));
}

static inline void FN(unit_sigmoid)(vreal s, vreal *h, vreal *dh) {
  /* On the left 1/(1 + e^-s) loses nothing: e^-s grows, its reciprocal keeps the relative error. */
  const vreal e = FN(exp)(-s);
  const vreal q = SPLAT(1) / (SPLAT(1) + e);
  *h = q;
  *dh = e * q * q; /* h (1 - h), 1 - h = e h */
}

/* tanh |s| = E q, q = 1/(E + 2), E = e^{2|s|} - 1; tanh' = (1 - h)(1 + h) = 2 q (1 + h), without cancellation. */
static inline void FN(unit_tanh)(vreal s, vreal *h, vreal *dh) {
  const vreal size = FN(abs)(s);
  const vreal E = FN(expm1)(MIN(SPLAT(EXP_LIMIT), size + size));
  const vreal q = SPLAT(1) / (E + SPLAT(2));
  const vreal v = E * q;
  *h = FN(with_sign_of)(s, v);
  *dh = (q + q) * v + (q + q);
}

static inline void FN(unit_relu)(vreal s, vreal *h, vreal *dh) {
  *h = MAX(SPLAT(0), s);
  *dh = SELECT_POSITIVE(s, SPLAT(1), SPLAT(0));
}

/* log(1 + e^s) = max(s, 0) + log(1 + e), e = e^-|s| <= 1. */
static inline void FN(unit_softplus)(vreal s, vreal *h, vreal *dh) {
  const vreal e = FN(exp)(-FN(abs)(s));
  *h = MAX(SPLAT(0), s) + e * POLY(FN(LOG1P), e);
  *dh = SELECT_POSITIVE(s, SPLAT(1), e) / (SPLAT(1) + e);
}

/* erf(a / sqrt 2) = 1 - e^{-a g(a)}, a = |s|, with g smooth: no cancellation near zero, no pieces. */
static inline void FN(unit_erf)(vreal s, vreal *h, vreal *dh) {
  const vreal a = MIN(SPLAT(ERF_LIMIT), FN(abs)(s));
  const vreal g = POLY(FN(ERF), a * SPLAT(2 / ERF_LIMIT) - SPLAT(1));
  *h = FN(with_sign_of)(s, -FN(expm1)(-a * g));
  *dh = SPLAT(0.79788456080286535588) * FN(exp)(SPLAT(-0.5) * s * s);
}

/* sin(s + shift pi) for shift 0 and 1/2: to the nearest half turn, with pi in three parts, for |s| up to about 1e4
 * (float) and 1e6 (double). flip: all bits set to negate. */
static inline vreal FN(sine)(vreal s, vreal shift, vint flip) {
  const vreal shifted = (s * SPLAT(0.31830988618379067154) + shift) + SPLAT(ROUND_MAGIC);
  const vreal k = (shifted - SPLAT(ROUND_MAGIC)) - shift;
  vreal r = s - k * SPLAT(PI_HIGH);
  r = r - k * SPLAT(PI_MIDDLE);
  if (PI_LOW != 0) r = r - k * SPLAT(PI_LOW);
  const vreal square = r * r;
  const vreal sine = r + r * (square * POLY(FN(SIN), square));
  return (vreal)((vint)sine ^ ((((vint)shifted << (8 * (int)sizeof(real) - 1)) ^ flip) & SIGN));
}

static inline void FN(unit_cosine)(vreal s, vreal *h, vreal *dh) {
  *h = FN(sine)(s, SPLAT(0.5), (vint){0});
  *dh = FN(sine)(s, SPLAT(0), ~(vint){0});
}

static inline void FN(unit_rbf)(vreal s, vreal *h, vreal *dh) {
  *h = *dh = FN(exp)(s);
}
