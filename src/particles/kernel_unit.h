/* kernel_unit: the kernels forward, directional, gradient, squares and derivatives of one unit type and arithmetic
 * (particles/kernel.h). A template: kernel_precision.h includes it with these macros defined: UNIT (the name of h and
 * h' in unit_simd.h), SPHERE (0 or 1), and SLOPE_OF_H (1 if unit_simd.h computes h' from h, else 0). kernel_loops.h has
 * the loops that all unit types share, and explains strips. */

#define UFN_(name, arithmetic, unit)  UFN__(name, arithmetic, unit)
#define UFN__(name, arithmetic, unit) name##_##arithmetic##_##unit
#define UFN(name)                     UFN_(name, real, UNIT)
#define UNIT_FN                       UNIT_FN_(UNIT)
#define UNIT_FN_(unit)                UNIT_FN__(unit)
#define UNIT_FN__(unit)               FN(unit_##unit)
#define SLOPE_FN                      SLOPE_FN_(UNIT)
#define SLOPE_FN_(unit)               SLOPE_FN__(unit)
#define SLOPE_FN__(unit)              FN(slope_##unit)
#define CURVATURE_FN                  CURVATURE_FN_(UNIT)
#define CURVATURE_FN_(unit)           CURVATURE_FN__(unit)
#define CURVATURE_FN__(unit)          FN(curvature_##unit)
#define FORMS_(sphere)                FORMS__(sphere)
#define FORMS__(sphere)               FN(linear_forms_##sphere)
#define FORMS                         FORMS_(SPHERE)

/* The values of a point and strip that a step may keep for the gradient: h and, unless it follows from h, h'. */
typedef vreal UFN(values)[SLOPE_OF_H ? 1 : 2][VECTORS];

static inline __attribute__((always_inline)) void UFN(evaluate)(const vreal *s, UFN(values) values) {
#if SLOPE_OF_H
  UNIT_FN(s, values[0]);
#else
  UNIT_FN(s, values[0], values[1]);
#endif
}

/* w = r h', given rh = r h. */
static inline __attribute__((always_inline)) void UFN(slope)(const UFN(values) values, vreal r, const vreal *rh,
                                                             vreal *w) {
#if SLOPE_OF_H
  SLOPE_FN(values[0], r, rh, w);
#else
  (void)rh;
  for (int v = 0; v < VECTORS; v++) w[v] = r * values[1][v];
#endif
}

static inline __attribute__((always_inline)) void UFN(copy)(const UFN(values) from, UFN(values) to) {
  for (size_t i = 0; i < sizeof(UFN(values)) / sizeof to[0]; i++)
    for (int v = 0; v < VECTORS; v++) to[i][v] = from[i][v];
}

/* total[p] += c h(s[p]), added over the vectors of a strip, lane by lane. Keeps the values unless kept is NULL. */
static inline __attribute__((always_inline)) void UFN(add_outputs)(const real *restrict c, int count,
                                                                   const vreal (*restrict s)[VECTORS],
                                                                   vreal *restrict total, UFN(values) *restrict kept) {
  for (int p = 0; p < count; p++) {
    UFN(values) values;
    vreal sum = total[p];
    UFN(evaluate)(s[p], values);
    for (int v = 0; v < VECTORS; v++) sum += *(const vreal *)(c + v * W) * values[0][v];
    total[p] = sum;
    if (kept) UFN(copy)((const vreal(*)[VECTORS])values, kept[p]);
  }
}
static __attribute__((noinline)) void UFN(outputs)(const real *restrict c, int count,
                                                   const vreal (*restrict s)[VECTORS], vreal *restrict total) {
  UFN(add_outputs)(c, count, s, total, NULL);
}
static __attribute__((noinline)) void UFN(outputs_kept)(const real *restrict c, int count,
                                                        const vreal (*restrict s)[VECTORS], vreal *restrict total,
                                                        UFN(values) *restrict kept) {
  UFN(add_outputs)(c, count, s, total, kept);
}

/* sum_c += r h(s) and sum_b += r h'(s), summed over points. Reads h and h' from kept; if kept is NULL, computes them
 * from s, which the array w then contains on entry. On return w contains r h'(s). */
