/* draws_loops: the loops of draws_isa.h for one kind of real. A template: draws_isa.c includes it with the macro `real`
 * defined. */
#define FN_(name, real)  FN__(name, real)
#define FN__(name, real) name##_##real
#define FN(name)         FN_(name, real)

static void FN(start)(const struct draws_chunk *chunk, const void *points, const void *sphere, const void *bias,
                      void *forms, void *ones) {
  const real *restrict x = points, *restrict q = sphere, *restrict b = bias;
  real *restrict s = forms, *restrict x1 = ones;
  for (int p = 0; p < chunk->count; p++) {
    for (int i = 0; i < BLOCK; i++) s[p * BLOCK + i] = q ? q[p] : b[i];
    x1[p] = 1;
    for (int k = 0; k < chunk->d; k++) x1[(k + 1) * chunk->stride + p] = x[p * chunk->d + k];
  }
}

static void FN(weights)(const void *amplitude, const void *normal, const void *tangent, void *out) {
  const real *restrict c = amplitude, *restrict eps = normal, *restrict U = tangent;
  real *restrict weights = out;
  for (int i = 0; i < BLOCK; i++) weights[i] = (U ? U[i] : 0) + c[i] * eps[i];
}

static void FN(scale)(const struct draws_chunk *chunk, const void *amplitude, void *slopes) {
  const real *restrict c = amplitude;
  real *restrict dh = slopes;
  for (int p = 0; p < chunk->count; p++)
    for (int i = 0; i < BLOCK; i++) dh[p * BLOCK + i] *= c[i];
}

static void FN(weigh)(const struct draws_chunk *chunk, const void *amplitude, const double *r, void *forms,
                      void *slopes, void *curvatures) {
  const real *restrict c = amplitude;
  real *restrict s = forms, *restrict dh = slopes, *restrict ddh = curvatures;
  for (int p = 0; p < chunk->count; p++) {
    const real weight = (real)r[p];
    for (int i = p * BLOCK, lane = 0; lane < BLOCK; i++, lane++) {
      s[i] = weight * dh[i];
      dh[i] *= c[lane];
      ddh[i] *= weight * c[lane];
    }
  }
}

static void FN(products)(const struct draws_chunk *chunk, const void *ones, void *pairs) {
  const real *restrict x1 = ones;
  real *restrict xx = pairs;
  for (int k = 0; k <= chunk->d; k++)
    for (int l = 0; l <= k; l++, xx += chunk->stride)
      for (int p = 0; p < chunk->count; p++) xx[p] = x1[k * chunk->stride + p] * x1[l * chunk->stride + p];
}

static void FN(contract)(const struct draws_chunk *chunk, int draws, int v, const int *row, const void *sums,
                         const void *ones, void *outputs) {
  const real *restrict line = sums, *restrict x1 = ones;
  real *restrict g = outputs;
  for (int m = 0; m < draws; m++, g += chunk->stride)
    for (int j = 0; j < v; j++, line += chunk->stride)
      for (int p = 0; p < chunk->count; p++) g[p] += line[p] * x1[(row[j] - ROW_B) * chunk->stride + p];
}

static void FN(spread)(const struct draws_chunk *chunk, int draws, int v, const int *row, const void *outputs,
                       const void *ones, void *lines) {
  const real *restrict g = outputs, *restrict x1 = ones;
  real *restrict line = lines;
  for (int m = 0; m < draws; m++, g += chunk->stride)
    for (int j = 0; j < v; j++, line += chunk->stride)
      for (int p = 0; p < chunk->count; p++) line[p] = g[p] * x1[(row[j] - ROW_B) * chunk->stride + p];
}

static void FN(multiply)(int w, const void *const *H, void *const *U, void *const *force) {
  for (int first = 0; first < BLOCK; first += TILE)
    for (int i = 0; i < w; i++) {
      real sum[TILE] = {0};
      for (int j = 0; j < w; j++) {
        if (!H[i * w + j]) continue;
        const real *restrict second = (const real *)H[i * w + j] + first, *restrict u = (const real *)U[j] + first;
        for (int lane = 0; lane < TILE; lane++) sum[lane] += second[lane] * u[lane];
      }
      for (int lane = 0; lane < TILE; lane++) ((real *)force[i])[first + lane] += sum[lane];
    }
}

static void FN(subtract)(int units, double rate, const void *forces, void *tangent) {
  const real *restrict force = forces, step = (real)rate;
  real *restrict U = tangent;
  for (int lane = 0; lane < units; lane++) U[lane] -= step * force[lane];
}

#undef FN
#undef FN_
#undef FN__
