/* kernel: the arithmetic on tiles of units. Kernels call no MPI, open no files and allocate no memory.
 *
 * A tile holds TILE units as a structure of arrays, [tile_rows(d)][TILE], with the rows c, b, a_0 .. a_{d-1}
 * (particles/fields.h). Each unit occupies one lane of the vector registers. In the last tile of a network, the lanes
 * without a unit are zero and stay zero. A block is up to BLOCK_TILES consecutive tiles of a network.
 *
 * One template (src/particles/kernel_unit.h) defines the kernels of all unit types, precisions and instruction-set
 * levels. Results depend on the arguments and on the level, not on the machine. A run records its level and uses the
 * same level to resume.
 *
 *   precision          stored parameters   arithmetic ("real" below)
 *   PRECISION_SINGLE   float               float
 *   PRECISION_MIXED    double              float
 *   PRECISION_DOUBLE   double              double */
#ifndef MCKEAN_PARTICLES_KERNEL_H
#define MCKEAN_PARTICLES_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/isa.h"
#include "particles/unit.h"

enum { TILE = 64, BLOCK_TILES = 4, BLOCK = TILE * BLOCK_TILES };
static inline size_t tile_numbers(int d) { /* values per tile */
  return (size_t)tile_rows(d) * TILE;
}

enum precision { PRECISION_SINGLE, PRECISION_MIXED, PRECISION_DOUBLE, PRECISIONS };
extern const char *const precision_names[PRECISIONS];
size_t precision_stored(enum precision precision); /* bytes of a stored parameter: 4, 8, 8 */
size_t precision_real(enum precision precision);   /* bytes of a real: 4, 4, 8 */

/* Points of a batch, or of a part of it, in kernel form. The kernels may read up to POINT_PAD points after the last
 * one, but ignore their values; points_set sets them to zero. The kernels process POINT_GROUP points at a time. */
enum { POINT_PAD = 16, POINT_GROUP = 48 };
struct points {
  int count, d;
  void *x; /* real [count][d]: x, or alpha x for units on the sphere */
  void *q; /* real [count]: -alpha (|x|^2 + d)/2 for units on the sphere, else 0 */
};

/* The kernels of one unit type, precision and level. All functions are local. */
struct kernel {
  enum isa isa;
  enum precision precision;
  int unit; /* enum unit_type */

  /* Converts the stored parameters of a tile to reals, [tile_rows(d)][TILE]. NULL unless the precision is mixed. */
  void (*narrow)(int d, const void *tile, void *real_tile);

  /* The number of reals per unit and point that forward can keep for gradient: 1 if h' follows from h at little cost,
   * else 2. */
  int kept;

  /* sum[p] = sum over tiles and lanes of c phi(x_p, z), p < count, in a fixed order. real_tile: `tiles` consecutive
   * tiles of reals, at most BLOCK_TILES. scratch: forward_scratch(count) bytes, 64-byte aligned. activations: receives
   * the values that gradient can use, real [tiles * TILE * count * kept], 64-byte aligned; or NULL. If sum is NULL, the
   * sum is not complete: the next call, with resume, the same points and the same scratch, adds the tiles that follow.
   * The result has the same bits as one call for all tiles. Cost: 2 d flops and one value of h per unit and point, and
   * one of h' if it is kept. */
  void (*forward)(int tiles, const void *real_tile, const struct points *points, bool resume, void *scratch,
                  void *activations, double *sum);

  /* grad[row][lane] += sum over points of r_p d(c phi(x_p, z))/d(row). grad: double [tile_rows(d)][TILE], not
   * projected; on the sphere the row of b is unchanged. r: real [count], padded like x. activations: real [TILE * count
   * * kept], those of this tile that forward set for the same points and parameters; or NULL. The result has the same
   * bits in both cases. sums: gradient_sums(d) bytes, 64-byte aligned: the sums over points so far. If grad is NULL,
   * the sum is not complete: the next call for this tile, with resume and the same sums, adds further points. The
   * result has the same bits as one call for all points if each call but the last has a multiple of POINT_GROUP points.
   * Cost: 4 d flops, one value of h and one of h' per unit and point; 2 d flops with activations. */
  void (*gradient)(const void *real_tile, const struct points *points, const void *r, const void *activations,
                   bool resume, void *sums, double *grad);

