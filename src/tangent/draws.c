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

/* Points are processed in chunks whose Jacobian fits in the L2 cache. */
enum { CHUNK_MIN = 32, CHUNK_MAX = 128, JACOBIAN_BYTES = 1 << 20 };

/* Work space of one thread. In comments, [] are reals, w is the number of trained parameters of a unit, K = w TILE, M
 * the number of draws, and `pairs` the number of products of two of the d + 1 numbers 1, x. */
struct space {
  void *tile;                /* [tile_rows(d)][TILE]: a tile as reals */
  void *s, *h, *dh, *ddh;    /* [chunk][TILE] */
  void *slope, *curvature;   /* [chunk][TILE]: r h', r c h'' */
  void *jacobian;            /* [chunk][K + TILE]: grad(c phi) of the trained parameters, then c phi */
  void *x, *xx;              /* [chunk][d + 1]: 1, x; [chunk][pairs]: their products */
  void *slopes, *curvatures; /* [TILE][d + 1], [TILE][pairs]: sums over points of slope x and curvature xx */
  void *hessian;             /* [w][w], of one unit */
  void *force;               /* [K][M]: P times the force on U */
  void *along;               /* [3][M] */
};

struct draws {
  const struct particles *particles;
  const struct local_network *local;
  const struct kernel *kernel;
  const struct draws_loops *loops;
  const struct dataset *data;
  struct points points; /* the training set */
  size_t real;          /* bytes of a real */
  int count, threads;   /* M */
  int w, *row;          /* trained parameters of a unit: their rows in a tile */
  int chunk, pairs;
  void *U;             /* [local tiles][K + TILE][M]: U, then sqrt N eps */
  void *g;             /* [samples][M] */
  double *f;           /* [samples] */
  struct space *space; /* [threads] */
};

static bool on_sphere(const struct draws *draws) {
  return unit_table[draws->particles->unit.type].manifold == MANIFOLD_SPHERE;
}

static double output_scale(const struct draws *draws) {
  return ensemble_scale(&draws->particles->ensemble, draws->local->member);
}

static int64_t local_tiles(const struct draws *draws) {
  return (local_network_units(draws->local) + TILE - 1) / TILE;
}

static void *at(const struct draws *draws, const void *array, int64_t i) {
  return (char *)array + draws->real * (size_t)i;
}

static void *tile_U(const struct draws *draws, int64_t t) {
  return at(draws, draws->U, t * (draws->w + 1) * TILE * draws->count);
}

/* C = factor op(A) B + beta C for row-major matrices of reals, where op is the identity or the transpose. */
static void multiply(size_t real, bool transposed, int64_t rows, int64_t columns, int64_t inner, double factor,
                     const void *A, int64_t lda, const void *B, int64_t ldb, double beta, void *C, int64_t ldc) {
  const enum CBLAS_TRANSPOSE op = transposed ? CblasTrans : CblasNoTrans;
  const int m = (int)rows, n = (int)columns, k = (int)inner;
  if (real == sizeof(float))
    cblas_sgemm(CblasRowMajor, op, CblasNoTrans, m, n, k, (float)factor, A, (int)lda, B, (int)ldb, (float)beta, C,
                (int)ldc);
  else
    cblas_dgemm(CblasRowMajor, op, CblasNoTrans, m, n, k, factor, A, (int)lda, B, (int)ldb, beta, C, (int)ldc);
}

/* ---- create ---- */

