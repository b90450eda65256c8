/* The sums of the exact potential, for one instruction-set level (KERNEL_ISA). */
#include "potential_isa.h"

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

/* The terms of VECTORS * W lanes; z and sum start at the first of these lanes. */
static void add_pairs(int d, int terms, const double (*restrict coefficient)[2], const double *restrict z,
                      int64_t count, const double *restrict particle, double *restrict sum) {
#define Z(k)   (*(const vdouble *)(z + (size_t)(k)*TILE + v * W))
#define SUM(k) (*(vdouble *)(sum + (size_t)(k)*TILE + v * W))
  const double half = 0.5 / d;
  const vdouble one = (vdouble){0} + 1;
  for (int64_t j = 0; j < count; j++, particle += d + 1) {
    const double c = particle[0], *other = particle + 1;
    vdouble u[VECTORS], K[VECTORS], gradient[VECTORS];
    EACH u[v] = K[v] = gradient[v] = (vdouble){0};
    for (int r = 0; r < d; r++) EACH u[v] += Z(r) * other[r];
    EACH { /* clamped to [0, 1] */
      u[v] = u[v] * half + 0.5;
      const vint64 above = u[v] > 1, inside = u[v] > 0;
      u[v] = (vdouble)((((vint64)u[v] & ~above) | ((vint64)one & above)) & inside);
    }
    for (int m = 0; m < terms; m++) EACH {
        K[v] = K[v] * u[v] + coefficient[m][0];
        gradient[v] = gradient[v] * u[v] + coefficient[m][1];
      }
    EACH SUM(0) += c * K[v];
    EACH gradient[v] *= c;
    for (int r = 0; r < d; r++) EACH SUM(1 + r) += gradient[v] * other[r];
  }
#undef Z
#undef SUM
}

static void pairs(int d, int terms, const double (*coefficient)[2], const double *z, int64_t count,
                  const double *particle, double *sum) {
  for (int first = 0; first < TILE; first += VECTORS * W)
    add_pairs(d, terms, coefficient, z + first, count, particle, sum + first);
}

const struct potential_functions ISA_NAME(potential_functions) = {spin_gradient, pairs};
