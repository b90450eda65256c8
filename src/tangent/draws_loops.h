/* draws_loops: the loops of draws_isa.h for one kind of real. A template: draws_isa.c includes it with the macro `real`
 * defined. */
#define FN_(name, real)  FN__(name, real)
#define FN__(name, real) name##_##real
#define FN(name)         FN_(name, real)

static void FN(start)(const struct draws_tile *at, bool sphere, void *forms, void *ones) {
  const int d = at->d;
  const real *restrict b = (const real *)at->tile + ROW_B * TILE, *restrict x = at->x, *restrict q = at->q;
  real *restrict s = forms, *restrict x1 = ones;
  for (int p = 0; p < at->count; p++) {
    for (int i = 0; i < TILE; i++) s[p * TILE + i] = sphere ? q[p] : b[i];
    x1[p * (d + 1)] = 1;
    for (int k = 0; k < d; k++) x1[p * (d + 1) + 1 + k] = x[p * d + k];
  }
}

static void FN(weigh)(const struct draws_tile *at, const double *r, const void *ones, const void *slopes,
                      const void *curvatures, void *slope_out, void *curvature_out, void *products) {
  const int d = at->d;
  const real *restrict c = (const real *)at->tile + ROW_C * TILE, *restrict x1 = ones, *restrict dh = slopes,
                       *restrict ddh = curvatures;
  real *restrict slope = slope_out, *restrict curvature = curvature_out, *restrict xx = products;
  for (int p = 0; p < at->count; p++, x1 += d + 1) {
    const real weight = (real)r[p];
    for (int i = 0; i < TILE; i++) {
      slope[p * TILE + i] = weight * dh[p * TILE + i];
      curvature[p * TILE + i] = weight * c[i] * ddh[p * TILE + i];
    }
    for (int k = 0; k <= d; k++)
      for (int l = 0; l <= k; l++) *xx++ = x1[k] * x1[l];
  }
}

static void FN(multiply)(int w, const int *row, const void *matrix, const void *tangent, double *restrict force) {
  const real *restrict H = matrix, *restrict U = tangent;
  for (int i = 0; i < w; i++) {
    real sum[TILE] = {0};
    for (int j = 0; j < w; j++)
      for (int lane = 0; lane < TILE; lane++) sum[lane] += H[(i * w + j) * TILE + lane] * U[row[j] * TILE + lane];
    for (int lane = 0; lane < TILE; lane++) force[row[i] * TILE + lane] += (double)sum[lane];
  }
}

#undef FN
#undef FN_
#undef FN__
