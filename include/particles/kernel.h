/* kernel: the arithmetic on tiles of units. No MPI, no memory of its own, no files.
 *
 * A tile holds TILE units as a structure of arrays, [tile_rows(d)][TILE]: rows c, b, a_0 .. a_{d-1}
 * (particles/fields.h). Units are the lanes of the vector registers. Unused lanes of a network's last tile are zero and
 * stay zero.
 *
 * Every kernel exists per unit type, precision and instruction-set level, from one template
 * (src/particles/kernel_unit.h). Results are a function of the inputs and of the level, not of the machine. A run
 * records its level and keeps it.
 *
 * Arithmetic is float for PRECISION_SINGLE and PRECISION_MIXED ("real" below), double for PRECISION_DOUBLE. Stored
 * parameters are double for PRECISION_MIXED and PRECISION_DOUBLE. */
#ifndef MCKEAN_PARTICLES_KERNEL_H
#define MCKEAN_PARTICLES_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "particles/unit.h"

enum { TILE = 64, BLOCK_TILES = 4, BLOCK = TILE * BLOCK_TILES };

enum precision { PRECISION_SINGLE, PRECISION_MIXED, PRECISION_DOUBLE, PRECISIONS };
extern const char *const precision_names[PRECISIONS];
size_t precision_stored(enum precision precision); /* bytes of a stored parameter: 4, 8, 8 */
size_t precision_real(enum precision precision);   /* bytes of a real: 4, 4, 8 */

enum isa { ISA_PORTABLE, ISA_V2, ISA_V3, ISA_V4, ISA_LEVELS }; /* v2: SSE4.2, v3: AVX2 + FMA, v4: AVX-512 (x86-64-v*) */
extern const char *const isa_names[ISA_LEVELS];
enum isa isa_best(void); /* highest level this processor runs, below the limit; local */
/* Local; call it before anything else of this floor, with the environment's MCKEAN_ISA: levels above this one are not
 * used (NULL: all are). USAGE: unknown here. */
int isa_limit(const char *name);

/* Points of a batch in kernel form. Arrays are 64-byte aligned and padded to POINT_PAD points of zeros. */
enum { POINT_PAD = 16 };
struct points {
  int count, d;
  void *x; /* real [count][d]; alpha x for units on the sphere */
  void *q; /* real [count]; -alpha (|x|^2 + d)/2 for units on the sphere, 0 for ridge units */
};

/* One row per unit type x precision x level. */
struct kernel {
  enum isa isa;
  enum precision precision;
  int unit; /* enum unit_type */

  /* Converts stored parameters of one tile to reals, [tile_rows(d)][TILE]; where both are the same type it is not
   * needed. */
  void (*narrow)(int d, const void *tile, void *real_tile);

  /* sum[p] = sum over tiles and lanes of c phi(x_p, z), p < count; lanes and tiles in a fixed order. tiles <=
   * BLOCK_TILES consecutive real tiles. scratch: forward_scratch(count) bytes, 64-byte aligned. 2 d flops and one h per
   * unit and point. */
  void (*forward)(int tiles, const void *real_tile, const struct points *points, void *scratch, double *sum);

  /* grad[field][lane] += sum over points of r_p d(c phi)/d(field), for all fields: [tile_rows(d)][TILE] doubles, b zero
   * for units on the sphere (before projection). r: real [count], padded like x. scratch: gradient_scratch(d) bytes,
   * 64-byte aligned. 4 d flops, one h and h' per unit and point. */
  void (*gradient)(const void *real_tile, const struct points *points, const void *r, void *scratch, double *grad);

  /* sum[p] = sum over tiles and lanes of grad(c phi(x_p, z)).g: the derivative of n f_n along the direction g, which
   * has the layout of the tiles (b zero for units on the sphere). tiles, scratch and order as for forward. 4 d flops,
   * one h and h' per unit and point. */
  void (*along)(int tiles, const void *real_tile, const void *real_direction, const struct points *points,
                void *scratch, double *sum);

  /* square[lane] += sum over points of phi(x_p, z)^2; square [TILE]. 2 d flops and one h per unit and point. */
  void (*squares)(const void *real_tile, const struct points *points, double *square);

  /* Projects the gradient of a tile, [tile_rows(d)][TILE], in place on the tangent space of the manifold at the tile's
   * parameters. Flat: does nothing. */
  void (*project)(int d, const void *tile, double *grad);

  /* square[lane] = scale^2 times the sum of grad^2 over the rows of the fields in train; 0 for lanes >= units. */
  void (*norms)(int d, unsigned train, int units, double scale, const double *grad, double *square);

  /* Stores new parameters, [tile_rows(d)][TILE] of which the rows of the fields in train are used, in a tile, rounded
   * to stored precision; on the sphere after scaling to |z|^2 = d (a lane with z = 0 stays 0). */
  void (*retract)(int d, unsigned train, const double *parameters, void *tile);
};

/* The row for these; isa must be <= isa_best(). */
const struct kernel *kernel_find(int unit, enum precision precision, enum isa isa);

size_t forward_scratch(int count);
size_t gradient_scratch(int d);

/* Fills points (arrays allocated for at least x.count points) from x [count][d] in double. Local. */
void points_set(struct points *points, enum precision precision, const struct unit_spec *unit, int count, int d,
                const double *x);
int points_alloc(struct points *points, enum precision precision, int64_t count, int d); /* FAILED: no memory */
void points_free(struct points *points);

/* The naive twins: the same contracts in plain loops over double precision and libm, for tests and the benchmark.
 * tile: double [tiles][tile_rows(d)][TILE]; x as in points, double. */
void naive_forward(int unit, int tiles, const double *tile, int count, int d, const double *x, const double *q,
                   double *sum);
void naive_gradient(int unit, const double *tile, int count, int d, const double *x, const double *q, const double *r,
                    double *grad);
void naive_along(int unit, int tiles, const double *tile, const double *direction, int count, int d, const double *x,
                 const double *q, double *sum);
void naive_squares(int unit, const double *tile, int count, int d, const double *x, const double *q, double *square);

#endif
