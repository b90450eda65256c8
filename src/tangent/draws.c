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
#include "draws_state.h"
#include "dynamics/unit_sum.h"
#include "particles/number.h"

static bool on_sphere(const struct draws *draws) {
  return unit_table[draws->particles->unit.type].manifold == MANIFOLD_SPHERE;
}

static bool train_c(const struct draws *draws) {
  return draws->w > draws->v;
}

/* The trained inner parameters: the indices of their factors in (1, x) are inner_row - ROW_B. */
static const int *inner_row(const struct draws *draws) {
  return draws->row + (draws->w - draws->v);
}

static double output_scale(const struct draws *draws) {
  return ensemble_scale(&draws->particles->ensemble, draws->local->member);
}

static int group_count(const struct draws *draws, int first) {
  return draws->count - first < draws->group ? draws->count - first : draws->group;
}

void draws_multiply(size_t real, bool transpose, int rows, int columns, int inner, const void *A, int lda,
                    const void *B, int ldb, double beta, void *C, int ldc) {
  const CBLAS_TRANSPOSE kind = transpose ? CblasTrans : CblasNoTrans;
  if (real == sizeof(float))
    cblas_sgemm(CblasRowMajor, CblasNoTrans, kind, rows, columns, inner, 1, A, lda, B, ldb, (float)beta, C, ldc);
  else
    cblas_dgemm(CblasRowMajor, CblasNoTrans, kind, rows, columns, inner, 1, A, lda, B, ldb, beta, C, ldc);
}

/* ---- create ---- */

/* Row of the sums over points that holds the second derivative in parameters i and j of a unit; NULL: zero. */
static const void *hessian_row(const struct draws *draws, const struct space *space, int i, int j) {
  const int k = draws->row[i] - ROW_B, l = draws->row[j] - ROW_B; /* indices in (1, x); -1: c */
  const int high = k > l ? k : l, low = k > l ? l : k;
  if (low >= 0) return at(draws, space->curvatures, (int64_t)BLOCK * (high * (high + 1) / 2 + low));
  return high >= 0 ? at(draws, space->slopes, (int64_t)BLOCK * high) : NULL;
}

