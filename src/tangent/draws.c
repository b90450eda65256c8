#include "tangent/draws.h"

#include <cblas.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/openblas.h"
#include "base/rng.h"
#include "draws_isa.h"
#include "dynamics/unit_sum.h"
#include "particles/number.h"

/* Points are processed in chunks, whose kept activations fit in the L2 cache. */
enum { CHUNK = 5 * POINT_GROUP };

/* Work space of one thread. In comments, [] are reals, w is the number of trained parameters of a unit, and `pairs` the
 * number of products of two of the d + 1 numbers 1, x. */
struct space {
  void *tiles, *direction;   /* [BLOCK_TILES][tile_rows(d)][TILE]: a block as reals, and the direction of a draw */
  void *activations;         /* of a block at a chunk */
  void *scratch, *sums;      /* of the kernels */
  double *sum;               /* [CHUNK] */
  void *r;                   /* [CHUNK + POINT_PAD]: g of a draw */
  double *force;             /* [M][tile_rows(d)][TILE]: P times the force on U of a tile */
  void *s, *h, *dh, *ddh;    /* [CHUNK][TILE] */
  void *slope, *curvature;   /* [CHUNK][TILE]: r h', r c h'' */
  void *x, *xx;              /* [CHUNK][d + 1]: 1, x; [CHUNK][pairs]: their products */
  void *slopes, *curvatures; /* [d + 1][TILE], [pairs][TILE]: sums over points of slope x and curvature xx */
  void *hessian;             /* [w][w][TILE] */
};

struct draws {
  const struct particles *particles;
  const struct local_network *local;
  const struct kernel *kernel;
  const struct draws_loops *loops;
  const struct probe *training;
  size_t real, numbers; /* bytes of a real; numbers of a tile */
  int count, threads;   /* count: M */
  int w, *row;          /* trained parameters of a unit: their rows in a tile */
  int pairs;
  void *U;             /* reals [local blocks][M][BLOCK_TILES][tile_rows(d)][TILE] */
  void *eps;           /* reals [local blocks][M][BLOCK]: sqrt N eps */
  double *g, *f;       /* [M][samples], [samples] */
  struct space *space; /* [threads] */
};

static bool on_sphere(const struct draws *draws) {
  return unit_table[draws->particles->unit.type].manifold == MANIFOLD_SPHERE;
}

static double output_scale(const struct draws *draws) {
  return ensemble_scale(&draws->particles->ensemble, draws->local->member);
}

static void *at(const struct draws *draws, const void *array, int64_t i) {
  return (char *)array + draws->real * (size_t)i;
}

/* U of a draw in tile `tile` of a block, and its eps. */
static void *tile_U(const struct draws *draws, int64_t block, int64_t draw, int tile) {
  return at(draws, draws->U, ((block * draws->count + draw) * BLOCK_TILES + tile) * (int64_t)draws->numbers);
}
static void *tile_eps(const struct draws *draws, int64_t block, int64_t draw, int tile) {
  return at(draws, draws->eps, (block * draws->count + draw) * BLOCK + tile * TILE);
}

/* The tiles of a local block. */
static int block_tiles(const struct draws *draws, int64_t block) {
  const int64_t left = local_network_units(draws->local) - block * BLOCK;
  return left >= BLOCK ? BLOCK_TILES : (int)((left + TILE - 1) / TILE);
}

/* `count` points from `first` on. */
static struct points part_of(const struct draws *draws, const struct points *points, int first, int count) {
  return (struct points){.count = count,
                         .d = points->d,
                         .x = at(draws, points->x, (int64_t)first * points->d),
                         .q = at(draws, points->q, first)};
}

static int chunk_count(const struct points *points, int first) {
  return points->count - first < CHUNK ? points->count - first : CHUNK;
}

/* C = A' B + beta C for row-major matrices of reals. */
static void multiply(size_t real, int rows, int columns, int inner, const void *A, const void *B, double beta,
                     void *C) {
  if (real == sizeof(float))
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, columns, inner, 1, A, rows, B, columns, (float)beta, C,
                columns);
  else
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, rows, columns, inner, 1, A, rows, B, columns, beta, C,
                columns);
}

/* ---- create ---- */

