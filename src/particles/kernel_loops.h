/* kernel_form: the parts of forward and gradient that do not depend on the unit; a template, included by
 * kernel_precision.h once per arithmetic (real, vreal, W lanes, FN).
 *
 * Work goes part by part (VECTORS vectors of units) and INNER points at a time, in three loops that each have the
 * registers to themselves: linear forms s, then h and h' of the unit (kernel_unit.h), then first moments. s, later
 * overwritten by the weights r h', stays in the first-level cache. */

#define NOINLINE __attribute__((noinline))

/* s = q + a.x (sphere) or b + a.x, for `count` points, rounded up to POINTS. On the way memory from `ahead` on is
 * brought near, a line at each turn. */
#define LINEAR_FORMS(name, START)                                                                                      \
  static NOINLINE void FN(name)(const real *restrict tile, const real *restrict x, const real *restrict q, int d,      \
                                int count, const char *ahead, vreal(*restrict s)[VECTORS]) {                           \
    (void)q;                                                                                                           \
    for (int first = 0; first < count; first += POINTS, x += (size_t)POINTS * (size_t)d) {                             \
      vreal sum[POINTS][VECTORS];                                                                                      \
      for (int p = 0; p < POINTS; p++)                                                                                 \
        for (int v = 0; v < VECTORS; v++) sum[p][v] = START;                                                           \
      for (int k = 0; k < d; k++, ahead += LINE) {                                                                     \
        __builtin_prefetch(ahead);                                                                                     \
        vreal a[VECTORS];                                                                                              \
        for (int v = 0; v < VECTORS; v++) a[v] = *(const vreal *)(tile + (ROW_A + k) * TILE + v * W);                  \
        for (int p = 0; p < POINTS; p++) {                                                                             \
          const vreal xp = SPLAT(x[p * d + k]);                                                                        \
          for (int v = 0; v < VECTORS; v++) sum[p][v] += a[v] * xp;                                                    \
        }                                                                                                              \
      }                                                                                                                \
      for (int p = 0; p < POINTS; p++)                                                                                 \
        for (int v = 0; v < VECTORS; v++) s[first + p][v] = sum[p][v];                                                 \
    }                                                                                                                  \
  }
LINEAR_FORMS(linear_forms_0, *(const vreal *)(tile + ROW_B * TILE + v * W))
LINEAR_FORMS(linear_forms_1, SPLAT(q[first + p]))
#undef LINEAR_FORMS

/* sum[f][v] += sum over points of w x_(k+f), for `fields` fields from k on. */
static inline __attribute__((always_inline)) void FN(moments_of)(int fields, const real *restrict x, int d, int count,
                                                                 const vreal (*restrict w)[VECTORS],
                                                                 vreal *restrict sum) {
  vreal part[SUMS][VECTORS];
  for (int f = 0; f < fields; f++)
    for (int v = 0; v < VECTORS; v++) part[f][v] = sum[f * VECTORS + v];
  for (int p = 0; p < count; p++, x += d)
    for (int f = 0; f < fields; f++)
      for (int v = 0; v < VECTORS; v++) part[f][v] += w[p][v] * SPLAT(x[f]);
  for (int f = 0; f < fields; f++)
    for (int v = 0; v < VECTORS; v++) sum[f * VECTORS + v] = part[f][v];
}

/* sum[k][v] += sum over points of w x_k. */
static NOINLINE void FN(moments)(const real *restrict x, int d, int count, const vreal (*restrict w)[VECTORS],
                                 vreal *restrict sum) {
  int k = 0;
  for (; k + SUMS <= d; k += SUMS) FN(moments_of)(SUMS, x + k, d, count, w, sum + k * VECTORS);
  for (; k + 2 <= d; k += 2) FN(moments_of)(2, x + k, d, count, w, sum + k * VECTORS);
  if (k < d) FN(moments_of)(1, x + k, d, count, w, sum + k * VECTORS);
}

/* Adds the sums of a part to grad [fields][TILE], the derivatives with respect to b and a times c. */
static void FN(add_part)(const real *restrict tile, int d, bool sphere, const vreal *sum_c, const vreal *sum_b,
                         const vreal *sum_a, double *restrict grad) {
  for (int i = 0; i < VECTORS * W; i++) {
    grad[ROW_C * TILE + i] += (double)((const real *)sum_c)[i];
    if (!sphere) grad[ROW_B * TILE + i] += (double)tile[i] * (double)((const real *)sum_b)[i];
  }
  for (int k = 0; k < d; k++)
    for (int i = 0; i < VECTORS * W; i++)
      grad[(ROW_A + k) * TILE + i] += (double)tile[i] * (double)((const real *)sum_a)[k * VECTORS * W + i];
}

/* sum[p] = the lanes of total[p], in order. */
static void FN(add_lanes)(int count, const vreal *restrict total, double *restrict sum) {
  for (int p = 0; p < count; p++) {
    double lanes = 0;
    for (int lane = 0; lane < W; lane++) lanes += (double)total[p][lane];
    sum[p] = lanes;
  }
}

/* Where a part of the next tile is, for the first points of a part; for the others what is near already. */
static const char *FN(ahead_of)(const real *tile, int d, int part, int first) {
  const size_t bytes = (size_t)((tile_rows(d)) * TILE) * sizeof(real);
  const char *here = (const char *)(tile - part % PARTS * VECTORS * W);
  return first > 0 ? here : here + bytes + bytes / PARTS * (size_t)(part % PARTS);
}

/* A part's place in consecutive tiles. */
static const real *FN(part_of)(const void *real_tile, int d, int part) {
  return (const real *)real_tile + (size_t)(part / PARTS) * (size_t)((tile_rows(d)) * TILE) +
         part % PARTS * VECTORS * W;
}
#undef NOINLINE
