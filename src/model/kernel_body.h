/* kernel_body: forward and gradient for one unit type and arithmetic; a template, included by kernel_isa.c with UNIT (h
 * and h' of unit_simd.h) and SPHERE (0 or 1) defined, inside one arithmetic (real, vreal, W lanes, FN).
 *
 * A register tile is VECTORS vectors of units x POINTS points: the products a.x of all of them are in registers at
 * once. */

#define UFN_(name, arithmetic, unit)  UFN__(name, arithmetic, unit)
#define UFN__(name, arithmetic, unit) name##_##arithmetic##_##unit
#define UFN(name)                     UFN_(name, real, UNIT)
#define UNIT_FN                       UNIT_FN_(UNIT)
#define UNIT_FN_(unit)                UNIT_FN__(unit)
#define UNIT_FN__(unit)               FN(unit_##unit)

/* s for POINTS points and VECTORS vectors of units. */
static inline __attribute__((always_inline)) void UFN(linear_form)(const real *restrict tile, const real *restrict x,
                                                                   const real *restrict q, int d,
                                                                   vreal s[POINTS][VECTORS]) {
  for (int p = 0; p < POINTS; p++)
    for (int v = 0; v < VECTORS; v++)
      if (SPHERE)
        s[p][v] = SPLAT(q[p]);
      else
        s[p][v] = *(const vreal *)(tile + FIELD_B * TILE + v * W);
  for (int k = 0; k < d; k++) {
    vreal a[VECTORS];
    for (int v = 0; v < VECTORS; v++) a[v] = *(const vreal *)(tile + (FIELD_A + k) * TILE + v * W);
    for (int p = 0; p < POINTS; p++) {
      const vreal xp = SPLAT(x[p * d + k]);
      for (int v = 0; v < VECTORS; v++) s[p][v] += a[v] * xp;
    }
  }
}

static void UFN(forward)(int tiles, const void *real_tile, const struct points *points, void *scratch, double *sum) {
  const int d = points->d, count = points->count;
  vreal *restrict total = scratch; /* [count rounded up] lane sums over tiles */
  for (int p = 0; p < count + POINTS; p++) total[p] = SPLAT(0);
  for (int part = 0; part < tiles * TILE / (VECTORS * W); part++) {
    const real *tile = (const real *)real_tile + (size_t)(part / PARTS) * (size_t)((d + FIELD_A) * TILE) +
                       (part % PARTS) * VECTORS * W;
    for (int p = 0; p < count; p += POINTS) {
      vreal s[POINTS][VECTORS], h, dh;
      UFN(linear_form)(tile, (const real *)points->x + (size_t)p * (size_t)d, (const real *)points->q + p, d, s);
      for (int i = 0; i < POINTS; i++)
        for (int v = 0; v < VECTORS; v++) {
          UNIT_FN(s[i][v], &h, &dh);
          total[p + i] += *(const vreal *)(tile + v * W) * h;
        }
    }
  }
  for (int p = 0; p < count; p++) {
    double lanes = 0;
    for (int lane = 0; lane < W; lane++) lanes += (double)total[p][lane];
    sum[p] = lanes;
  }
}

/* grad of the units of one part (VECTORS vectors) over all points; sums in `own`, then added to grad. */
static void UFN(gradient_part)(const real *restrict tile, const struct points *points, const real *restrict r,
                               vreal *restrict own, double *restrict grad) {
  const int d = points->d, count = points->count;
  vreal w[INNER][VECTORS], c[VECTORS], sum_c[VECTORS], sum_b[VECTORS];
  for (int v = 0; v < VECTORS; v++) {
    c[v] = *(const vreal *)(tile + v * W);
    sum_c[v] = sum_b[v] = SPLAT(0);
  }
  for (int i = 0; i < d * VECTORS; i++) own[i] = SPLAT(0);
  for (int first = 0; first < count; first += INNER) {
    const int inner = count - first < INNER ? (count - first + POINTS - 1) / POINTS * POINTS : INNER;
    const real *x = (const real *)points->x + (size_t)first * (size_t)d;
    for (int p = 0; p < inner; p += POINTS) {
      vreal s[POINTS][VECTORS], h, dh;
      UFN(linear_form)(tile, x + (size_t)p * (size_t)d, (const real *)points->q + first + p, d, s);
      for (int i = 0; i < POINTS; i++) {
        /* The points beyond count are real memory (padding or the next chunk): they count for nothing. */
        const vreal rp = SPLAT(first + p + i < count ? r[first + p + i] : 0);
        for (int v = 0; v < VECTORS; v++) {
          UNIT_FN(s[i][v], &h, &dh);
          sum_c[v] += rp * h;
          const vreal wp = rp * c[v] * dh;
          sum_b[v] += wp;
          w[p + i][v] = wp;
        }
      }
    }
    int k = 0;
    for (; k + FIELDS <= d; k += FIELDS) {
      vreal part[FIELDS][VECTORS];
      for (int f = 0; f < FIELDS; f++)
        for (int v = 0; v < VECTORS; v++) part[f][v] = own[(k + f) * VECTORS + v];
      for (int p = 0; p < inner; p++) {
        const real *xp = x + (size_t)p * (size_t)d + k;
        for (int f = 0; f < FIELDS; f++)
          for (int v = 0; v < VECTORS; v++) part[f][v] += w[p][v] * SPLAT(xp[f]);
      }
      for (int f = 0; f < FIELDS; f++)
        for (int v = 0; v < VECTORS; v++) own[(k + f) * VECTORS + v] = part[f][v];
    }
    for (; k < d; k++) {
      vreal part[VECTORS];
      for (int v = 0; v < VECTORS; v++) part[v] = own[k * VECTORS + v];
      for (int p = 0; p < inner; p++)
        for (int v = 0; v < VECTORS; v++) part[v] += w[p][v] * SPLAT(x[(size_t)p * (size_t)d + k]);
      for (int v = 0; v < VECTORS; v++) own[k * VECTORS + v] = part[v];
    }
  }
  for (int i = 0; i < VECTORS * W; i++) {
    grad[FIELD_C * TILE + i] += (double)((const real *)sum_c)[i];
    if (!SPHERE) grad[FIELD_B * TILE + i] += (double)((const real *)sum_b)[i];
  }
  for (int k = 0; k < d; k++)
    for (int i = 0; i < VECTORS * W; i++)
      grad[(FIELD_A + k) * TILE + i] += (double)((const real *)own)[k * VECTORS * W + i];
}

static void UFN(gradient)(const void *real_tile, const struct points *points, const void *r, void *scratch,
                          double *grad) {
  for (int part = 0; part < PARTS; part++)
    UFN(gradient_part)((const real *)real_tile + part * VECTORS * W, points, r, scratch, grad + part * VECTORS * W);
}

#undef UFN_
#undef UFN__
#undef UFN
#undef UNIT_FN
#undef UNIT_FN_
#undef UNIT_FN__
#undef UNIT