static int create_space(const struct draws *draws, struct space *space) {
  const int64_t d = draws->particles->d, w = draws->w, v = draws->v, M = draws->count, real = (int64_t)draws->real,
                pointer = (int64_t)sizeof(void *);
  const struct {
    void **array;
    int64_t bytes;
  } arrays[] = {{&space->tiles, real * BLOCK_TILES * (int64_t)tile_numbers((int)d)},
                {&space->theta, real * BLOCK * tile_rows((int)d)},
                {&space->s, real * CHUNK * BLOCK},
                {&space->h, real * CHUNK * BLOCK},
                {&space->dh, real * CHUNK * BLOCK},
                {&space->ddh, real * CHUNK * BLOCK},
                {&space->x, real * CHUNK * (d + 1)},
                {&space->xx, real * CHUNK * draws->pairs},
                {&space->lines, real * CHUNK * v * draws->group},
                {&space->g, real * CHUNK * (M + 1)},
                {&space->weights, real * BLOCK * (M + 1)},
                {&space->force_c, real * BLOCK * M},
                {&space->force, real * BLOCK * M * v},
                {&space->slopes, real * BLOCK * (d + 1)},
                {&space->curvatures, real * BLOCK * draws->pairs},
                {(void **)&space->hessian, pointer * w * w},
                {(void **)&space->U, pointer * w},
                {(void **)&space->forces, pointer * w}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
    TRY(alloc_copy(arrays[i].array, arrays[i].bytes, 1, "work space of the draws"));
  for (int i = 0; i < w; i++)
    for (int j = 0; j < w; j++) space->hessian[i * w + j] = hessian_row(draws, space, i, j);
  return OK;
}

static void free_space(const struct space *space) {
  void *const array[] = {
      space->tiles,      space->theta,           space->s, space->h,       space->dh,      space->ddh,   space->x,
      space->xx,         space->lines,           space->g, space->weights, space->force_c, space->force, space->slopes,
      space->curvatures, (void *)space->hessian, space->U, space->forces};
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
  const size_t line = draws->real * (size_t)(draws->local->blocks * M * BLOCK);
  if (train_c(draws)) memset(draws->U_c, 0, line);
  memset(draws->U, 0, line * (size_t)draws->v);
  memset(draws->eps, 0, line);
  for (int64_t i = 0; i < units; i++) {
    draw_eps(draws, seed, first + i, eps);
    unit_sum_add(UNIT_SUM_NARROW, draws->count, eps, sum);
  }
  unit_sum_over_ranks(draws->local, words, sum);
  if (!unit_sum_values(UNIT_SUM_NARROW, draws->count, sum, mean)) die("a sum of normal random numbers is out of range");
  for (int64_t i = 0; i < units; i++) {
    draw_eps(draws, seed, first + i, eps);
    for (int64_t m = 0; m < M; m++)
      number_put(draws->real, block_c(draws, draws->eps, i / BLOCK, (int)m), (size_t)(i % BLOCK),
                 sqrt((double)N) * (eps[m] - mean[m] / (double)N));
  }
  free(eps);
  free(mean);
  free(sum);
}

static int allocate(struct draws *draws) {
  const int64_t samples = draws->training->count, M = draws->count, lines = draws->local->blocks * M;
  if (train_c(draws)) TRY(alloc_array(&draws->U_c, lines * BLOCK, draws->real, "derivatives of the units"));
  TRY(alloc_array(&draws->U, lines * draws->v * BLOCK, draws->real, "derivatives of the units"));
  TRY(alloc_array(&draws->eps, lines * BLOCK, draws->real, "weights of the units"));
  const int64_t numbers = draws->local->blocks * draws->directions * BLOCK;
  TRY(alloc_array(&draws->S, numbers, draws->real, "directions of the draws"));
  memset(draws->S, 0, draws->real * (size_t)numbers);
  TRY(alloc_copy(&draws->omega, draws->directions * samples, draws->real, "random numbers of the draws"));
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
                          .count = count,
                          .directions = count < DIRECTIONS_MAX / 4 ? 4 * count : DIRECTIONS_MAX,
                          .threads = threads,
                          .row = alloc_small(sizeof(int) * (size_t)tile_rows(d)),
                          .pairs = (d + 1) * (d + 2) / 2,
                          .space = alloc_small(sizeof(struct space) * (size_t)threads)};
  memset(draws->space, 0, sizeof(struct space) * (size_t)threads);
  for (int row = 0; row < tile_rows(d); row++)
    if (particles->unit.train & tile_row_bit(row)) {
      draws->row[draws->w++] = row;
      draws->v += row != ROW_C;
    }
  draws->group = draws->v == 0 || draws->v > GROUP_ROWS ? 1 : GROUP_ROWS / draws->v;
  openblas_threads(1); /* each thread of the program computes its own blocks */
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
  free(draws->U_c);
  free(draws->U);
  free(draws->eps);
  free(draws->S);
  free(draws->omega);
  free(draws->g);
  free(draws->f);
  free(draws);
}

/* ---- units at points ---- */

void draws_set_theta(const struct draws *draws, int64_t block, struct space *space) {
  const int d = draws->particles->d, tiles = (block_units(local_network_units(draws->local), block) + TILE - 1) / TILE;
  const void *reals = kernel_real_tiles(draws->kernel, d, local_network_block(draws->particles, draws->local, block),
                                        tiles, space->tiles);
  memset(space->theta, 0, draws->real * BLOCK * (size_t)tile_rows(d));
  for (int t = 0; t < tiles; t++)
    for (int row = 0; row < tile_rows(d); row++)
      memcpy(at(draws, space->theta, row * BLOCK + t * TILE),
             at(draws, reals, (int64_t)t * (int64_t)tile_numbers(d) + row * TILE), draws->real * TILE);
}

void draws_evaluate(const struct draws *draws, const struct points *points, int first, struct space *space) {
  const int d = points->d, count = chunk_count(points, first);
  const struct draws_chunk chunk = {.d = d, .count = count, .stride = CHUNK};
  const void *x = at(draws, points->x, (int64_t)first * d);
  draws->loops->start(&chunk, x, on_sphere(draws) ? at(draws, points->q, first) : NULL,
                      at(draws, space->theta, ROW_B * BLOCK), space->s, space->x);
  draws_multiply(draws->real, false, count, BLOCK, d, x, d, at(draws, space->theta, ROW_A * BLOCK), BLOCK, 1, space->s,
                 BLOCK);
  draws->kernel->derivatives(count * BLOCK, space->s, space->h, space->dh, space->ddh);
}