static int create_space(const struct draws *draws, struct space *space) {
  const int64_t d = draws->particles->d, w = draws->w, M = draws->count, numbers = (int64_t)draws->numbers,
                real = (int64_t)draws->real;
  const struct {
    void **array;
    int64_t bytes;
  } arrays[] = {{&space->tiles, real * BLOCK_TILES * numbers},
                {&space->direction, real * BLOCK_TILES * numbers},
                {&space->activations, real * BLOCK * CHUNK * draws->kernel->kept},
                {&space->scratch, (int64_t)forward_scratch(CHUNK)},
                {&space->sums, (int64_t)gradient_sums((int)d)},
                {(void **)&space->sum, CHUNK * (int64_t)sizeof(double)},
                {&space->r, real * (CHUNK + POINT_PAD)},
                {(void **)&space->force, M * numbers * (int64_t)sizeof(double)},
                {&space->s, real * CHUNK * TILE},
                {&space->h, real * CHUNK * TILE},
                {&space->dh, real * CHUNK * TILE},
                {&space->ddh, real * CHUNK * TILE},
                {&space->slope, real * CHUNK * TILE},
                {&space->curvature, real * CHUNK * TILE},
                {&space->x, real * CHUNK * (d + 1)},
                {&space->xx, real * CHUNK * draws->pairs},
                {&space->slopes, real * TILE * (d + 1)},
                {&space->curvatures, real * TILE * draws->pairs},
                {&space->hessian, real * w * w * TILE}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    TRY(alloc_copy(arrays[i].array, arrays[i].bytes, 1, "work space of the draws"));
  return OK;
}

static void free_space(const struct space *space) {
  void *const array[] = {space->tiles, space->direction, space->activations, space->scratch,   space->sums,
                         space->sum,   space->r,         space->force,       space->s,         space->h,
                         space->dh,    space->ddh,       space->slope,       space->curvature, space->x,
                         space->xx,    space->slopes,    space->curvatures,  space->hessian};
  for (size_t i = 0; i < sizeof array / sizeof *array; i++) free(array[i]);
}

/* eps of a unit for all draws, without the subtraction of the mean. */
static void draw_eps(const struct draws *draws, uint64_t seed, int64_t unit, double *eps) {
  const struct rng rng = {seed, RNG_DRAWS, network_key(draws->local->n, draws->local->replica), 0};
  rng_normal(&rng, (uint64_t)(draws->particles->unit.mirror ? unit / 2 : unit), draws->count, eps);
}

/* Sets U = 0 and sqrt N eps. The sum over units of eps is exact, so that eps does not depend on the number of ranks. */
void draws_start(struct draws *draws, uint64_t seed) {
  const int64_t N = draws->local->n, M = draws->count, units = local_network_units(draws->local),
                first = local_network_first_unit(draws->local);
  const int64_t words = unit_sum_words(UNIT_SUM_NARROW, draws->count);
  double *eps = alloc_small(sizeof *eps * (size_t)M), *mean = alloc_small(sizeof *mean * (size_t)M);
  int64_t *sum = alloc_small(sizeof *sum * (size_t)words);
  memset(sum, 0, sizeof *sum * (size_t)words);
  memset(draws->U, 0, draws->real * draws->numbers * (size_t)(draws->local->blocks * M * BLOCK_TILES));
  memset(draws->eps, 0, draws->real * (size_t)(draws->local->blocks * M * BLOCK));
  for (int64_t i = 0; i < units; i++) {
    draw_eps(draws, seed, first + i, eps);
    unit_sum_add(UNIT_SUM_NARROW, draws->count, eps, sum);
  }
  unit_sum_over_ranks(draws->local, words, sum);
  if (!unit_sum_values(UNIT_SUM_NARROW, draws->count, sum, mean)) die("a sum of normal random numbers is out of range");
  for (int64_t i = 0; i < units; i++) {
    draw_eps(draws, seed, first + i, eps);
    for (int64_t m = 0; m < M; m++)
      number_put(draws->real, tile_eps(draws, i / BLOCK, m, 0), (size_t)(i % BLOCK),
                 sqrt((double)N) * (eps[m] - mean[m] / (double)N));
  }
  free(eps);
  free(mean);
  free(sum);
}

static int allocate(struct draws *draws) {
  const int64_t samples = draws->training->count, M = draws->count, blocks = draws->local->blocks;
  TRY(alloc_array(&draws->U, blocks * M * BLOCK_TILES * (int64_t)draws->numbers, draws->real,
                  "derivatives of the units"));
  TRY(alloc_array(&draws->eps, blocks * M * BLOCK, draws->real, "weights of the units"));
  TRY(alloc_copy((void **)&draws->g, samples * M, sizeof *draws->g, "draws at the training points"));
  TRY(alloc_copy((void **)&draws->f, samples, sizeof *draws->f, "outputs at the training points"));
  for (int t = 0; t < draws->threads; t++) TRY(create_space(draws, &draws->space[t]));
  return OK;
}

int draws_create(const struct particles *particles, int local, const struct kernel *kernel,
                 const struct probe *training, int count, int threads, struct draws **out) {
  static draws_row *const table[ISA_LEVELS] = {ISA_TABLE(draws_table)};
  const int d = particles->d;
  struct draws *draws = alloc_small(sizeof *draws);
  *draws = (struct draws){.particles = particles,
                          .local = &particles->local[local],
                          .kernel = kernel,
                          .loops = &(*table[kernel->isa])[precision_real(particles->precision) == sizeof(double)],
                          .training = training,
                          .real = precision_real(particles->precision),
                          .numbers = tile_numbers(d),
                          .count = count,
                          .threads = threads,
                          .row = alloc_small(sizeof(int) * (size_t)tile_rows(d)),
                          .pairs = (d + 1) * (d + 2) / 2,
                          .space = alloc_small(sizeof(struct space) * (size_t)threads)};
  memset(draws->space, 0, sizeof(struct space) * (size_t)threads);
  for (int row = 0; row < tile_rows(d); row++)
    if (particles->unit.train & tile_row_bit(row)) draws->row[draws->w++] = row;
  openblas_threads(1); /* each thread of the program computes its own tiles */
  const int status = allocate(draws);
  if (status != OK) {
    draws_free(draws);
    return status;
  }
  *out = draws;
  return OK;
}

void draws_free(struct draws *draws) {
  if (!draws) return;
  for (int t = 0; t < draws->threads; t++) free_space(&draws->space[t]);
  free(draws->space);
  free(draws->row);
  free(draws->U);
  free(draws->eps);
  free(draws->g);
  free(draws->f);
  free(draws);
}

/* ---- outputs ---- */

/* The block as reals. */
static const void *real_block(const struct draws *draws, int64_t block, struct space *space) {
  return kernel_real_tiles(draws->kernel, draws->particles->d,
                           local_network_block(draws->particles, draws->local, block), block_tiles(draws, block),
                           space->tiles);
}

/* The direction of a draw in a block: U, with c sqrt N eps added to its row of c. */
static void set_direction(const struct draws *draws, int64_t block, int draw, const void *tiles, void *direction) {
  const int count = block_tiles(draws, block);
  memcpy(direction, tile_U(draws, block, draw, 0), draws->real * draws->numbers * (size_t)count);
  for (int t = 0; t < count; t++) {
    const void *eps = tile_eps(draws, block, draw, t);
    for (size_t i = 0; i < TILE; i++) {
      const size_t k = (size_t)t * draws->numbers + ROW_C * TILE + i;
      number_put(draws->real, direction, k,
                 number_get(draws->real, direction, k) +
                     number_get(draws->real, tiles, k) * number_get(draws->real, eps, i));
    }
  }
}

/* f [points] and g [M][points], from `first` on, += the sums over a block at a chunk of points. */
static void add_block(const struct draws *draws, const struct points *points, int first, int64_t block,
                      struct space *space, double *f, double *g) {
  const struct points part = part_of(draws, points, first, chunk_count(points, first));
  const int tiles = block_tiles(draws, block);
  const void *real = real_block(draws, block, space);
  draws->kernel->forward(tiles, real, &part, false, space->scratch, space->activations, space->sum);
  for (int p = 0; p < part.count; p++) f[first + p] += space->sum[p];
  for (int m = 0; m < draws->count; m++) {
    double *own = g + (int64_t)m * points->count + first;
    set_direction(draws, block, m, real, space->direction);
    draws->kernel->directional(tiles, real, space->direction, &part, space->activations, space->scratch, space->sum);
    for (int p = 0; p < part.count; p++) own[p] += space->sum[p];
  }
}

/* Each thread takes chunks of points, so that results do not depend on the number of threads. */
bool draws_outputs(const struct draws *draws, const struct points *points, double *f, double *g) {
  const struct comm *group = draws->local->group;
  const double scale = output_scale(draws) / (double)draws->local->n;
  const int64_t numbers = (int64_t)points->count * draws->count;
  bool finite = true;
  memset(f, 0, sizeof *f * (size_t)points->count);
  memset(g, 0, sizeof *g * (size_t)numbers);
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int first = 0; first < points->count; first += CHUNK)
    for (int64_t block = 0; block < draws->local->blocks; block++)
      add_block(draws, points, first, block, &draws->space[omp_get_thread_num()], f, g);
  if (group) {
    comm_sum_reals(group, f, points->count, sizeof *f);
    comm_sum_reals(group, g, numbers, sizeof *g);
  }
  for (int p = 0; p < points->count; p++) {
    f[p] *= scale;
    finite = finite && isfinite(f[p]);
  }
  for (int64_t i = 0; i < numbers; i++) g[i] *= scale;
  return finite;
}

