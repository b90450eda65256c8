/* kernel_loops: the loops of the kernels that do not depend on the unit type. A template: kernel_precision.h, which
 * defines real, vreal (a vector of W reals) and FN (names), includes it for float and double.
 *
 * A tile is divided into STRIPS strips of VECTORS * W lanes. The kernels process one strip and INNER points at a time,
 * in separate loops, each of which can use all registers: first the linear forms s; then h and h' (kernel_unit.h); for
 * a gradient, finally the sums of w x over the points, with the weights w = r h'. w overwrites s, which stays in the L1
 * cache. */

#define NOINLINE __attribute__((noinline))

/* s[p] = b + a.x_p (linear_forms_0) or q_p + a.x_p (linear_forms_1, sphere) of a strip, for `count` points, rounded up
 * to a multiple of POINTS. Prefetches the memory at `ahead`, one cache line per iteration over k. */
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

/* sum[k][v] += sum over points of w x_k, for k = 0 .. sums-1; sums <= SUMS. */
INLINE void FN(add_weighted)(int sums, const real *restrict x, int d, int count, const vreal (*restrict w)[VECTORS],
                             vreal *restrict sum) {
  vreal own[SUMS][VECTORS];
  for (int k = 0; k < sums; k++)
    for (int v = 0; v < VECTORS; v++) own[k][v] = sum[k * VECTORS + v];
  for (int p = 0; p < count; p++, x += d)
    for (int k = 0; k < sums; k++)
      for (int v = 0; v < VECTORS; v++) own[k][v] += w[p][v] * SPLAT(x[k]);
  for (int k = 0; k < sums; k++)
    for (int v = 0; v < VECTORS; v++) sum[k * VECTORS + v] = own[k][v];
}

/* sum[k][v] += sum over points of w x_k, for k = 0 .. d-1. The groups of k are about equally large: a small group has
 * too few sums to hide the latency of an addition. */
static NOINLINE void FN(weighted_sums)(const real *restrict x, int d, int count, const vreal (*restrict w)[VECTORS],
                                       vreal *restrict sum) {
  _Static_assert(SUMS == 5, "the switch has one case for each size of a group");
  const int groups = (d + SUMS - 1) / SUMS;
  for (int g = 0, k = 0; g < groups; g++) {
    const int sums = (d - k) / (groups - g);
    switch (sums) {
#define GROUP(constant)                                                                                                \
  case constant:                                                                                                       \
    FN(add_weighted)(constant, x + k, d, count, w, sum + k * VECTORS);                                                 \
    break
      GROUP(1);
      GROUP(2);
      GROUP(3);
      GROUP(4);
      GROUP(5);
#undef GROUP
    }
    k += sums;
  }
}

/* Adds the sums of a strip over points to the strip's lanes of grad [tile_rows(d)][TILE]; the sums for b and a are
 * multiplied by c. */
static void FN(add_strip)(const real *restrict tile, int d, bool sphere, const vreal *sum_c, const vreal *sum_b,
                          const vreal *sum_a, double *restrict grad) {
  for (int i = 0; i < VECTORS * W; i++) {
    grad[ROW_C * TILE + i] += (double)((const real *)sum_c)[i];
    if (!sphere) grad[ROW_B * TILE + i] += (double)tile[i] * (double)((const real *)sum_b)[i];
  }
  for (int k = 0; k < d; k++)
    for (int i = 0; i < VECTORS * W; i++)
      grad[(ROW_A + k) * TILE + i] += (double)tile[i] * (double)((const real *)sum_a)[k * VECTORS * W + i];
}

/* sum[p] = the sum of the lanes of total[p], in their order. */
static void FN(add_lanes)(int count, const vreal *restrict total, double *restrict sum) {
  for (int p = 0; p < count; p++) {
    double lanes = 0;
    for (int lane = 0; lane < W; lane++) lanes += (double)total[p][lane];
    sum[p] = lanes;
  }
}

/* Returns the address from which to prefetch: for the first INNER points of a strip, the strip's share of the next
 * tile; for later points, the current tile, which is already in the cache. tile: the first lane of the strip. */
static const char *FN(ahead_of)(const real *tile, int d, int strip, int first) {
  const size_t bytes = tile_numbers(d) * sizeof(real);
  const char *here = (const char *)(tile - strip % STRIPS * VECTORS * W);
  return first > 0 ? here : here + bytes + bytes / STRIPS * (size_t)(strip % STRIPS);
}

/* Returns the first lane of a strip; strips are counted over consecutive tiles. */
static const real *FN(strip_of)(const void *real_tile, int d, int strip) {
  return (const real *)real_tile + (size_t)(strip / STRIPS) * tile_numbers(d) + strip % STRIPS * VECTORS * W;
}
#undef NOINLINE
