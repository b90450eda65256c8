/* draws_isa: the loops over lanes of tangent/draws.c that its kernels do not contain, for floats or doubles, at one
 * instruction-set level. Arrays of reals are void; TILE lanes are contiguous. In comments, w is the number of trained
 * parameters of a unit, and x1 [count][d + 1] = (1, x). All functions are local. */
#ifndef MCKEAN_TANGENT_DRAWS_ISA_H
#define MCKEAN_TANGENT_DRAWS_ISA_H

#include "base/isa.h"
#include "particles/kernel.h"

/* A tile, and the points at which it is evaluated. */
struct draws_tile {
  int d, count;
  const void *tile;  /* [tile_rows(d)][TILE] */
  const void *x, *q; /* of struct points */
};

struct draws_loops {
  /* s [count][TILE] = b, or q on the sphere; sets x1. */
  void (*start)(const struct draws_tile *at, bool sphere, void *s, void *x1);

  /* slope = r h', curvature = r c h'', both [count][TILE]; xx [count][(d + 1)(d + 2)/2]: products of two components of
   * x1. r [count]. */
  void (*weigh)(const struct draws_tile *at, const double *r, const void *x1, const void *dh, const void *ddh,
                void *slope, void *curvature, void *xx);

  /* force [tile_rows][TILE] += H U [tile_rows][TILE], lane by lane, for the w rows row [w]. H [w][w][TILE]. */
  void (*multiply)(int w, const int *row, const void *H, const void *U, double *force);
};

typedef const struct draws_loops draws_row[2]; /* float, double */
ISA_DECLARE(draws_row, draws_table)

#endif