/* ---- the Hessian of a tile ---- */

/* Adds the contributions of a chunk of points to slopes and curvatures. */
static void add_curvature(const struct draws *draws, int first, const void *reals, struct space *space) {
  const int d = draws->particles->d, count = chunk_count(&draws->training->points, first);
  const size_t real = draws->real;
  const struct points part = part_of(draws, &draws->training->points, first, count);
  const struct draws_tile tile = {.d = d, .count = count, .tile = reals, .x = part.x, .q = part.q};
  const void *a = at(draws, reals, ROW_A * TILE);
  double r[CHUNK];
  for (int p = 0; p < count; p++) r[p] = draws->f[first + p] - draws->training->y[first + p];
  draws->loops->start(&tile, on_sphere(draws), space->s, space->x);
  if (real == sizeof(float))
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, TILE, d, 1, part.x, d, a, TILE, 1, space->s, TILE);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, count, TILE, d, 1, part.x, d, a, TILE, 1, space->s, TILE);
  draws->kernel->derivatives(count * TILE, space->s, space->h, space->dh, space->ddh);
  draws->loops->weigh(&tile, r, space->x, space->dh, space->ddh, space->slope, space->curvature, space->xx);
  multiply(real, d + 1, TILE, count, space->x, space->slope, first > 0, space->slopes);
  multiply(real, draws->pairs, TILE, count, space->xx, space->curvature, first > 0, space->curvatures);
}