/* ---- outputs ---- */

/* Sets the weights of theta: U_c + c sqrt N eps for each draw, then c. */
static void set_weights(const struct draws *draws, int64_t block, struct space *space) {
  const void *c = at(draws, space->theta, ROW_C * BLOCK);
  for (int m = 0; m < draws->count; m++)
    draws->loops->weights(c, block_c(draws, draws->eps, block, m),
                          train_c(draws) ? block_c(draws, draws->U_c, block, m) : NULL,
                          at(draws, space->weights, (int64_t)m * BLOCK));
  memcpy(at(draws, space->weights, (int64_t)draws->count * BLOCK), c, draws->real * BLOCK);
}

/* f [points] and g [M][points], from `first` on, += the sums over a block at a chunk of points. */
static void add_block(const struct draws *draws, const struct points *points, int first, int64_t block,
                      struct space *space, double *f, double *g) {
  const int count = chunk_count(points, first), M = draws->count, v = draws->v;
  const struct draws_chunk chunk = {.d = points->d, .count = count, .stride = CHUNK};
  draws_set_theta(draws, block, space);
  draws_evaluate(draws, points, first, space);
  set_weights(draws, block, space);
  draws_multiply(draws->real, true, M + 1, count, BLOCK, space->weights, BLOCK, space->h, BLOCK, 0, space->g, CHUNK);
  draws->loops->scale(&chunk, at(draws, space->theta, ROW_C * BLOCK), space->dh);
  for (int m = 0; m < M && v > 0; m += draws->group) {
    const int own = group_count(draws, m);
    draws_multiply(draws->real, true, own * v, count, BLOCK, block_U(draws, block, m), BLOCK, space->dh, BLOCK, 0,
                   space->lines, CHUNK);
    draws->loops->contract(&chunk, own, v, inner_row(draws), space->lines, space->x,
                           at(draws, space->g, (int64_t)m * CHUNK));
  }
  for (int m = 0; m <= M; m++) {
    double *to = m < M ? g + (int64_t)m * points->count + first : f + first;
    for (int p = 0; p < count; p++) to[p] += number_get(draws->real, space->g, (size_t)m * CHUNK + (size_t)p);
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
  for (int first = 0; first < points->count; first += chunk_size(points))
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

/* ---- the step ---- */

/* Adds the sums over a chunk of points to slopes and curvatures; h' becomes c h'. */
static void add_curvature(const struct draws *draws, int first, struct space *space) {
  const struct points *points = &draws->training->points;
  const int d = points->d, count = chunk_count(points, first);
  const struct draws_chunk chunk = {.d = d, .count = count, .stride = CHUNK};
  double r[CHUNK];
  for (int p = 0; p < count; p++) r[p] = draws->f[first + p] - draws->training->y[first + p];
  draws->loops->weigh(&chunk, at(draws, space->theta, ROW_C * BLOCK), r, space->s, space->dh, space->ddh);
  draws->loops->products(&chunk, space->x, space->xx);
  draws_multiply(draws->real, false, d + 1, BLOCK, count, space->x, CHUNK, space->s, BLOCK, first > 0, space->slopes,
                 BLOCK);
  draws_multiply(draws->real, false, draws->pairs, BLOCK, count, space->xx, CHUNK, space->ddh, BLOCK, first > 0,
                 space->curvatures, BLOCK);
}

/* Adds the sums over a chunk of points of g grad(c phi) to the forces of the M draws. */
static void add_forces(const struct draws *draws, int first, struct space *space) {
  const struct points *points = &draws->training->points;
  const int count = chunk_count(points, first), M = draws->count, v = draws->v;
  const struct draws_chunk chunk = {.d = points->d, .count = count, .stride = CHUNK};
  for (int m = 0; m < M; m++)
    for (int p = 0; p < count; p++)
      number_put(draws->real, space->g, (size_t)m * CHUNK + (size_t)p,
                 draws->g[(int64_t)m * points->count + first + p]);
  if (train_c(draws))
    draws_multiply(draws->real, false, M, BLOCK, count, space->g, CHUNK, space->h, BLOCK, first > 0, space->force_c,
                   BLOCK);
  for (int m = 0; m < M && v > 0; m += draws->group) {
    const int own = group_count(draws, m);
    draws->loops->spread(&chunk, own, v, inner_row(draws), at(draws, space->g, (int64_t)m * CHUNK), space->x,
                         space->lines);
    draws_multiply(draws->real, false, own * v, BLOCK, count, space->lines, CHUNK, space->dh, BLOCK, first > 0,
                   at(draws, space->force, (int64_t)m * v * BLOCK), BLOCK);
  }
}

/* Moves U of the rows of z by the derivative of y = z - P v, P = 1 - z z'/d, followed by y sqrt(d) / |y|, for one lane.
 * v: rate times the gradient; its derivative is rate times the force. */
static void move_on_sphere(const struct draws *draws, int lane, double rate, const struct space *space) {
  const int d = draws->particles->d;
  void *const *U = space->U + (draws->w - draws->v), *const *force = space->forces + (draws->w - draws->v);
  const size_t real = draws->real, unit = (size_t)lane;
  const double c = number_get(real, space->theta, ROW_C * BLOCK + unit);
  double vz = 0, norm2 = 0, both = 0, along = 0;
#define Z(k)  number_get(real, space->theta, (size_t)(ROW_A + (k)) * BLOCK + unit)
#define V(k)  (rate * c * number_get(real, space->slopes, (size_t)(1 + (k)) * BLOCK + unit))
#define DV(k) (rate * number_get(real, force[k], unit))
#define Y(k)  (Z(k) - (V(k) - Z(k) * vz / d))
  for (int k = 0; k < d; k++) {
    vz += V(k) * Z(k);
    both += V(k) * number_get(real, U[k], unit) + DV(k) * Z(k);
  }
  for (int k = 0; k < d; k++) {
    const double u = number_get(real, U[k], unit), dy = u - (DV(k) - u * vz / d - Z(k) * both / d);
    number_put(real, U[k], unit, dy);
    norm2 += Y(k) * Y(k);
    along += Y(k) * dy;
  }
  for (int k = 0; k < d; k++)
    number_put(real, U[k], unit, sqrt(d / norm2) * (number_get(real, U[k], unit) - Y(k) * along / norm2));
#undef Z
#undef V
#undef DV
#undef Y
}

static void move_draw(const struct draws *draws, int64_t block, int draw, double rate, struct space *space) {
  const int w = draws->w, v = draws->v;
  const bool sphere = on_sphere(draws) && v > 0;
  const int units = block_units(local_network_units(draws->local), block); /* U of the others stays 0 */
  for (int i = 0; i < w; i++) {
    const int inner = i - (w - v);
    space->U[i] = inner < 0 ? block_c(draws, draws->U_c, block, draw)
                            : at(draws, block_U(draws, block, draw), (int64_t)inner * BLOCK);
    space->forces[i] = at(draws, inner < 0 ? space->force_c : space->force,
                          ((int64_t)draw * (inner < 0 ? 1 : v) + (inner < 0 ? 0 : inner)) * BLOCK);
  }
  draws->loops->multiply(w, space->hessian, space->U, space->forces);
  for (int lane = 0; lane < units && sphere; lane++) move_on_sphere(draws, lane, rate, space);
  for (int i = 0; i < (sphere ? w - v : w); i++) draws->loops->subtract(units, rate, space->forces[i], space->U[i]);
}

static void move_block(const struct draws *draws, int64_t block, double rate, struct space *space) {
  const struct points *points = &draws->training->points;
  draws_set_theta(draws, block, space);
  for (int first = 0; first < points->count; first += chunk_size(points)) {
    draws_evaluate(draws, points, first, space);
    add_curvature(draws, first, space);
    add_forces(draws, first, space);
  }
  for (int m = 0; m < draws->count; m++) move_draw(draws, block, m, rate, space);
}

bool draws_step(struct draws *draws, double dt) {
  const double rate = dt / (output_scale(draws) * draws->training->count);
  if (!draws_outputs(draws, &draws->training->points, draws->f, draws->g)) return false;
#pragma omp parallel for num_threads(draws->threads) schedule(dynamic)
  for (int64_t block = 0; block < draws->local->blocks; block++)
    move_block(draws, block, rate, &draws->space[omp_get_thread_num()]);
  return true;
}
