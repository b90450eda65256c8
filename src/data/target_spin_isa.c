/* The labels of the spin target on vectors of points, for one instruction-set level (KERNEL_ISA). */
#include "target_spin_isa.h"

#include "base/vector.h"

/* VECTORS independent sums hide the latency of an addition. */
enum { VECTORS = 4, W = VECTOR_BYTES / 8, GROUP = W * VECTORS };

#define EACH for (int v = 0; v < VECTORS; v++)
#define X(k) (*(const vdouble *)(x + (k)*POINT_LANES + v * W))

static void group_labels(int d, const double *restrict entry, const double *restrict x, double *restrict y) {
  vdouble f[VECTORS], rows[VECTORS], row[VECTORS];
  EACH f[v] = (vdouble){0};
  for (int p = 0; p < d; p++) {
    EACH rows[v] = (vdouble){0};
    for (int q = p; q < d; q++) {
      EACH row[v] = (vdouble){0};
      for (int r = q; r < d; r++, entry++) EACH row[v] += *entry * X(r);
      EACH rows[v] += row[v] * X(q);
    }
    EACH f[v] += rows[v] * X(p);
  }
  EACH *(vdouble *)(y + v * W) = f[v];
}

void ISA_NAME(spin_labels)(int d, const double *entry, const double *x, double *y) {
  for (int lane = 0; lane < POINT_LANES; lane += GROUP) group_labels(d, entry, x + lane, y + lane);
}
