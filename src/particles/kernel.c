#include "particles/kernel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "kernel_table.h"
#include "particles/number.h"

const char *const precision_names[PRECISIONS] = {"single", "mixed", "double"};

size_t precision_stored(enum precision precision) {
  return precision == PRECISION_SINGLE ? sizeof(float) : sizeof(double);
}

size_t precision_real(enum precision precision) {
  return precision == PRECISION_DOUBLE ? sizeof(double) : sizeof(float);
}

const struct kernel *kernel_find(int unit, enum precision precision, enum isa isa) {
  static kernel_rows *const table[ISA_LEVELS] = {ISA_TABLE(kernel_table)};
  return &(*table[isa])[unit][precision];
}

/* One vector, of at most 64 bytes, per point. The kernels do not use the vectors of the padding. */
size_t forward_scratch(int count) {
  return 64 * (size_t)(count + POINT_PAD);
}

const void *kernel_real_tiles(const struct kernel *kernel, int d, const void *tiles, int count, void *buffer) {
  if (!kernel->narrow) return tiles;
  const size_t stored = tile_numbers(d) * precision_stored(kernel->precision),
               real = tile_numbers(d) * precision_real(kernel->precision);
  for (size_t t = 0; t < (size_t)count; t++)
    kernel->narrow(d, (const char *)tiles + stored * t, (char *)buffer + real * t);
  return buffer;
}

size_t gradient_sums(int d) {
  return sizeof(double) * tile_numbers(d);
}

int points_alloc(struct points *points, enum precision precision, int64_t count, int d) {
  const size_t real = precision_real(precision);
  *points = (struct points){.d = d};
  TRY(alloc_copy(&points->x, (count + POINT_PAD) * d, real, "points"));
  TRY(alloc_copy(&points->q, count + POINT_PAD, real, "points"));
  memset(points->x, 0, real * (size_t)((count + POINT_PAD) * d));
  memset(points->q, 0, real * (size_t)(count + POINT_PAD));
  return OK;
}

void points_free(struct points *points) {
  free(points->x);
  free(points->q);
  *points = (struct points){0};
}

void points_set(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                const double *x) {
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  const double factor = sphere ? unit->alpha : 1;
  const size_t real = precision_real(precision), numbers = (size_t)count * (size_t)d;
  points->count = count;
  if (real == sizeof(float))
    for (size_t i = 0; i < numbers; i++) ((float *)points->x)[i] = (float)(factor * x[i]);
  else
    for (size_t i = 0; i < numbers; i++) ((double *)points->x)[i] = factor * x[i];
  for (int64_t p = 0; p < count && sphere; p++) {
    double norm2 = 0;
    for (int k = 0; k < d; k++) norm2 += x[p * d + k] * x[p * d + k];
    number_put(real, points->q, (size_t)p, -unit->alpha * (norm2 + d) / 2);
  }
  memset((char *)points->x + real * (size_t)count * (size_t)d, 0, real * POINT_PAD * (size_t)d);
  memset((char *)points->q + real * (size_t)count, 0, real * POINT_PAD);
}

int points_create(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                  const double *x) {
  if (count == 0) return OK;
  TRY(points_alloc(points, precision, count, d));
  points_set(points, precision, unit, count, d, x);
  return OK;
}

static double linear_form(int unit, const double *tile, int lane, int d, const double *x, double q) {
  double s = unit_table[unit].manifold == MANIFOLD_SPHERE ? q : tile[ROW_B * TILE + lane];
  for (int k = 0; k < d; k++) s += tile[(ROW_A + k) * TILE + lane] * x[k];
  return s;
}

void naive_forward(int unit, int tiles, const double *tile, int count, int d, const double *x, const double *q,
                   double *sum) {
  for (int p = 0; p < count; p++) {
    sum[p] = 0;
    for (int t = 0; t < tiles; t++) {
      const double *units = tile + (size_t)t * tile_numbers(d);
      for (int lane = 0; lane < TILE; lane++)
        sum[p] += units[lane] * unit_table[unit].h(linear_form(unit, units, lane, d, x + p * d, q[p]));
    }
  }
}

void naive_squares(int unit, const double *tile, int count, int d, const double *x, const double *q, double *square) {
  for (int lane = 0; lane < TILE; lane++)
    for (int p = 0; p < count; p++)
      square[lane] += pow(unit_table[unit].h(linear_form(unit, tile, lane, d, x + p * d, q[p])), 2);
}

void naive_gradient(int unit, const double *tile, int count, int d, const double *x, const double *q, const double *r,
                    double *grad) {
  for (int lane = 0; lane < TILE; lane++)
    for (int p = 0; p < count; p++) {
      const double s = linear_form(unit, tile, lane, d, x + p * d, q[p]);
      const double w = r[p] * tile[lane] * unit_table[unit].dh(s);
      grad[ROW_C * TILE + lane] += r[p] * unit_table[unit].h(s);
      if (unit_table[unit].manifold != MANIFOLD_SPHERE) grad[ROW_B * TILE + lane] += w;
      for (int k = 0; k < d; k++) grad[(ROW_A + k) * TILE + lane] += w * x[p * d + k];
    }
}

void naive_directional(int unit, int tiles, const double *tile, const double *direction, int count, int d,
                       const double *x, const double *q, double *sum) {
  for (int p = 0; p < count; p++) {
    sum[p] = 0;
    for (int i = 0; i < tiles * TILE; i++) {
      const size_t at = (size_t)(i / TILE) * tile_numbers(d);
      const double *units = tile + at, *g = direction + at;
      const int lane = i % TILE;
      const double s = linear_form(unit, units, lane, d, x + p * d, q[p]);
      double ds = g[ROW_B * TILE + lane];
      for (int k = 0; k < d; k++) ds += g[(ROW_A + k) * TILE + lane] * x[p * d + k];
      sum[p] += g[ROW_C * TILE + lane] * unit_table[unit].h(s) + units[lane] * unit_table[unit].dh(s) * ds;
    }
  }
}
