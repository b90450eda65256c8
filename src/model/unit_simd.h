/* unit_simd: h and h' of every unit type on a vector of W reals, for the kernel template. Included once per arithmetic
 * (real, integer of the same width: `real`, `vreal`, `vint`, constants below), in GNU vector extensions only, so that
 * one text serves every instruction-set level.
 *
 * To add a unit type: static inline void FN(unit_<name>)(vreal s, vreal *h, vreal *dh) here, a line each in
 * kernel_real.h and in the table of kernel_isa.c.
 *
 * Not-a-number in s comes out as not-a-number; overflow as infinity: the exact sum finds both. Accuracy is stated in
 * tests/test_unit.c, which measures it against long double. */

#define SPLAT(value) ((vreal){0} + (real)(value))
#define SIGN         ((vint){0} + SIGN_BIT) /* SPLAT cannot make -0: 0 + -0 is 0 */

/* Lane-wise mask ? a : b. */
static inline vreal FN(select)(vint mask, vreal a, vreal b) {
  return (vreal)((mask & (vint)a) | (~mask & (vint)b));
}

static inline vreal FN(abs)(vreal x) {
  return (vreal)((vint)x & ~SIGN);
}

/* Nearest integer, for |x| < 2^(digits - 2). */
static inline vreal FN(round)(vreal x) {
  return (x + SPLAT(ROUND_MAGIC)) - SPLAT(ROUND_MAGIC);
}

/* 2^k for an integral k within the exponents of normal numbers. */
static inline vreal FN(power2)(vreal k) {
  const vint bits = (vint)(k + SPLAT(ROUND_MAGIC)) - (vint)SPLAT(ROUND_MAGIC);
  return (vreal)((bits + EXPONENT_BIAS) << MANTISSA_BITS);
}

/* e^x = 2^k e^r, |r| <= ln2 / 2, e^r - 1 by a Taylor polynomial. 2^k in two factors reaches infinity and the subnormal
 * numbers. */
static inline vreal FN(exp)(vreal x) {
  const vreal low = SPLAT(EXP_LOWEST), high = SPLAT(EXP_HIGHEST);
  /* Comparisons are false for NaN, which therefore passes unclamped. */
  const vreal clamped = FN(select)(x < low, low, FN(select)(x > high, high, x));
  const vreal k = FN(round)(clamped * SPLAT(1.4426950408889634074));
  vreal r = clamped - k * SPLAT(LN2_HIGH);
  r = r - k * SPLAT(LN2_LOW);
  vreal p = SPLAT(FN(exp_series)[0]);
  for (int i = 1; i < EXP_TERMS; i++) p = p * r + SPLAT(FN(exp_series)[i]);
  p = p * r * r + r + SPLAT(1); /* 1 + r + r^2 (1/2 + r/6 + ...) */
  const vreal half = FN(round)(k * SPLAT(0.5));
  return p * FN(power2)(half) * FN(power2)(k - half);
}

/* log(1 + y), 0 <= y <= 1: 2 artanh(y / (2 + y)); beyond sqrt 2 - 1 through log 2 + log((1 + y)/2). */
static inline vreal FN(log1p)(vreal y) {
  const vint upper = y > SPLAT(0.41421356237309504880);
  const vreal top = FN(select)(upper, y - SPLAT(1), y), bottom = FN(select)(upper, y + SPLAT(3), y + SPLAT(2));
  const vreal q = top / bottom, q2 = q * q; /* |q| <= 0.1716 */
  vreal p = SPLAT(1.0 / (2 * LOG_TERMS + 1));
  for (int i = LOG_TERMS - 1; i >= 1; i--) p = p * q2 + SPLAT(1.0 / (2 * i + 1));
  const vreal tail = q2 * p * q;
  const vreal sum = SPLAT(2) * (q + tail);
  return FN(select)(upper, sum + SPLAT(0.69314718055994530942), sum);
}

static inline void FN(unit_sigmoid)(vreal s, vreal *h, vreal *dh) {
  /* On the left 1/(1 + e^-s) loses nothing: e^-s grows, its reciprocal keeps the relative error. */
  const vreal e = FN(exp)(-s);
  const vreal v = SPLAT(1) / (SPLAT(1) + e);
  *h = v;
  /* h (1 - h) with 1 - h = e h; where e overflowed, h = 0 and so is h'. */
  *dh = FN(select)(e > SPLAT(REAL_HUGE), SPLAT(0), e * v * v);
}

