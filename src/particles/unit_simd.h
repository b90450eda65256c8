/* unit_simd: h and h' of every unit type on VECTORS vectors of W reals, for the kernel template. Included once per
 * arithmetic (real, integer of the same width: `real`, `vreal`, `vint`, constants in kernel_precision.h). One text in GNU
 * vector extensions serves every instruction-set level; simd.h has the few operations they lack.
 *
 * All functions take the VECTORS vectors of a part in lockstep (EACH): the chain of operations on one vector is long,
 * and a processor looks ahead too short a way to find the next vector's behind it. Two vectors share a division.
 *
 * To add a unit type: static inline void FN(unit_<name>)(const vreal *s, vreal *h, vreal *dh) here, and an instance
 * in kernel_precision.h.
 *
 * Not-a-number in s comes out as not-a-number, perhaps with a neighbour: the exact sum finds it. Arguments are clamped
 * to where results are normal numbers, so limits are reached to 1e-38 or, where divisions are shared, to 1e-18 (float).
 * Only IEEE operations whose results do not depend on the machine: no approximate reciprocals. Accuracy is stated in
 * tests/module/test_unit.c, which measures it against long double. */

#define EACH for (int v = 0; v < VECTORS; v++)

/* A polynomial of unit_series.h by Horner's rule. */
#define POLY(name, x, p) FN(poly)(name, (int)(sizeof name / sizeof *name), x, p)
static inline __attribute__((always_inline)) void FN(poly)(const double *c, int terms, const vreal *x, vreal *p) {
  EACH p[v] = SPLAT(c[0]);
  for (int i = 1; i < terms; i++) EACH p[v] = p[v] * x[v] + SPLAT(c[i]);
}

/* q = 1/y; products of two y must be finite. */
static inline void FN(reciprocal)(const vreal *y, vreal *q) {
  for (int v = 0; v < VECTORS; v += 2) {
    const vreal both = SPLAT(1) / (y[v] * y[v + 1]);
    q[v] = both * y[v + 1];
    q[v + 1] = both * y[v];
  }
}

static inline vreal FN(abs)(vreal x) {
  return (vreal)((vint)x & ~SIGN);
}

static inline vreal FN(with_sign_of)(vreal s, vreal size) {
  return (vreal)((vint)size | ((vint)s & SIGN));
}

/* x = k ln2 + r, |r| <= ln2/2, for |x| <= EXP_LIMIT; power = 2^k. */
static inline void FN(reduce)(const vreal *x, vreal *r, vreal *power) {
  EACH {
    const vreal shifted = x[v] * SPLAT(1.4426950408889634074) + SPLAT(ROUND_MAGIC + EXPONENT_BIAS);
    power[v] = (vreal)((vint)shifted << MANTISSA_BITS);
    const vreal k = shifted - SPLAT(ROUND_MAGIC + EXPONENT_BIAS);
    r[v] = x[v] - k * SPLAT(LN2_HIGH);
    if (LN2_LOW != 0) r[v] = r[v] - k * SPLAT(LN2_LOW);
  }
}

/* e^x for x <= EXP_LIMIT; far on the left 0 or at most e^-EXP_LIMIT. */
static inline void FN(exp)(const vreal *x, vreal *e) {
#ifdef SCALE /* no clamp needed; rounding t costs |x|/2 last places, as if x were off by half of one */
  vreal t[VECTORS], f[VECTORS], p[VECTORS];
  EACH t[v] = x[v] * SPLAT(1.4426950408889634074);
  EACH f[v] = FRACTION(t[v]);
  POLY(FN(EXP2), f, p);
  EACH e[v] = SCALE(p[v], t[v]);
#else
  vreal clamped[VECTORS], r[VECTORS], power[VECTORS], p[VECTORS];
  EACH clamped[v] = MAX(SPLAT(-EXP_LIMIT), x[v]);
  FN(reduce)(clamped, r, power);
  POLY(FN(EXP), r, p);
  EACH e[v] = p[v] * power[v];
#endif
}

/* e^x - 1 for |x| <= EXP_LIMIT, to its own last places also near zero: 2^k (e^r - 1) + (2^k - 1). */
static inline void FN(expm1)(const vreal *x, vreal *E) {
  vreal r[VECTORS], p[VECTORS], power[VECTORS];
  FN(reduce)(x, r, power);
  POLY(FN(EXPM1), r, p);
  EACH p[v] = r[v] + (r[v] * r[v]) * p[v];
  EACH E[v] = power[v] * p[v] + (power[v] - SPLAT(1));
}

