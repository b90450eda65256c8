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

static void FN(jacobian)(const struct draws_tile *at, const void *ones, const void *values, const void *slopes,
                         void *jacobian, double *f) {
  const real *restrict c = (const real *)at->tile + ROW_C * TILE, *restrict x1 = ones;
  real *restrict to = jacobian;
  for (int p = 0; p < at->count; p++) {
    const real *restrict h = (const real *)values + p * TILE, *restrict dh = (const real *)slopes + p * TILE,
                         *restrict x = x1 + p * (at->d + 1);
    real ch[TILE], sum = 0;
    for (int i = 0; i < TILE; i++) ch[i] = c[i] * dh[i];
    for (int j = 0; j < at->w; j++, to += TILE) {
      if (at->row[j] == ROW_C) {
        memcpy(to, h, sizeof(real) * TILE);
        continue;
      }
      const real factor = x[at->row[j] - ROW_B];
      for (int i = 0; i < TILE; i++) to[i] = factor * ch[i];
    }
    for (int i = 0; i < TILE; i++) to[i] = c[i] * h[i];
    for (int i = 0; i < TILE; i++) sum += to[i];
    f[p] += (double)sum;
    to += TILE;
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

static void FN(move_on_sphere)(const struct draws_tile *at, int lane, int M, double rate, const void *slopes,
                               const void *forces, void *tangents, void *work) {
  enum { ALONG_V, ALONG_Z, ALONG_Y };
  const int d = at->d;
  const real *tile = at->tile, *slope = slopes, *force = (const real *)forces + (size_t)lane * (size_t)M;
  real *U = (real *)tangents + (size_t)lane * (size_t)M, *along = work;
  const size_t line = (size_t)TILE * (size_t)M; /* between the rows of U and of force */
  double vz = 0, norm2 = 0;
  double *z = alloc_small(sizeof *z * 3 * (size_t)d), *v = z + d, *y = v + d;
  for (int k = 0; k < d; k++) {
    z[k] = (double)tile[(ROW_A + k) * TILE + lane];
    v[k] = rate * (double)(tile[ROW_C * TILE + lane] * slope[1 + k]);
    vz += v[k] * z[k];
  }
  for (int k = 0; k < d; k++) {
    y[k] = z[k] - (v[k] - z[k] * vz / d);
    norm2 += y[k] * y[k];
  }
  memset(along, 0, sizeof(real) * 3 * (size_t)M);
  for (int k = 0; k < d; k++) {
    const real vk = (real)v[k], zk = (real)(rate * z[k]);
    for (int m = 0; m < M; m++) along[ALONG_V * M + m] += vk * U[(size_t)k * line + (size_t)m];
    for (int m = 0; m < M; m++) along[ALONG_Z * M + m] += zk * force[(size_t)k * line + (size_t)m];
  }
  for (int k = 0; k < d; k++) {
    const real keep = (real)(1 + vz / d), zk = (real)(z[k] / d), yk = (real)y[k], step = (real)rate;
    for (int m = 0; m < M; m++) {
      real *u = &U[(size_t)k * line + (size_t)m];
      *u = keep * *u - step * force[(size_t)k * line + (size_t)m] +
           zk * (along[ALONG_V * M + m] + along[ALONG_Z * M + m]);
      along[ALONG_Y * M + m] += yk * *u;
    }
  }
  for (int k = 0; k < d; k++) {
    const real factor = (real)sqrt(d / norm2), yk = (real)(y[k] / norm2);
    for (int m = 0; m < M; m++) {
      real *u = &U[(size_t)k * line + (size_t)m];
      *u = factor * (*u - yk * along[ALONG_Y * M + m]);
    }
  }
  free(z);
}

#undef FN
#undef FN_
#undef FN__
