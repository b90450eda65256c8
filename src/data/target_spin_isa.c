/* The labels of the spin target on vectors of points, for one instruction-set level (KERNEL_ISA). */
#include "target_spin_isa.h"

#include "base/vector.h"

/* VECTORS independent sums hide the latency of an addition. */
enum { VECTORS = 4, W = VECTOR_BYTES / 8, GROUP = W * VECTORS, FEW = LABEL_LANES / W, ROWS = VECTORS / FEW };

#define EACH     for (int v = 0; v < VECTORS; v++)
#define EACH_FEW for (int v = 0; v < FEW; v++)
#define EACH_ROW for (int k = 0; k < ROWS; k++)
#define X(k)     (*(const vdouble *)(x + (k)*POINT_LANES + v * W))

/* The sums over r for q and q + 1 advance together and share the loads of x_r. */
static void group_labels(int d, const double *restrict entry, const double *restrict x, double *restrict y) {
  vdouble f[VECTORS], rows[VECTORS], row[VECTORS], next[VECTORS], product[2];
  EACH f[v] = (vdouble){0};
  for (int p = 0; p < d; p++) {
    int q = p;
    EACH rows[v] = (vdouble){0};
    for (; q + 1 < d; q += 2) {
      const double *second = entry + (d - q); /* the entry of (p, q + 1, q + 1) */
      EACH row[v] = (vdouble){0} + *entry * X(q), next[v] = (vdouble){0};
      entry++;
      for (int r = q + 1; r < d; r++, entry++, second++) EACH {
          VECTOR_PRODUCTS(X(r), entry, second, product[0], product[1]);
          row[v] += product[0];
          next[v] += product[1];
        }
      entry = second;
      EACH rows[v] += row[v] * X(q);
      EACH rows[v] += next[v] * X(q + 1);
    }
    if (q < d) {
      EACH rows[v] += ((vdouble){0} + *entry * X(q)) * X(q);
      entry++;
    }
    EACH f[v] += rows[v] * X(p);
  }
  EACH *(vdouble *)(y + v * W) = f[v];
}

/* The same for LABEL_LANES lanes. ROWS sums over r advance together, so that there are again VECTORS independent sums.
 * The order of the terms of a sum, and thus each bit of the labels, is that of group_labels. */
static void few_labels(int d, const double *restrict entry, const double *restrict x, double *restrict y) {
  vdouble f[FEW], rows[FEW], row[ROWS][FEW];
  const double *at[ROWS]; /* at[k][r] is the entry of (p, q + k, r) */
  EACH_FEW f[v] = (vdouble){0};
  for (int p = 0; p < d; p++) {
    EACH_FEW rows[v] = (vdouble){0};
    for (int q = p; q < d; q += ROWS) {
      const int used = d - q < ROWS ? d - q : ROWS, common = q + used - 1;
      for (int k = 0; k < used; k++) {
        at[k] = entry - q - k;
        entry += d - q - k;
        EACH_FEW row[k][v] = (vdouble){0};
        for (int r = q + k; r < common; r++) EACH_FEW row[k][v] += at[k][r] * X(r);
      }
      if (used == ROWS)
        for (int r = common; r < d; r++) EACH_ROW EACH_FEW row[k][v] += at[k][r] * X(r);
      else
        for (int k = 0; k < used; k++) EACH_FEW row[k][v] += at[k][common] * X(common);
      for (int k = 0; k < used; k++) EACH_FEW rows[v] += row[k][v] * X(q + k);
    }
    EACH_FEW f[v] += rows[v] * X(p);
  }
  EACH_FEW *(vdouble *)(y + v * W) = f[v];
}

void ISA_NAME(spin_labels)(int d, const double *entry, const double *x, int count, double *y) {
  int lane = 0;
  for (; count - lane >= GROUP; lane += GROUP) group_labels(d, entry, x + lane, y + lane);
  for (; lane < count; lane += LABEL_LANES) few_labels(d, entry, x + lane, y + lane);
}
