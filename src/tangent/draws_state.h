/* draws_state: the draws of one network, and what draws.c and draws_match.c share. Private to them. */
#ifndef MCKEAN_TANGENT_DRAWS_STATE_H
#define MCKEAN_TANGENT_DRAWS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "draws_isa.h"
#include "tangent/draws.h"

/* Points are processed in chunks, and draws in groups of at most GROUP_ROWS rows of U, but at least one draw.
 * DIRECTIONS_MAX: see draws_match.c. */
enum { CHUNK = 256, GROUP_ROWS = 512, DIRECTIONS_MAX = 256 };

/* Work space of one thread. In comments, [] are reals, v is the number of trained inner parameters of a unit (b, a),
 * and `pairs` the number of products of two of the d + 1 numbers 1, x. */
struct space {
  void *tiles, *theta;       /* [BLOCK_TILES][tile_rows(d)][TILE]; [tile_rows(d)][BLOCK]: a block, padded with zeros */
  void *s, *h, *dh, *ddh;    /* [CHUNK][BLOCK]: s, later r h'; h; h', later c h'; h'', later r c h'' */
  void *x, *xx;              /* [d + 1][CHUNK]: 1, x; [pairs][CHUNK]: their products */
  void *lines;               /* [v draws of a group][CHUNK]: sums over units of U c h', or g x */
  void *g, *weights;         /* [M + 1][CHUNK]; [M + 1][BLOCK]: derivative of the weight times c, and c itself */
  void *force_c, *force;     /* [M][BLOCK], [M][v][BLOCK]: P times the forces on U */
  void *slopes, *curvatures; /* [d + 1][BLOCK], [pairs][BLOCK]: sums over points of r h' (1, x) and r c h'' xx */
  const void **hessian;      /* [w][w]: rows of slopes and curvatures, NULL: zero; w: trained parameters of a unit */
  void **U, **forces;        /* [w]: rows of a draw */
};

struct draws {
  const struct particles *particles;
  const struct local_network *local;
  const struct kernel *kernel;
  const struct draws_loops *loops;
  const struct probe *training;
  size_t real;        /* bytes of a real */
  int count, threads; /* count: M */
  int group;          /* draws */
  int w, v, *row;     /* w, v: above; row [w]: their rows in a tile; c comes first if it is trained */
  int pairs;
  void *U_c, *U;   /* reals [local blocks][M][BLOCK], if c is trained, and [local blocks][M][v][BLOCK] */
  void *eps;       /* reals [local blocks][M][BLOCK]: sqrt N eps */
  int directions;  /* Q = 4 M, at most DIRECTIONS_MAX */
  void *S, *omega; /* reals [local blocks][Q][BLOCK]: combinations of the contributions of the units, and [Q][samples]:
                          their coefficients; NULL after draws_match */
  double *g, *f;   /* [M][samples], [samples] */
  struct space *space; /* [threads] */
};

static inline void *at(const struct draws *draws, const void *array, int64_t i) {
  return (char *)array + draws->real * (size_t)i;
}

/* The rows of a draw in a block: [BLOCK] for c and for eps, [v][BLOCK] for the inner parameters. */
static inline void *block_c(const struct draws *draws, const void *array, int64_t block, int draw) {
  return at(draws, array, (block * draws->count + draw) * BLOCK);
}
static inline void *block_U(const struct draws *draws, int64_t block, int draw) {
  return at(draws, draws->U, (block * draws->count + draw) * draws->v * BLOCK);
}

/* The points of a chunk: about as many in each chunk. */
static inline int chunk_size(const struct points *points) {
  const int chunks = (points->count + CHUNK - 1) / CHUNK;
  return chunks > 0 ? (points->count + chunks - 1) / chunks : CHUNK;
}
static inline int chunk_count(const struct points *points, int first) {
  const int left = points->count - first, size = chunk_size(points);
  return left < size ? left : size;
}

/* C = A B + beta C, or A B' + beta C, for row-major matrices of reals whose rows are lda, ldb, ldc numbers apart. */
void draws_multiply(size_t real, bool transpose, int rows, int columns, int inner, const void *A, int lda,
                    const void *B, int ldb, double beta, void *C, int ldc);

/* Sets theta to the parameters of a block. */
void draws_set_theta(const struct draws *draws, int64_t block, struct space *space);

/* Sets x, h, h' and h'' of theta at the chunk of points from `first` on. */
void draws_evaluate(const struct draws *draws, const struct points *points, int first, struct space *space);

#endif