static inline void FN(unit_tanh)(vreal s, vreal *h, vreal *dh) {
  const vreal size = FN(abs)(s);
  const vreal e = FN(exp)(SPLAT(-2) * size);
  const vreal q = SPLAT(1) / (SPLAT(1) + e);
  const vreal far = (SPLAT(1) - e) * q;
  /* Near zero 1 - e cancels: odd Taylor series of tanh through its continued fraction s/(1 + s^2/(3 + s^2/(5 + ...))).
   */
  const vreal s2 = s * s;
  vreal f = SPLAT(2 * TANH_LEVELS + 1);
  vreal g = SPLAT(1); /* f/g: the fraction from below, without divisions */
  for (int i = TANH_LEVELS - 1; i >= 0; i--) {
    const vreal next = SPLAT(2 * i + 1) * f + s2 * g;
    g = f;
    f = next;
  }
  const vreal near = size * g / f;
  const vreal v = FN(select)(size < SPLAT(0.55), near, far);
  *h = (vreal)((vint)v | ((vint)s & SIGN));
  *dh = SPLAT(4) * e * q * q; /* 1/cosh^2, without 1 - h^2 */
}

static inline void FN(unit_relu)(vreal s, vreal *h, vreal *dh) {
  const vint on = s > SPLAT(0);
  *h = FN(select)(s <= SPLAT(0), SPLAT(0), s); /* NaN stays */
  *dh = FN(select)(on, SPLAT(1), SPLAT(0));
}

static inline void FN(unit_softplus)(vreal s, vreal *h, vreal *dh) {
  const vreal e = FN(exp)(-FN(abs)(s));
  const vreal positive = FN(select)(s <= SPLAT(0), SPLAT(0), s);
  *h = positive + FN(log1p)(e);
  const vreal q = SPLAT(1) / (SPLAT(1) + e);
  *dh = FN(select)(s > SPLAT(0), q, e * q);
}

/* erf(s / sqrt 2): inside 2.2 the series sqrt(2/pi) e^{-s^2/2} sum s^(2k+1)/(1 3 5 ... (2k+1)), all terms positive;
 * outside 1 - sqrt(2/pi) e^{-s^2/2} times the continued fraction 1/(s + 1/(s + 2/(s + 3/(s + ...)))). */
static inline void FN(unit_erf)(vreal s, vreal *h, vreal *dh) {
  const vreal size = FN(abs)(s), s2 = s * s;
  const vreal density = SPLAT(0.79788456080286535588) * FN(exp)(SPLAT(-0.5) * s2);
  const vreal in = FN(select)(size < SPLAT(ERF_SPLIT), size, SPLAT(ERF_SPLIT)), in2 = in * in;
  vreal sum = SPLAT(1);
  for (int k = ERF_TERMS; k >= 1; k--) sum = SPLAT(1) + sum * in2 * SPLAT(1.0 / (2 * k + 1));
  const vreal near = density * in * sum;
  const vreal out =
      FN(select)(size < SPLAT(ERF_SPLIT), SPLAT(ERF_SPLIT), FN(select)(size > SPLAT(40), SPLAT(40), size));
  vreal f = out, g = SPLAT(1); /* f/g = out + k/(...) from below */
  for (int k = ERF_LEVELS; k >= 1; k--) {
    const vreal next = out * f + SPLAT(k) * g;
    g = f;
    f = next;
  }
  const vreal far = SPLAT(1) - density * g / f;
  const vreal v = FN(select)(size < SPLAT(ERF_SPLIT), near, far);
  const vreal checked = FN(select)(s == s, v, s);
  *h = (vreal)((vint)checked | ((vint)s & SIGN));
  *dh = density;
}

/* cos and -sin by quarter turns, with the quarter in three parts, for |s| up to about 1e4 (float) and 1e6 (double). */
static inline void FN(unit_cosine)(vreal s, vreal *h, vreal *dh) {
  const vreal k = FN(round)(s * SPLAT(0.63661977236758134308));
  vreal r = s - k * SPLAT(QUARTER_HIGH);
  r = r - k * SPLAT(QUARTER_MIDDLE);
  r = r - k * SPLAT(QUARTER_LOW);
  const vreal r2 = r * r;
  vreal c = SPLAT(FN(cos_series)[0]), w = SPLAT(FN(sin_series)[0]);
  for (int i = 1; i < TURN_TERMS; i++) {
    c = c * r2 + SPLAT(FN(cos_series)[i]);
    w = w * r2 + SPLAT(FN(sin_series)[i]);
  }
  c = SPLAT(1) + r2 * c;
  w = r + r * (r2 * w);
  const vint quarter = (vint)(k + SPLAT(ROUND_MAGIC)) - (vint)SPLAT(ROUND_MAGIC);
  const vint odd = (quarter & 1) != 0;
  const vreal cosine = FN(select)(odd, w, c), sine = FN(select)(odd, c, w);
  *h = (vreal)((vint)cosine ^ ((((quarter + 1) & 2) != 0) & SIGN));
  *dh = (vreal)((vint)sine ^ (((quarter & 2) == 0) & SIGN));
}

static inline void FN(unit_rbf)(vreal s, vreal *h, vreal *dh) {
  *h = *dh = FN(exp)(s);
}