static int create_space(const struct draws *draws, struct space *space) {
  const int64_t d = draws->particles->d, w = draws->w, M = draws->count, chunk = draws->chunk;
  const struct {
    void **array;
    int64_t count;
  } arrays[] = {{&space->tile, tile_rows((int)d) * TILE},
                {&space->s, chunk * TILE},
                {&space->h, chunk * TILE},
                {&space->dh, chunk * TILE},
                {&space->ddh, chunk * TILE},
                {&space->slope, chunk * TILE},
                {&space->curvature, chunk * TILE},
                {&space->jacobian, chunk * (w + 1) * TILE},
                {&space->x, chunk * (d + 1)},
                {&space->xx, chunk * draws->pairs},
                {&space->slopes, TILE * (d + 1)},
                {&space->curvatures, TILE * (int64_t)draws->pairs},
                {&space->hessian, w * w},
                {&space->force, w * TILE * M},
                {&space->along, 3 * M}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    TRY(alloc_copy(arrays[i].array, arrays[i].count, draws->real, "work space of the draws"));
  return OK;
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
  memset(draws->U, 0, draws->real * (size_t)(local_tiles(draws) * (draws->w + 1) * TILE * M));
  for (int64_t i = 0; i < units; i++) {
    draw_eps(draws, seed, first + i, eps);
    unit_sum_add(UNIT_SUM_NARROW, draws->count, eps, sum);
  }
  unit_sum_over_ranks(draws->local, words, sum);
  if (!unit_sum_values(UNIT_SUM_NARROW, draws->count, sum, mean)) die("a sum of normal random numbers is out of range");
  for (int64_t i = 0; i < units; i++) {
    char *U = tile_U(draws, i / TILE);
    draw_eps(draws, seed, first + i, eps);
    for (int64_t m = 0; m < M; m++)
      number_put(draws->real, U, (size_t)((draws->w * TILE + i % TILE) * M + m),
                 sqrt((double)N) * (eps[m] - mean[m] / (double)N));
  }
  free(eps);
  free(mean);
  free(sum);
}

static int allocate(struct draws *draws) {
  const struct particles *particles = draws->particles;
  const int64_t samples = draws->data->samples, M = draws->count;
  TRY(alloc_array(&draws->U, local_tiles(draws) * (draws->w + 1) * TILE * M, draws->real, "derivatives of the units"));
  TRY(alloc_copy(&draws->g, samples * M, draws->real, "draws at the training points"));
  TRY(alloc_copy((void **)&draws->f, samples, sizeof *draws->f, "outputs at the training points"));
  TRY(points_create(&draws->points, particles->precision, &particles->unit, (int)samples, particles->d,
                    draws->data->x));
  for (int t = 0; t < draws->threads; t++) TRY(create_space(draws, &draws->space[t]));
  return OK;
}

int draws_create(const struct particles *particles, int local, const struct kernel *kernel, const struct dataset *data,
                 int count, int threads, struct draws **out) {
  static draws_row *const table[ISA_LEVELS] = {ISA_TABLE(draws_table)};
  const int d = particles->d;
  struct draws *draws = alloc_small(sizeof *draws);
  *draws = (struct draws){.particles = particles,
                          .local = &particles->local[local],
                          .kernel = kernel,
                          .loops = &(*table[kernel->isa])[precision_real(particles->precision) == sizeof(double)],
                          .data = data,
                          .real = precision_real(particles->precision),
                          .count = count,
                          .threads = threads,
                          .row = alloc_small(sizeof(int) * (size_t)tile_rows(d)),
                          .pairs = (d + 1) * (d + 2) / 2,
                          .space = alloc_small(sizeof(struct space) * (size_t)threads)};
  memset(draws->space, 0, sizeof(struct space) * (size_t)threads);
  for (int row = 0; row < tile_rows(d); row++)
    if (particles->unit.train & tile_row_bit(row)) draws->row[draws->w++] = row;
  const size_t line = draws->real * (size_t)(draws->w + 1) * TILE;
  draws->chunk = (int)(JACOBIAN_BYTES / line);
  draws->chunk = draws->chunk < CHUNK_MIN ? CHUNK_MIN : draws->chunk > CHUNK_MAX ? CHUNK_MAX : draws->chunk;
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
  for (int t = 0; t < draws->threads; t++) {
    const struct space *space = &draws->space[t];
    void *const array[] = {space->tile,  space->s,         space->h,        space->dh,      space->ddh,
                           space->slope, space->x,         space->xx,       space->slopes,  space->curvatures,
                           space->force, space->curvature, space->jacobian, space->hessian, space->along};
    for (size_t i = 0; i < sizeof array / sizeof *array; i++) free(array[i]);
  }
  points_free(&draws->points);
  free(draws->space);
  free(draws->row);
  free(draws->U);
  free(draws->g);
  free(draws->f);
  free(draws);
}

/* ---- Jacobian of a tile ---- */

/* Returns a tile and `count` points from `first` on. */
static struct draws_tile tile_at(const struct draws *draws, const struct points *points, int first, int count,
                                 const void *tile) {
  return (struct draws_tile){.d = points->d,
                             .count = count,
                             .w = draws->w,
                             .row = draws->row,
                             .tile = tile,
                             .x = at(draws, points->x, (int64_t)first * points->d),
                             .q = at(draws, points->q, first)};
}

/* Computes h, h', h'' and the Jacobian. f [count]: receives the sums over lanes of c phi. */
static void evaluate(const struct draws *draws, const struct draws_tile *tile, struct space *space, double *f) {
  const int d = tile->d;
  draws->loops->start(tile, on_sphere(draws), space->s, space->x);
  multiply(draws->real, false, tile->count, TILE, d, 1, tile->x, d, at(draws, tile->tile, ROW_A * TILE), TILE, 1,
           space->s, TILE);
  draws->kernel->derivatives(tile->count * TILE, space->s, space->h, space->dh, space->ddh);
  draws->loops->jacobian(tile, space->x, space->h, space->dh, space->jacobian, f);
}

/* The tile as reals. */
static const void *real_tile(const struct draws *draws, int64_t t, struct space *space) {
  const void *tile = local_network_tile(draws->particles, draws->local, t, 0);
  return kernel_real_tiles(draws->kernel, draws->particles->d, tile, 1, space->tile);
}

/* ---- outputs ---- */

/* f [points], g [points][M]: sums over the tiles of this rank. Each thread takes chunks of points, so that results do
 * not depend on the number of threads. */
static void add_tiles(struct draws *draws, const struct points *points, double *f, void *g) {
  const int64_t M = draws->count, inner = (int64_t)(draws->w + 1) * TILE;
  const int chunks = (points->count + draws->chunk - 1) / draws->chunk;
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int c = 0; c < chunks; c++) {
    struct space *space = &draws->space[omp_get_thread_num()];
    const int first = c * draws->chunk, left = points->count - first, count = left < draws->chunk ? left : draws->chunk;
    for (int64_t t = 0; t < local_tiles(draws); t++) {
      const struct draws_tile tile = tile_at(draws, points, first, count, real_tile(draws, t, space));
      evaluate(draws, &tile, space, f + first);
      multiply(draws->real, false, count, M, inner, 1, space->jacobian, inner, tile_U(draws, t), M, t > 0,
               at(draws, g, first * M), M);
    }
  }
}

