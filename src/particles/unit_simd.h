/* unit_simd: h, h' and h'' of every unit type on VECTORS vectors of W reals. A template: kernel_precision.h includes it
 * for float and for double and defines `real`, `vreal`, `vint` (integers of the same width) and the constants. The code
 * uses GNU vector extensions, so it is the same for every instruction-set level; base/vector.h has the operations that
 * these extensions lack.
 *
 * Each function applies each operation to all VECTORS vectors of a strip before the next operation (EACH), because the
 * chain of dependent operations on one vector is too long for the processor to overlap it with the chain of the next
 * vector. Two vectors share one division.
 *
 * To add a unit type, define INLINE void FN(unit_<name>)(const vreal *s, vreal *h, vreal *dh) here. If h' follows from
 * h at little cost, define FN(unit_<name>)(const vreal *s, vreal *h) and FN(slope_<name>) instead: a step that keeps
 * activations then keeps one number per unit and point, not two. slope_<name> sets w = r h', given h, r and rh = r h.
 * curvature_<name> sets ddh = h'', given s, h and h'. Instantiate the unit type in kernel_precision.h.
 *
 * If s is NaN, h is NaN. If two vectors share a division, a NaN in one can also make h of the other NaN. The exact sum
 * over units detects NaN. Where necessary, arguments are clamped to a range where results are normal numbers. Outside
 * this range, where the exact h tends to 0, the computed h in float is at most 2e-38, or at most 1e-18 if
 * vectors share a division. The code uses only IEEE operations whose results are the same on all machines, and no
 * approximate reciprocals.
 * tests/module/test_unit.c states the accuracy and measures it against long double. */

#define EACH for (int v = 0; v < VECTORS; v++)

/* p = the polynomial `name` of unit_series.h at x, by Horner's rule. */
#define POLY(name, x, p) FN(poly)(name, (int)(sizeof name / sizeof *name), x, p)
INLINE void FN(poly)(const double *c, int terms, const vreal *x, vreal *p) {
  EACH p[v] = SPLAT(c[0]);
  for (int i = 1; i < terms; i++) EACH p[v] = p[v] * x[v] + SPLAT(c[i]);
}

/* q = 1/y. The product of the y of two adjacent vectors must be finite. */
INLINE void FN(reciprocal)(const vreal *y, vreal *q) {
  for (int v = 0; v < VECTORS; v += 2) {
    const vreal both = SPLAT(1) / (y[v] * y[v + 1]);
    q[v] = both * y[v + 1];
    q[v + 1] = both * y[v];
  }
}

INLINE vreal FN(abs)(vreal x) {
  return (vreal)((vint)x & ~SIGN);
}

INLINE vreal FN(with_sign_of)(vreal s, vreal size) {
  return (vreal)((vint)size | ((vint)s & SIGN));
}

/* x = k ln2 + r, |r| <= ln2/2, for |x| <= EXP_LIMIT; power = 2^k. */
INLINE void FN(reduce)(const vreal *x, vreal *r, vreal *power) {
  EACH {
    const vreal shifted = x[v] * SPLAT(1.4426950408889634074) + SPLAT(ROUND_MAGIC + EXPONENT_BIAS);
    power[v] = (vreal)((vint)shifted << MANTISSA_BITS);
    const vreal k = shifted - SPLAT(ROUND_MAGIC + EXPONENT_BIAS);
    r[v] = x[v] - k * SPLAT(LN2_HIGH);
    if (LN2_LOW != 0) r[v] = r[v] - k * SPLAT(LN2_LOW);
  }
}