/* The Hessian of P V: c with inner parameters by slopes, inner ones by curvatures. */
static void set_hessian(const struct draws *draws, const void *reals, struct space *space) {
  const size_t bytes = draws->real * TILE;
  for (int first = 0; first < draws->training->count; first += CHUNK) add_curvature(draws, first, reals, space);
  for (int i = 0; i < draws->w; i++)
    for (int j = 0; j < draws->w; j++) {
      const int k = draws->row[i] - ROW_B, l = draws->row[j] - ROW_B; /* indices of (1, x); -1: c */
      const int high = k > l ? k : l, low = k > l ? l : k;
      char *to = (char *)space->hessian + bytes * (size_t)(i * draws->w + j);
      if (low >= 0)
        memcpy(to, (char *)space->curvatures + bytes * (size_t)(high * (high + 1) / 2 + low), bytes);
      else if (high >= 0)
        memcpy(to, (char *)space->slopes + bytes * (size_t)high, bytes);
      else
        memset(to, 0, bytes);
    }
}

/* ---- the step ---- */

/* force [M] = sum over points of g grad(c phi), for the M draws and a tile. */
static void set_forces(const struct draws *draws, const void *reals, struct space *space) {
  memset(space->force, 0, sizeof(double) * draws->numbers * (size_t)draws->count);
  for (int first = 0; first < draws->training->count; first += CHUNK) {
    const struct points part =
        part_of(draws, &draws->training->points, first, chunk_count(&draws->training->points, first));
    draws->kernel->forward(1, reals, &part, false, space->scratch, space->activations, space->sum);
    for (int m = 0; m < draws->count; m++) {
      const double *g = draws->g + (int64_t)m * draws->training->count + first;
      for (int p = 0; p < part.count; p++) number_put(draws->real, space->r, (size_t)p, g[p]);
      memset(at(draws, space->r, part.count), 0, draws->real * POINT_PAD);
      draws->kernel->gradient(reals, &part, space->r, space->activations, false, space->sums,
                              space->force + (size_t)m * draws->numbers);
    }
  }
}