/* The same for all units, with f = f_N and g complete. */
static bool sum_outputs(struct draws *draws, const struct points *points, double *f, void *g) {
  const struct comm *group = draws->local->group;
  const double scale = output_scale(draws) / (double)draws->local->n;
  const int64_t numbers = (int64_t)points->count * draws->count;
  bool finite = true;
  memset(f, 0, sizeof *f * (size_t)points->count);
  add_tiles(draws, points, f, g);
  if (group) {
    comm_sum_reals(group, f, points->count, sizeof *f);
    comm_sum_reals(group, g, numbers, draws->real);
  }
  for (int p = 0; p < points->count; p++) {
    f[p] *= scale;
    finite = finite && isfinite(f[p]);
  }
  if (draws->real == sizeof(float))
    cblas_sscal((int)numbers, (float)scale, g, 1);
  else
    cblas_dscal((int)numbers, scale, g, 1);
  return finite;
}

bool draws_outputs(struct draws *draws, const struct points *points, double *f, double *g) {
  const int64_t numbers = (int64_t)points->count * draws->count;
  const bool finite = sum_outputs(draws, points, f, g); /* reals at the start of g */
  for (int64_t i = numbers - 1; i >= 0 && draws->real == sizeof(float); i--)
    g[i] = number_get(sizeof(float), g, (size_t)i);
  return finite;
}

/* ---- the force on U of a tile ---- */

