/* kernel_isa: all kernels of one instruction-set level. The Makefile compiles this file once per level, with the
 * compiler flags of the level and with the name of the level in KERNEL_ISA. Levels differ in the width of a vector and
 * in the number of vectors that are computed together. */
#include <math.h>

#include "base/arithmetic.h" /* also checks the compiler options of each level */
#include "base/isa.h"
#include "base/subnormals.h"
#include "base/vector.h"
#include "kernel_table.h"
#include "particles/number.h"
#include "unit_series.h"

enum { VECTORS = VECTOR_REGISTERS == 32 ? 4 : 2 };

/* POINTS x VECTORS linear forms, VECTORS vectors of parameters and one coordinate of a point fill the registers. The
 * linear forms of INNER points stay in the L1 cache. SUMS x VECTORS sums of a gradient are kept in registers at a
 * time. */
enum { POINTS = 6, INNER = POINT_GROUP, SUMS = 5, LINE = 64 /* bytes of a cache line */ };

/* Helpers are always inlined. Otherwise compilers may stop inlining one as the file grows, which makes some kernels 1.4
 * times slower and changes which products are contracted to FMA. */
#define INLINE static inline __attribute__((always_inline))

#define DOUBLE 0
#include "kernel_precision.h"
#undef DOUBLE
#define DOUBLE 1
#include "kernel_precision.h"
#undef DOUBLE

static void narrow(int d, const void *tile, void *real_tile) {
  const double *restrict from = tile;
  float *restrict to = real_tile;
  for (int i = 0; i < tile_rows(d) * TILE; i++) to[i] = (float)from[i];
}

/* ---- manifolds: arithmetic in double; a stored parameter has `stored` bytes; inlined for each size ---- */

static void project_flat(int d, const void *tile, double *grad) {
  (void)d;
  (void)tile;
  (void)grad;
}

/* g -> g - z (g.z)/d, lane by lane. */
INLINE void project_sphere(size_t stored, int d, const void *restrict tile, double *restrict grad) {
  double along[TILE] = {0};
  for (int k = ROW_A; k < tile_rows(d); k++)
    for (int i = 0; i < TILE; i++)
      along[i] += grad[k * TILE + i] * number_get(stored, tile, (size_t)(k * TILE + i)) / d;
  for (int k = ROW_A; k < tile_rows(d); k++)
    for (int i = 0; i < TILE; i++)
      grad[k * TILE + i] = grad[k * TILE + i] - number_get(stored, tile, (size_t)(k * TILE + i)) * along[i];
}

INLINE void store_rows(size_t stored, int first, int end, const double *restrict parameters, void *restrict tile) {
  for (int i = first * TILE; i < end * TILE; i++) number_put(stored, tile, (size_t)i, parameters[i]);
}

/* z -> z sqrt(d / |z|^2), lane by lane. */
INLINE void retract_sphere(size_t stored, int d, const double *restrict parameters, void *restrict tile) {
  double norm[TILE] = {0}, back[TILE];
  for (int k = ROW_A; k < tile_rows(d); k++)
    for (int i = 0; i < TILE; i++) norm[i] += parameters[k * TILE + i] * parameters[k * TILE + i];
  for (int i = 0; i < TILE; i++) back[i] = norm[i] > 0 ? sqrt(d / norm[i]) : 0; /* unused lanes: z = 0 */
  for (int k = ROW_A; k < tile_rows(d); k++)
    for (int i = 0; i < TILE; i++) number_put(stored, tile, (size_t)(k * TILE + i), parameters[k * TILE + i] * back[i]);
}

INLINE void retract(size_t stored, bool sphere, int d, unsigned train, const double *parameters, void *tile) {
  if (train & FIELD_BIT_C) store_rows(stored, ROW_C, ROW_C + 1, parameters, tile);
  if (train & FIELD_BIT_B) store_rows(stored, ROW_B, ROW_B + 1, parameters, tile);
  if (train & FIELD_BIT_A && sphere) retract_sphere(stored, d, parameters, tile);
  if (train & FIELD_BIT_A && !sphere) store_rows(stored, ROW_A, tile_rows(d), parameters, tile);
}

static void project_sphere_float(int d, const void *tile, double *grad) {
  project_sphere(sizeof(float), d, tile, grad);
}
static void project_sphere_double(int d, const void *tile, double *grad) {
  project_sphere(sizeof(double), d, tile, grad);
}

#define RETRACT(name, stored, sphere)                                                                                  \
  static void name(int d, unsigned train, const double *parameters, void *tile) {                                      \
    retract(stored, sphere, d, train, parameters, tile);                                                               \
  }
RETRACT(retract_flat_float, sizeof(float), false)
RETRACT(retract_flat_double, sizeof(double), false)
RETRACT(retract_sphere_float, sizeof(float), true)
RETRACT(retract_sphere_double, sizeof(double), true)

/* Each lane adds its rows in ascending order, so the order of the terms is fixed. */
static void grad_norms(int d, unsigned train, int units, double scale, const double *restrict grad,
                       double *square_out) {
  double square[TILE] = {0};
  for (int k = ROW_C; k < tile_rows(d); k++) {
    const unsigned bit = tile_row_bit(k);
    for (int i = 0; i < TILE && train & bit; i++) square[i] += grad[k * TILE + i] * grad[k * TILE + i];
  }
  for (int i = 0; i < TILE; i++) square_out[i] = i < units ? scale * scale * square[i] : 0;
}

/* ---- the table ---- */

#define project_flat_float  project_flat
#define project_flat_double project_flat

#define KERNEL(precision, name, row, narrow, real, stored, manifold)                                                   \
  [precision] = {ISA_NAME(ISA),                                                                                        \
                 precision,                                                                                            \
                 row,                                                                                                  \
                 narrow,                                                                                               \
                 (int)(sizeof(values_##real##_##name) / (VECTORS * VECTOR_BYTES)),                                     \
                 forward_##real##_##name,                                                                              \
                 gradient_##real##_##name,                                                                             \
                 directional_##real##_##name,                                                                          \
                 squares_##real##_##name,                                                                              \
                 derivatives_##real##_##name,                                                                          \
                 project_##manifold##_##stored,                                                                        \
                 grad_norms,                                                                                           \
                 retract_##manifold##_##stored},
#define ROWS(row, name, manifold)                                                                                      \
  [row] = {KERNEL(PRECISION_SINGLE, name, row, NULL, float, float, manifold)                                           \
               KERNEL(PRECISION_MIXED, name, row, narrow, float, double, manifold)                                     \
                   KERNEL(PRECISION_DOUBLE, name, row, NULL, double, double, manifold)},
#define ROWS_FLAT(row, name)   ROWS(row, name, flat)
#define ROWS_SPHERE(row, name) ROWS(row, name, sphere)

kernel_rows ISA_NAME(kernel_table) = {UNIT_LIST_FLAT(ROWS_FLAT) UNIT_LIST_SPHERE(ROWS_SPHERE)};
