/* The sums of the exact potential of rbf units, for one instruction-set level (KERNEL_ISA). */
#include "potential_rbf_isa.h"

#include <string.h>

#include "base/vector.h"
#include "particles/kernel.h"

/* add_pairs computes VECTORS vectors at a time. With two series per vector, there are enough independent chains of
 * operations to hide the latency of a product and an addition. */
enum { W = VECTOR_BYTES / 8, VECTORS = 4 };
#define EACH _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++)

static void spin_gradient(int d, const double *restrict entry, const double *restrict z, double *restrict gradient) {
  memset(gradient, 0, sizeof *gradient * (size_t)d * TILE);
  for (int p = 0; p < d; p++)
    for (int q = p; q < d; q++)
      for (int r = q; r < d; r++, entry++)
        for (int lane = 0; lane < TILE; lane += W) {
#define ROW(array, k) (*(vdouble *)((array) + (size_t)(k)*TILE + lane))
          const vdouble zp = ROW(z, p), zq = ROW(z, q), zr = ROW(z, r);
          ROW(gradient, p) += *entry * (zq * zr);
          ROW(gradient, q) += *entry * (zp * zr);
          ROW(gradient, r) += *entry * (zp * zq);
#undef ROW
        }
}

/* Returns u = (1 + product/d)/2, clamped to [0, 1]. */
static inline vdouble series_argument(double half, vdouble product) {
  const vdouble one = (vdouble){0} + 1, u = product * half + 0.5;
  const vint64 above = u > 1, inside = u > 0;
  return (vdouble)((((vint64)u & ~above) | ((vint64)one & above)) & inside);
}

#define LANES(array, k) (*(vdouble *)((array) + (size_t)(k)*TILE + v * W))

/* The terms of VECTORS * W lanes; z and sum start at the first of these lanes. */
static void add_pairs(int d, int terms, const double (*restrict coefficient)[2], const double *restrict z,
                      int64_t count, const double *restrict particle, double *restrict sum) {
  const double half = 0.5 / d;
  for (int64_t j = 0; j < count; j++, particle += d + 1) {
    const double c = particle[0], *other = particle + 1;
    vdouble u[VECTORS], K[VECTORS], gradient[VECTORS];
    EACH u[v] = K[v] = gradient[v] = (vdouble){0};
    for (int r = 0; r < d; r++) EACH u[v] += LANES(z, r) * other[r];
    EACH u[v] = series_argument(half, u[v]);
    for (int m = 0; m < terms; m++) EACH {
        K[v] = K[v] * u[v] + coefficient[m][0];
        gradient[v] = gradient[v] * u[v] + coefficient[m][1];
      }
    EACH LANES(sum, 0) += c * K[v];
    EACH gradient[v] *= c;
    for (int r = 0; r < d; r++) EACH LANES(sum, 1 + r) += gradient[v] * other[r];
  }
}

static void pairs(int d, int terms, const double (*coefficient)[2], const double *z, int64_t count,
                  const double *particle, double *sum) {
  for (int first = 0; first < TILE; first += VECTORS * W)
    add_pairs(d, terms, coefficient, z + first, count, particle, sum + first);
}

/* The same for the derivatives along a direction. */
static void add_pairs_along(int d, int terms, double alpha, const double (*restrict coefficient)[2],
                            const double *restrict z, const double *restrict u, int64_t count,
                            const double *restrict particle, const double *restrict direction, double *restrict sum) {
  const double half = 0.5 / d;
  for (int64_t j = 0; j < count; j++, particle += d + 1, direction += d + 1) {
    const double c = alpha * particle[0], *other = particle + 1, *velocity = direction + 1;
    vdouble x[VECTORS], phi[VECTORS], w[VECTORS];
    EACH x[v] = phi[v] = w[v] = (vdouble){0};
    for (int r = 0; r < d; r++) EACH {
        x[v] += LANES(z, r) * other[r];
        w[v] += LANES(z, r) * velocity[r] + LANES(u, r) * other[r];
      }
    EACH x[v] = series_argument(half, x[v]);
    for (int m = 0; m < terms; m++) EACH phi[v] = phi[v] * x[v] + coefficient[m][0];
    EACH {
      w[v] = phi[v] * (c * w[v] + direction[0]);
      LANES(sum, 0) += w[v];
      w[v] *= alpha;
      phi[v] *= c;
    }
    for (int r = 0; r < d; r++) EACH LANES(sum, 1 + r) += w[v] * other[r] + phi[v] * velocity[r];
  }
}

static void pairs_along(int d, int terms, double alpha, const double (*coefficient)[2], const double *z,
                        const double *u, int64_t count, const double *particle, const double *direction, double *sum) {
  for (int first = 0; first < TILE; first += VECTORS * W)
    add_pairs_along(d, terms, alpha, coefficient, z + first, u + first, count, particle, direction, sum + first);
}

const struct potential_functions ISA_NAME(potential_functions) = {spin_gradient, pairs, pairs_along};