  /* sum[p] = sum over tiles and lanes of grad(c phi(x_p, z)).g: the derivative of n f_n along the direction g. g has
   * the layout of the tiles; on the sphere its row of b is zero. tiles, scratch and order: as for forward. Cost: 4 d
   * flops, one value of h and one of h' per unit and point. */
  void (*directional)(int tiles, const void *real_tile, const void *real_direction, const struct points *points,
                      void *scratch, double *sum);

  /* square[lane] += sum over points of phi(x_p, z)^2; square [TILE]. Cost: as for forward. */
  void (*squares)(const void *real_tile, const struct points *points, double *square);

  /* h, dh, ddh [count] = h(s), h'(s) and h''(s) of the reals s [count]. count: a multiple of TILE; arrays 64-byte
   * aligned. For relu h'' is 0. */
  void (*derivatives)(int count, const void *s, void *h, void *dh, void *ddh);

  /* Projects the gradient of a tile, [tile_rows(d)][TILE], in place onto the tangent space of the manifold at the
   * stored parameters of the tile. Does nothing on the flat manifold. */
  void (*project)(int d, const void *tile, double *grad);

  /* square[lane] = scale^2 times the sum of grad^2 over the rows of the trained fields (FIELD_BIT_*); 0 for lanes >=
   * units. square [TILE]. */
  void (*grad_norms)(int d, unsigned train, int units, double scale, const double *grad, double *square);

  /* Stores new values of the trained fields (FIELD_BIT_*) in a tile, rounded to the stored precision. On the sphere z
   * is scaled to |z|^2 = d, except that z = 0 stays 0. parameters: [tile_rows(d)][TILE]. The rows of other fields are
   * neither read nor changed. */
  void (*retract)(int d, unsigned train, const double *parameters, void *tile);
};

/* Local. Returns the kernels of a unit type, precision and level. This processor must have the level. */
const struct kernel *kernel_find(int unit, enum precision precision, enum isa isa);

/* Local. Returns `count` consecutive tiles as reals: the stored tiles themselves or, if the precision is mixed, copies
 * in buffer (real [count][tile_rows(d)][TILE]). */
const void *kernel_real_tiles(const struct kernel *kernel, int d, const void *tiles, int count, void *buffer);

/* Local. Return the bytes of scratch that forward and directional need for `count` points, and of the sums of
 * gradient. */
size_t forward_scratch(int count);
size_t gradient_sums(int d);

/* Local. Allocates zeroed points for batches of at most `count` points in d dimensions. The caller calls points_free,
 * also after an error. FAILED: no memory. */
int points_alloc(struct points *points, enum precision precision, int64_t count, int d);
void points_free(struct points *points);

/* Local. Converts the points x [count][d] to kernel form. count must not exceed the count of points_alloc. */
void points_set(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                const double *x);

/* Local. Allocates points and sets them to x [count][d]; does nothing if count is 0. FAILED: no memory. */
int points_create(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                  const double *x);

/* Local. Reference versions of the kernels for tests: plain loops in double precision, with h and h' of unit_table.
 * tile: double [tiles][tile_rows(d)][TILE]; x and q: as in struct points, in double, without padding. */
void naive_forward(int unit, int tiles, const double *tile, int count, int d, const double *x, const double *q,
                   double *sum);
void naive_gradient(int unit, const double *tile, int count, int d, const double *x, const double *q, const double *r,
                    double *grad);
void naive_directional(int unit, int tiles, const double *tile, const double *direction, int count, int d,
                       const double *x, const double *q, double *sum);
void naive_squares(int unit, const double *tile, int count, int d, const double *x, const double *q, double *square);

#endif
