/* The sums over overlaps of erf units, for one instruction-set level (KERNEL_ISA). */
#include "erf_overlap_isa.h"

#include <string.h>

#include "base/portable_atan.h"
#include "base/vector.h"
#include "particles/kernel.h"

/* add computes VECTORS vectors at a time, so that there are independent chains of operations. */
enum { W = VECTOR_BYTES / 8, VECTORS = 4 };
#define EACH _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++)

static const double TWO_OVER_PI = 0x1.45f306dc9c883p-1;

/* The terms of VECTORS * W lanes; a and sum start at the first of these lanes. */
static void add(int d, int rows, const double *restrict a, int64_t count, const double *restrict unit,
                double *restrict sum) {
#define A(k)   (*(const vdouble *)(a + (size_t)(k)*TILE + v * W))
#define SUM(k) (*(vdouble *)(sum + (size_t)(k)*TILE + v * W))
  vdouble own[VECTORS]; /* 1 + q */
  EACH own[v] = (vdouble){0} + 1;
  for (int k = 0; k < d; k++) EACH own[v] += A(k) * A(k);
  for (int64_t j = 0; j < count; j++, unit += d + 1) {
    const double weight = TWO_OVER_PI * unit[0], *other = unit + 1;
    vdouble C[VECTORS], kappa[VECTORS], norm[VECTORS], S[VECTORS];
    EACH C[v] = (vdouble){0};
    for (int k = 0; k < d; k++) EACH C[v] += A(k) * other[k];
    EACH kappa[v] = C[v] / own[v];
    EACH norm[v] = 1 + kappa[v] * kappa[v];
    for (int k = 0; k < d; k++) EACH {
        const vdouble g = other[k] - kappa[v] * A(k);
        norm[v] += g * g;
      }
    EACH S[v] = VECTOR_SQRT_double(own[v] * norm[v]);
    EACH SUM(0) += weight * portable_atan2(C[v], S[v]);
    EACH S[v] = weight / S[v];
    for (int k = 0; k + 1 < rows; k++) EACH SUM(1 + k) += S[v] * (other[k] - kappa[v] * A(k));
  }
#undef A
#undef SUM
}

void ISA_NAME(erf_overlap_function)(int d, int rows, const double *a, int64_t count, const double *unit, double *sum) {
  memset(sum, 0, sizeof *sum * (size_t)rows * TILE);
  for (int first = 0; first < TILE; first += VECTORS * W) add(d, rows, a + first, count, unit, sum + first);
}
