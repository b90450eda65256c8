/* draws_isa: the elementwise loops of tangent/draws.c for floats or doubles, at one instruction-set level.
 *
 * Arrays of reals are void; TILE lanes are contiguous. In comments, w is the number of trained parameters of a unit, M
 * the number of draws, and x1 [count][d + 1] = (1, x). All functions are local. */
#ifndef MCKEAN_TANGENT_DRAWS_ISA_H
#define MCKEAN_TANGENT_DRAWS_ISA_H

#include "base/isa.h"
#include "particles/kernel.h"

/* A tile, and the points at which it is evaluated. */
struct draws_tile {
  int d, count;
  int w;             /* trained parameters of a unit */
  const int *row;    /* [w]: their rows in the tile, ascending */
  const void *tile;  /* [tile_rows(d)][TILE] */
  const void *x, *q; /* of struct points */
};

struct draws_loops {
  /* s [count][TILE] = b, or q on the sphere; sets x1. */
  void (*start)(const struct draws_tile *at, bool sphere, void *s, void *x1);

  /* jacobian [count][(w + 1) TILE] = grad(c phi) of the trained parameters, then c phi, from h and h' [count][TILE]; f
   * [count] += sum over lanes of c phi. */
  void (*jacobian)(const struct draws_tile *at, const void *x1, const void *h, const void *dh, void *jacobian,
                   double *f);

  /* slope [count][TILE] = r h', curvature [count][TILE] = r c h''; xx [count][(d + 1)(d + 2)/2]: products of two
   * components of x1. r [count]. */
  void (*weigh)(const struct draws_tile *at, const double *r, const void *x1, const void *dh, const void *ddh,
                void *slope, void *curvature, void *xx);

  /* Moves U [d][TILE][M] of z of one lane by the derivative of y = z - P v, P = 1 - z z'/d, followed by y sqrt(d) /
   * |y|. v = rate c slopes, without slopes[0]; its derivative is rate force [d][TILE][M]. slopes [d + 1]: of this lane.
   * work [3][M]. */
  void (*move_on_sphere)(const struct draws_tile *at, int lane, int M, double rate, const void *slopes,
                         const void *force, void *U, void *work);
};

typedef const struct draws_loops draws_row[2]; /* float, double */
ISA_DECLARE(draws_row, draws_table)

#endif