/* h = s N(s^2)/D(s^2) of unit_series.h, constant beyond +-limit. */
#define QUOTIENT(name, limit, s, h)                                                                                    \
  FN(quotient)                                                                                                         \
  (FN(name##_OVER), (int)(sizeof FN(name##_OVER) / sizeof(double)), FN(name##_UNDER),                                  \
   (int)(sizeof FN(name##_UNDER) / sizeof(double)), SPLAT(limit), s, h)
static inline __attribute__((always_inline)) void FN(quotient)(const double *over, int overs, const double *under,
                                                               int unders, vreal limit, const vreal *s, vreal *h) {
  vreal x[VECTORS], square[VECTORS], N[VECTORS], D[VECTORS], q[VECTORS];
  EACH x[v] = MIN(limit, MAX(-limit, s[v]));
  EACH square[v] = x[v] * x[v];
  FN(poly)(over, overs, square, N);
  FN(poly)(under, unders, square, D);
  FN(reciprocal)(D, q);
  EACH h[v] = (x[v] * N[v]) * q[v];
}

static inline void FN(unit_sigmoid)(const vreal *s, vreal *h, vreal *dh) {
  /* On the left 1/(1 + e^-s) loses nothing: e^-s grows, its reciprocal keeps the relative error. */
  vreal x[VECTORS], e[VECTORS], y[VECTORS];
  EACH x[v] = -MAX(SPLAT(-EXP_LIMIT / 2), s[v]);
  FN(exp)(x, e);
  EACH y[v] = SPLAT(1) + e[v];
  FN(reciprocal)(y, h);
  EACH dh[v] = e[v] * h[v] * h[v]; /* h (1 - h), 1 - h = e^-s h */
}

#if DOUBLE
/* tanh |s| = E q, q = 1/(E + 2), E = e^{2|s|} - 1; tanh' = (1 - h)(1 + h) = 2 q (1 + h), without cancellation. */
static inline void FN(unit_tanh)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS], E[VECTORS], y[VECTORS], q[VECTORS];
  EACH {
    const vreal size = FN(abs)(s[v]);
    x[v] = MIN(SPLAT(EXP_LIMIT / 2), size + size);
  }
  FN(expm1)(x, E);
  EACH y[v] = E[v] + SPLAT(2);
  FN(reciprocal)(y, q);
  EACH {
    const vreal size = E[v] * q[v];
    h[v] = FN(with_sign_of)(s[v], size);
    dh[v] = (q[v] + q[v]) * size + (q[v] + q[v]);
  }
}
#else
/* tanh' = 1 - tanh^2, to some last places of 1. */
static inline void FN(unit_tanh)(const vreal *s, vreal *h, vreal *dh) {
  QUOTIENT(TANH, 9, s, h);
  EACH dh[v] = SPLAT(1) - h[v] * h[v];
}
#endif

static inline void FN(unit_relu)(const vreal *s, vreal *h, vreal *dh) {
  EACH h[v] = MAX(SPLAT(0), s[v]);
  EACH dh[v] = SELECT_POSITIVE(s[v], SPLAT(1), SPLAT(0));
}

/* log(1 + e^s) = max(s, 0) + log(1 + e), e = e^-|s| <= 1. */
static inline void FN(unit_softplus)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS], e[VECTORS], y[VECTORS], q[VECTORS], log[VECTORS];
  EACH x[v] = -FN(abs)(s[v]);
  FN(exp)(x, e);
  POLY(FN(LOG1P), e, log);
  EACH h[v] = MAX(SPLAT(0), s[v]) + e[v] * log[v];
  EACH y[v] = SPLAT(1) + e[v];
  FN(reciprocal)(y, q);
  EACH dh[v] = SELECT_POSITIVE(s[v], SPLAT(1), e[v]) * q[v];
}

static inline void FN(unit_erf)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS], e[VECTORS];
  QUOTIENT(ERF, ERF_LIMIT, s, h);
  EACH x[v] = SPLAT(-0.5) * s[v] * s[v];
  FN(exp)(x, e);
  EACH dh[v] = SPLAT(0.79788456080286535588) * e[v];
}

/* sin(s + shift pi) for shift 0 and 1/2: to the nearest half turn, with pi in three parts, for |s| up to about 1e4
 * (float) and 1e6 (double). flip: all bits set to negate. */
static inline void FN(sine)(const vreal *s, vreal shift, vint flip, vreal *sine) {
  vreal r[VECTORS], square[VECTORS], p[VECTORS];
  vint turn[VECTORS];
  EACH {
    const vreal shifted = (s[v] * SPLAT(0.31830988618379067154) + shift) + SPLAT(ROUND_MAGIC);
    const vreal k = (shifted - SPLAT(ROUND_MAGIC)) - shift;
    turn[v] = (((vint)shifted << (8 * (int)sizeof(real) - 1)) ^ flip) & SIGN;
    r[v] = s[v] - k * SPLAT(PI_HIGH);
    r[v] = r[v] - k * SPLAT(PI_MIDDLE);
    if (PI_LOW != 0) r[v] = r[v] - k * SPLAT(PI_LOW);
  }
  EACH square[v] = r[v] * r[v];
  POLY(FN(SIN), square, p);
  EACH sine[v] = (vreal)((vint)(r[v] + r[v] * (square[v] * p[v])) ^ turn[v]);
}

static inline void FN(unit_cosine)(const vreal *s, vreal *h, vreal *dh) {
  FN(sine)(s, SPLAT(0.5), (vint){0}, h);
  FN(sine)(s, SPLAT(0), ~(vint){0}, dh);
}

static inline void FN(unit_square)(const vreal *s, vreal *h, vreal *dh) {
  EACH h[v] = s[v] * s[v];
  EACH dh[v] = s[v] + s[v];
}

static inline void FN(unit_rbf)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS];
  EACH x[v] = MIN(SPLAT(EXP_LIMIT), s[v]);
  FN(exp)(x, h);
  EACH dh[v] = h[v];
}

#undef EACH
