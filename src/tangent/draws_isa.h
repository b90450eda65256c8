/* draws_isa: the loops of tangent/draws.c that are not matrix products, for floats or doubles, at one instruction-set
 * level. Arrays of reals are void. In comments, x1 [d + 1][stride] = (1, x), and pairs are the products of two
 * components of x1. All functions are local. */
#ifndef MCKEAN_TANGENT_DRAWS_ISA_H
#define MCKEAN_TANGENT_DRAWS_ISA_H

#include "base/isa.h"
#include "particles/kernel.h"

/* A chunk of points; arrays over points have rows of `stride` numbers. */
struct draws_chunk {
  int d, count, stride;
};

struct draws_loops {
  /* s [count][BLOCK] = q [count], or b [BLOCK] if q is NULL; x1 from x [count][d]. */
  void (*start)(const struct draws_chunk *chunk, const void *x, const void *q, const void *b, void *s, void *x1);

  /* weights [BLOCK] = U_c + c eps; U_c = 0 if it is NULL. */
  void (*weights)(const void *c, const void *eps, const void *U_c, void *weights);

  /* dh [count][BLOCK] *= c. */
  void (*scale)(const struct draws_chunk *chunk, const void *c, void *dh);

  /* s = r h', dh = c h', ddh = r c h'', from dh = h' and ddh = h''; all [count][BLOCK]. r [count]. */
  void (*weigh)(const struct draws_chunk *chunk, const void *c, const double *r, void *s, void *dh, void *ddh);

  /* xx [(d + 1)(d + 2)/2][stride] = the pairs of x1. */
  void (*products)(const struct draws_chunk *chunk, const void *x1, void *xx);

  /* For v rows of a tile, row [v], of which row ROW_B has the factor 1: g [draws][stride] += sum over them of lines
   * [draws][v][stride] times x1; and lines = g x1. */
  void (*contract)(const struct draws_chunk *chunk, int draws, int v, const int *row, const void *lines, const void *x1,
                   void *g);
  void (*spread)(const struct draws_chunk *chunk, int draws, int v, const int *row, const void *g, const void *x1,
                 void *lines);

  /* force [w] += H U, lane by lane, for w rows of BLOCK reals each. H [w][w]: rows; NULL: zero. */
  void (*multiply)(int w, const void *const *H, void *const *U, void *const *force);

  /* U [units] -= rate force [units]. */
  void (*subtract)(int units, double rate, const void *force, void *U);
};

typedef const struct draws_loops draws_row[2]; /* float, double */
ISA_DECLARE(draws_row, draws_table)

#endif