/* Adds the contributions of `count` points from `first` on to slopes, curvatures and J'g (force). */
static void add_points(const struct draws *draws, int first, int count, const void *reals, struct space *space) {
  const int d = draws->particles->d, M = draws->count;
  const int64_t K = (int64_t)draws->w * TILE;
  const size_t real = draws->real;
  const struct draws_tile tile = tile_at(draws, &draws->points, first, count, reals);
  double r[CHUNK_MAX], unused[CHUNK_MAX] = {0};
  evaluate(draws, &tile, space, unused);
  for (int p = 0; p < count; p++) r[p] = draws->f[first + p] - draws->data->y[first + p];
  draws->loops->weigh(&tile, r, space->x, space->dh, space->ddh, space->slope, space->curvature, space->xx);
  multiply(real, true, TILE, d + 1, count, 1, space->slope, TILE, space->x, d + 1, first > 0, space->slopes, d + 1);
  multiply(real, true, TILE, draws->pairs, count, 1, space->curvature, TILE, space->xx, draws->pairs, first > 0,
           space->curvatures, draws->pairs);
  multiply(real, true, K, M, count, 1, space->jacobian, K + TILE, at(draws, draws->g, (int64_t)first * M), M, first > 0,
           space->force, M);
}

/* The Hessian of P V of a lane: c with inner parameters by slopes, inner ones by curvatures. */
static void write_hessian(const struct draws *draws, int lane, struct space *space) {
  const int d = draws->particles->d;
  for (int i = 0; i < draws->w; i++)
    for (int j = 0; j < draws->w; j++) {
      const int k = draws->row[i] - ROW_B, l = draws->row[j] - ROW_B; /* indices of (1, x); -1: c */
      const int high = k > l ? k : l, low = k > l ? l : k;
      double value = 0;
      if (low >= 0)
        value = number_get(draws->real, space->curvatures, (size_t)(lane * draws->pairs + high * (high + 1) / 2 + low));
      else if (high >= 0)
        value = number_get(draws->real, space->slopes, (size_t)(lane * (d + 1) + high));
      number_put(draws->real, space->hessian, (size_t)(i * draws->w + j), value);
    }
}

/* ---- the step ---- */

static void move_tile(struct draws *draws, int64_t t, double rate, struct space *space) {
  const int64_t M = draws->count, w = draws->w, K = w * TILE;
  const size_t real = draws->real;
  const int64_t left = local_network_units(draws->local) - t * TILE;
  const int units = left < TILE ? (int)left : TILE;
  const bool sphere = on_sphere(draws) && draws->particles->unit.train & FIELD_BIT_A;
  const void *tile = real_tile(draws, t, space);
  void *U = tile_U(draws, t);
  for (int first = 0; first < draws->points.count; first += draws->chunk) {
    const int rest = draws->points.count - first;
    add_points(draws, first, rest < draws->chunk ? rest : draws->chunk, tile, space);
  }
  for (int lane = 0; lane < units; lane++) {
    write_hessian(draws, lane, space);
    multiply(real, false, w, M, w, 1, space->hessian, w, at(draws, U, lane * M), TILE * M, 1,
             at(draws, space->force, lane * M), TILE * M);
  }
  for (int64_t row = 0; row < w; row++) /* lanes without a unit */
    memset(at(draws, space->force, (row * TILE + units) * M), 0, real * (size_t)((TILE - units) * M));
  const int d = draws->particles->d;
  const struct draws_tile all = tile_at(draws, &draws->points, 0, 0, tile);
  const int64_t z = (w - d) * TILE * M; /* the rows of z are the last */
  for (int lane = 0; lane < units && sphere; lane++)
    draws->loops->move_on_sphere(&all, lane, draws->count, rate, at(draws, space->slopes, lane * (d + 1)),
                                 at(draws, space->force, z), at(draws, U, z), space->along);
  const int64_t flat = sphere ? z : K * M; /* numbers of U that are not on the sphere */
  if (real == sizeof(float))
    cblas_saxpy((int)flat, (float)-rate, space->force, 1, U, 1);
  else
    cblas_daxpy((int)flat, -rate, space->force, 1, U, 1);
}

bool draws_step(struct draws *draws, double dt) {
  const double rate = dt / (output_scale(draws) * draws->points.count);
  if (!sum_outputs(draws, &draws->points, draws->f, draws->g)) return false;
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int64_t t = 0; t < local_tiles(draws); t++) move_tile(draws, t, rate, &draws->space[omp_get_thread_num()]);
  return true;
}