static inline __attribute__((always_inline)) void UFN(add_weights)(const real *restrict r, int count,
                                                                   const UFN(values) *restrict kept,
                                                                   vreal (*restrict w)[VECTORS], vreal *restrict sum_c,
                                                                   vreal *restrict sum_b) {
  vreal c[VECTORS], b[VECTORS];
  for (int v = 0; v < VECTORS; v++) c[v] = b[v] = SPLAT(0);
  for (int p = 0; p < count; p++) {
    const vreal rp = SPLAT(r[p]);
    UFN(values) values;
    vreal rh[VECTORS], weight[VECTORS];
    if (kept)
      UFN(copy)(kept[p], values);
    else
      UFN(evaluate)(w[p], values);
    for (int v = 0; v < VECTORS; v++) rh[v] = rp * values[0][v];
    UFN(slope)((const vreal(*)[VECTORS])values, rp, rh, weight);
    for (int v = 0; v < VECTORS; v++) {
      c[v] += rh[v];
      b[v] += weight[v];
      w[p][v] = weight[v];
    }
  }
  for (int v = 0; v < VECTORS; v++) {
    sum_c[v] += c[v];
    sum_b[v] += b[v];
  }
}
static __attribute__((noinline)) void UFN(weights)(const real *restrict r, int count, vreal (*restrict s)[VECTORS],
                                                   vreal *restrict sum_c, vreal *restrict sum_b) {
  UFN(add_weights)(r, count, NULL, s, sum_c, sum_b);
}
static __attribute__((noinline)) void UFN(weights_kept)(const real *restrict r, int count,
                                                        const UFN(values) *restrict kept, vreal (*restrict w)[VECTORS],
                                                        vreal *restrict sum_c, vreal *restrict sum_b) {
  UFN(add_weights)(r, count, kept, w, sum_c, sum_b);
}

/* total[p] += g_c h(s[p]) + c h'(s[p]) ds[p], added over the vectors of a strip, lane by lane. */
static __attribute__((noinline)) void UFN(add_directional)(const real *restrict c, const real *restrict g_c, int count,
                                                           const vreal (*restrict s)[VECTORS],
                                                           const vreal (*restrict ds)[VECTORS], vreal *restrict total) {
  for (int p = 0; p < count; p++) {
    UFN(values) values;
    vreal dh[VECTORS], sum = total[p];
    UFN(evaluate)(s[p], values);
    UFN(slope)((const vreal(*)[VECTORS])values, SPLAT(1), values[0], dh);
    for (int v = 0; v < VECTORS; v++)
      sum += *(const vreal *)(g_c + v * W) * values[0][v] + *(const vreal *)(c + v * W) * dh[v] * ds[p][v];
    total[p] = sum;
  }
}

static void UFN(forward)(int tiles, const void *real_tile, const struct points *points, bool resume, void *scratch,
                         void *kept, double *sum) {
  const int d = points->d, count = points->count;
  vreal *restrict total = scratch; /* [count]: sums over strips, lane by lane */
  vreal s[INNER][VECTORS];
  const unsigned mode = subnormals_flush();
  for (int p = 0; p < count && !resume; p++) total[p] = SPLAT(0);
  for (int strip = 0; strip < tiles * STRIPS; strip++) {
    const real *tile = FN(strip_of)(real_tile, d, strip);
    for (int first = 0; first < count; first += INNER) {
      const int inner = count - first < INNER ? count - first : INNER;
      FORMS(tile, (const real *)points->x + (size_t)first * (size_t)d, (const real *)points->q + first, d, inner,
            FN(ahead_of)(tile, d, strip, first), s);
      if (kept) UFN(outputs_kept)
      (tile + ROW_C * TILE, inner, s, total + first, (UFN(values) *)kept + (size_t)strip * (size_t)count + first);
      else UFN(outputs)(tile + ROW_C * TILE, inner, s, total + first);
    }
  }
  if (sum) FN(add_lanes)(count, total, sum);
  subnormals_restore(mode);
}

static void UFN(directional)(int tiles, const void *real_tile, const void *real_direction, const struct points *points,
                             void *scratch, double *sum) {
  const int d = points->d, count = points->count;
  vreal *restrict total = scratch; /* [count]: sums over strips, lane by lane */
  vreal s[INNER][VECTORS], ds[INNER][VECTORS];
  const unsigned mode = subnormals_flush();
  for (int p = 0; p < count; p++) total[p] = SPLAT(0);
  for (int strip = 0; strip < tiles * STRIPS; strip++) {
    const real *tile = FN(strip_of)(real_tile, d, strip), *g = FN(strip_of)(real_direction, d, strip);
    for (int first = 0; first < count; first += INNER) {
      const int inner = count - first < INNER ? count - first : INNER;
      const real *x = (const real *)points->x + (size_t)first * (size_t)d, *q = (const real *)points->q + first;
      FORMS(tile, x, q, d, inner, FN(ahead_of)(tile, d, strip, first), s);
      FN(linear_forms_0)(g, x, q, d, inner, FN(ahead_of)(g, d, strip, first), ds);
      UFN(add_directional)
      (tile + ROW_C * TILE, g + ROW_C * TILE, inner, (const vreal(*)[VECTORS])s, (const vreal(*)[VECTORS])ds,
       total + first);
    }
  }
  FN(add_lanes)(count, total, sum);
  subnormals_restore(mode);
}