/* Moves U of the rows of z by the derivative of y = z - P v, P = 1 - z z'/d, followed by y sqrt(d) / |y|, for one lane.
 * v: rate times the gradient; its derivative is rate times the force. */
static void move_on_sphere(const struct draws *draws, const void *reals, int lane, double rate,
                           const struct space *space, const double *force, void *U) {
  const int d = draws->particles->d;
  const size_t real = draws->real, unit = (size_t)lane;
  const double c = number_get(real, reals, ROW_C * TILE + unit);
  double vz = 0, norm2 = 0, both = 0, along = 0;
#define Z(k)   number_get(real, reals, (size_t)(ROW_A + (k)) * TILE + unit)
#define V(k)   (rate * c * number_get(real, space->slopes, (size_t)(1 + (k)) * TILE + unit))
#define DV(k)  (rate * force[(size_t)(ROW_A + (k)) * TILE + unit])
#define Y(k)   (Z(k) - (V(k) - Z(k) * vz / d))
#define ROW(k) ((size_t)(ROW_A + (k)) * TILE + unit)
  for (int k = 0; k < d; k++) {
    vz += V(k) * Z(k);
    both += V(k) * number_get(real, U, ROW(k)) + DV(k) * Z(k);
  }
  for (int k = 0; k < d; k++) {
    const double u = number_get(real, U, ROW(k)), dy = u - (DV(k) - u * vz / d - Z(k) * both / d);
    number_put(real, U, ROW(k), dy);
    norm2 += Y(k) * Y(k);
    along += Y(k) * dy;
  }
  for (int k = 0; k < d; k++)
    number_put(real, U, ROW(k), sqrt(d / norm2) * (number_get(real, U, ROW(k)) - Y(k) * along / norm2));
#undef Z
#undef V
#undef DV
#undef Y
#undef ROW
}

static void move_draw(const struct draws *draws, const void *reals, int units, double rate, const struct space *space,
                      double *force, void *U) {
  const bool sphere = on_sphere(draws);
  draws->loops->multiply(draws->w, draws->row, space->hessian, U, force);
  for (int lane = 0; lane < units && sphere && draws->particles->unit.train & FIELD_BIT_A; lane++)
    move_on_sphere(draws, reals, lane, rate, space, force, U);
  for (int i = 0; i < draws->w; i++)
    for (int lane = 0; lane < units && !(sphere && draws->row[i] >= ROW_A); lane++) {
      const size_t k = (size_t)(draws->row[i] * TILE + lane);
      number_put(draws->real, U, k, number_get(draws->real, U, k) - rate * force[k]);
    }
}

static void move_tile(const struct draws *draws, int64_t t, double rate, struct space *space) {
  const int64_t left = local_network_units(draws->local) - t * TILE;
  const void *stored = local_network_tile(draws->particles, draws->local, t, 0),
             *reals = kernel_real_tiles(draws->kernel, draws->particles->d, stored, 1, space->tiles);
  set_hessian(draws, reals, space);
  set_forces(draws, reals, space);
  for (int m = 0; m < draws->count; m++)
    move_draw(draws, reals, left < TILE ? (int)left : TILE, rate, space, space->force + (size_t)m * draws->numbers,
              tile_U(draws, t / BLOCK_TILES, m, (int)(t % BLOCK_TILES)));
}

bool draws_step(struct draws *draws, double dt) {
  const double rate = dt / (output_scale(draws) * draws->training->count);
  const int64_t tiles = (local_network_units(draws->local) + TILE - 1) / TILE;
  if (!draws_outputs(draws, &draws->training->points, draws->f, draws->g)) return false;
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int64_t t = 0; t < tiles; t++) move_tile(draws, t, rate, &draws->space[omp_get_thread_num()]);
  return true;
}