/* e = e^x for x <= EXP_LIMIT. For x < -EXP_LIMIT the result is between 0 and e^-EXP_LIMIT. */
INLINE void FN(exp)(const vreal *x, vreal *e) {
#ifdef VECTOR_SCALE_float
  /* No clamp is needed. The rounding of t changes e by at most |x|/2 units in the last place; a change of x by half a
   * unit in its last place has the same effect. */
  vreal t[VECTORS], f[VECTORS], p[VECTORS];
  EACH t[v] = x[v] * SPLAT(1.4426950408889634074);
  EACH f[v] = FN(VECTOR_FRACTION)(t[v]);
  POLY(FN(EXP2), f, p);
  EACH e[v] = FN(VECTOR_SCALE)(p[v], t[v]);
#else
  vreal clamped[VECTORS], r[VECTORS], power[VECTORS], p[VECTORS];
  EACH clamped[v] = FN(VECTOR_MAX)(SPLAT(-EXP_LIMIT), x[v]);
  FN(reduce)(clamped, r, power);
  POLY(FN(EXP), r, p);
  EACH e[v] = p[v] * power[v];
#endif
}

/* E = e^x - 1 = 2^k (e^r - 1) + (2^k - 1) for |x| <= EXP_LIMIT. The relative error is small near zero, too. */
INLINE void FN(expm1)(const vreal *x, vreal *E) {
  vreal r[VECTORS], p[VECTORS], power[VECTORS];
  FN(reduce)(x, r, power);
  POLY(FN(EXPM1), r, p);
  EACH p[v] = r[v] + (r[v] * r[v]) * p[v];
  EACH E[v] = power[v] * p[v] + (power[v] - SPLAT(1));
}

/* h = s N(s^2)/D(s^2), with N and D of unit_series.h; constant for |s| > limit. */
#define QUOTIENT(name, limit, s, h)                                                                                    \
  FN(quotient)                                                                                                         \
  (FN(name##_OVER), (int)(sizeof FN(name##_OVER) / sizeof(double)), FN(name##_UNDER),                                  \
   (int)(sizeof FN(name##_UNDER) / sizeof(double)), SPLAT(limit), s, h)
INLINE void FN(quotient)(const double *over, int overs, const double *under, int unders, vreal limit, const vreal *s,
                         vreal *h) {
  vreal x[VECTORS], square[VECTORS], N[VECTORS], D[VECTORS], q[VECTORS];
  EACH x[v] = FN(VECTOR_MIN)(limit, FN(VECTOR_MAX)(-limit, s[v]));
  EACH square[v] = x[v] * x[v];
  FN(poly)(over, overs, square, N);
  FN(poly)(under, unders, square, D);
  FN(reciprocal)(D, q);
  EACH h[v] = (x[v] * N[v]) * q[v];
}

INLINE void FN(unit_sigmoid)(const vreal *s, vreal *h) {
  /* 1/(1 + e^-s) has a small relative error for negative s, too: e^-s is then large and no digits cancel. */
  vreal x[VECTORS], e[VECTORS], y[VECTORS];
  EACH x[v] = -FN(VECTOR_MAX)(SPLAT(-EXP_LIMIT / 2), s[v]);
  FN(exp)(x, e);
  EACH y[v] = SPLAT(1) + e[v];
  FN(reciprocal)(y, h);
}
INLINE void FN(slope_sigmoid)(const vreal *h, vreal r, const vreal *rh, vreal *w) {
  (void)r;
  EACH w[v] = rh[v] - rh[v] * h[v];
}
INLINE void FN(curvature_sigmoid)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s;
  EACH ddh[v] = dh[v] - dh[v] * (h[v] + h[v]);
}

#if DOUBLE
/* tanh |s| = E/(E + 2), E = e^{2|s|} - 1. */
INLINE void FN(unit_tanh)(const vreal *s, vreal *h) {
  vreal x[VECTORS], E[VECTORS], y[VECTORS], q[VECTORS];
  EACH {
    const vreal size = FN(abs)(s[v]);
    x[v] = FN(VECTOR_MIN)(SPLAT(EXP_LIMIT / 2), size + size);
  }
  FN(expm1)(x, E);
  EACH y[v] = E[v] + SPLAT(2);
  FN(reciprocal)(y, q);
  EACH h[v] = FN(with_sign_of)(s[v], E[v] * q[v]);
}
#else
INLINE void FN(unit_tanh)(const vreal *s, vreal *h) {
  QUOTIENT(TANH, 9, s, h);
}
#endif
INLINE void FN(slope_tanh)(const vreal *h, vreal r, const vreal *rh, vreal *w) {
  EACH w[v] = r - rh[v] * h[v];
}
INLINE void FN(curvature_tanh)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s;
  EACH ddh[v] = -dh[v] * (h[v] + h[v]);
}

INLINE void FN(unit_relu)(const vreal *s, vreal *h) {
  EACH h[v] = FN(VECTOR_MAX)(SPLAT(0), s[v]);
}
INLINE void FN(slope_relu)(const vreal *h, vreal r, const vreal *rh, vreal *w) {
  (void)rh;
  EACH w[v] = FN(VECTOR_SELECT_POSITIVE)(h[v], r, SPLAT(0));
}
INLINE void FN(curvature_relu)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s, (void)h, (void)dh;
  EACH ddh[v] = SPLAT(0);
}

/* log(1 + e^s) = max(s, 0) + log(1 + e), e = e^-|s| <= 1. */
INLINE void FN(unit_softplus)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS], e[VECTORS], y[VECTORS], q[VECTORS], log[VECTORS];
  EACH x[v] = -FN(abs)(s[v]);
  FN(exp)(x, e);
  POLY(FN(LOG1P), e, log);
  EACH h[v] = FN(VECTOR_MAX)(SPLAT(0), s[v]) + e[v] * log[v];
  EACH y[v] = SPLAT(1) + e[v];
  FN(reciprocal)(y, q);
  EACH dh[v] = FN(VECTOR_SELECT_POSITIVE)(s[v], SPLAT(1), e[v]) * q[v];
}
INLINE void FN(curvature_softplus)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s, (void)h;
  EACH ddh[v] = dh[v] - dh[v] * dh[v];
}