static void UFN(gradient)(const void *real_tile, const struct points *points, const void *r, const void *kept,
                          bool resume, void *sums, double *grad) {
  const int d = points->d, count = points->count;
  vreal s[INNER][VECTORS];
  const unsigned mode = subnormals_flush();
  for (int strip = 0; strip < STRIPS; strip++) {
    const real *tile = FN(strip_of)(real_tile, d, strip);
    vreal *sum_c = (vreal *)sums + strip * (d + 2) * VECTORS, *sum_b = sum_c + VECTORS, *sum_a = sum_b + VECTORS;
    for (int i = 0; i < (d + 2) * VECTORS && !resume; i++) sum_c[i] = SPLAT(0);
    for (int first = 0; first < count; first += INNER) {
      const int inner = count - first < INNER ? count - first : INNER;
      const real *x = (const real *)points->x + (size_t)first * (size_t)d;
      if (kept) {
        const UFN(values) *values = (const UFN(values) *)kept + (size_t)strip * (size_t)count + first;
        UFN(weights_kept)((const real *)r + first, inner, values, s, sum_c, sum_b);
      } else {
        FORMS(tile, x, (const real *)points->q + first, d, inner, FN(ahead_of)(tile, d, strip, first), s);
        UFN(weights)((const real *)r + first, inner, s, sum_c, sum_b);
      }
      FN(weighted_sums)(x, d, inner, (const vreal(*)[VECTORS])s, sum_a);
    }
    if (grad) FN(add_strip)(tile, d, SPHERE, sum_c, sum_b, sum_a, grad + strip * VECTORS * W);
  }
  subnormals_restore(mode);
}

/* sum += h(s)^2, summed over points. */
static __attribute__((noinline)) void UFN(add_squares)(int count, const vreal (*restrict s)[VECTORS],
                                                       vreal *restrict sum) {
  for (int p = 0; p < count; p++) {
    UFN(values) values;
    UFN(evaluate)(s[p], values);
    for (int v = 0; v < VECTORS; v++) sum[v] += values[0][v] * values[0][v];
  }
}

static void UFN(squares)(const void *real_tile, const struct points *points, double *square) {
  const int d = points->d, count = points->count;
  vreal s[INNER][VECTORS];
  const unsigned mode = subnormals_flush();
  for (int strip = 0; strip < STRIPS; strip++) {
    const real *tile = FN(strip_of)(real_tile, d, strip);
    for (int first = 0; first < count; first += INNER) {
      const int inner = count - first < INNER ? count - first : INNER;
      vreal sum[VECTORS];
      for (int v = 0; v < VECTORS; v++) sum[v] = SPLAT(0);
      FORMS(tile, (const real *)points->x + (size_t)first * (size_t)d, (const real *)points->q + first, d, inner,
            (const char *)tile, s);
      UFN(add_squares)(inner, (const vreal(*)[VECTORS])s, sum);
      for (int i = 0; i < VECTORS * W; i++) square[strip * VECTORS * W + i] += (double)((const real *)sum)[i];
    }
  }
  subnormals_restore(mode);
}

static void UFN(derivatives)(int count, const void *forms, void *restrict h, void *restrict dh, void *restrict ddh) {
  const unsigned mode = subnormals_flush();
  for (int i = 0; i < count; i += VECTORS * W) {
    UFN(values) values;
    vreal s[VECTORS], slope[VECTORS], curvature[VECTORS];
    for (int v = 0; v < VECTORS; v++) s[v] = *(const vreal *)((const real *)forms + i + v * W);
    UFN(evaluate)(s, values);
    UFN(slope)((const vreal(*)[VECTORS])values, SPLAT(1), values[0], slope);
    CURVATURE_FN(s, values[0], slope, curvature);
    for (int v = 0; v < VECTORS; v++) {
      *(vreal *)((real *)h + i + v * W) = values[0][v];
      *(vreal *)((real *)dh + i + v * W) = slope[v];
      *(vreal *)((real *)ddh + i + v * W) = curvature[v];
    }
  }
  subnormals_restore(mode);
}

#undef UFN_
#undef UFN__
#undef UFN
#undef UNIT_FN
#undef UNIT_FN_
#undef UNIT_FN__
#undef SLOPE_FN
#undef SLOPE_FN_
#undef SLOPE_FN__
#undef CURVATURE_FN
#undef CURVATURE_FN_
#undef CURVATURE_FN__
#undef FORMS_
#undef FORMS__
#undef FORMS
#undef UNIT