INLINE void FN(unit_erf)(const vreal *s, vreal *h, vreal *dh) {
  vreal x[VECTORS], e[VECTORS];
  QUOTIENT(ERF, ERF_LIMIT, s, h);
  EACH x[v] = SPLAT(-0.5) * s[v] * s[v];
  FN(exp)(x, e);
  EACH dh[v] = SPLAT(0.79788456080286535588) * e[v];
}
INLINE void FN(curvature_erf)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)h;
  EACH ddh[v] = -s[v] * dh[v];
}

/* sine = sin(s + shift pi) for shift 0 or 1/2. Subtracts from s the nearest k pi for which k + shift is an integer. pi
 * is split into up to three numbers, so the result is accurate for |s| up to about 1e4 (float) and 1e6 (double). flip:
 * all bits set to change the sign, or 0. */
INLINE void FN(sine)(const vreal *s, vreal shift, vint flip, vreal *sine) {
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

INLINE void FN(unit_cosine)(const vreal *s, vreal *h, vreal *dh) {
  FN(sine)(s, SPLAT(0.5), (vint){0}, h);
  FN(sine)(s, SPLAT(0), ~(vint){0}, dh);
}
INLINE void FN(curvature_cosine)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s, (void)dh;
  EACH ddh[v] = -h[v];
}

INLINE void FN(unit_square)(const vreal *s, vreal *h, vreal *dh) {
  EACH h[v] = s[v] * s[v];
  EACH dh[v] = s[v] + s[v];
}
INLINE void FN(curvature_square)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s, (void)h, (void)dh;
  EACH ddh[v] = SPLAT(2);
}

INLINE void FN(unit_rbf)(const vreal *s, vreal *h) {
  vreal x[VECTORS];
  EACH x[v] = FN(VECTOR_MIN)(SPLAT(EXP_LIMIT), s[v]);
  FN(exp)(x, h);
}
INLINE void FN(slope_rbf)(const vreal *h, vreal r, const vreal *rh, vreal *w) {
  (void)h, (void)r;
  EACH w[v] = rh[v];
}
INLINE void FN(curvature_rbf)(const vreal *s, const vreal *h, const vreal *dh, vreal *ddh) {
  (void)s, (void)dh;
  EACH ddh[v] = h[v];
}

#undef EACH
