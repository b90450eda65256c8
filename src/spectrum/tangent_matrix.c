#include "spectrum/tangent_matrix.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tangent/tangent_kernel.h"

/* PANEL: units of a panel, the inner dimension of the products. GROUP: columns that one GEMM computes. Both are large
 * enough for GEMM to be fast. */
enum { PANEL = 512, GROUP = 4 * DIST_MATRIX_BLOCK };

/* The points of this rank's rows or columns, and the features of a panel at these points. */
struct side {
  int count;
  double *x, *phi, *w, *v; /* x [count][d]; phi, w, v [PANEL][count], as in tangent/tangent_kernel.h */
};

struct sum {
  const struct particles *particles;
  unsigned train;
  bool sphere, square;       /* square: local rows and columns have the same indices, and `column` is not used */
  struct dist_matrix *k, *w; /* sums over units: k of phi phi' (if c is trained) and -v v'/d (if a is trained on the
                              * sphere); w of w w', NULL unless a or b is trained */
  struct side row, column;
  double *unit; /* c, b, a of a panel: at most (d + 2) PANEL numbers */
};

/* ---- work space ---- */

static int create_side(const struct sum *sum, int count, int (*index)(const struct dist_matrix *dense, int local),
                       const double *x, struct side *side) {
  const int d = sum->particles->d;
  const int64_t numbers = (int64_t)count * PANEL;
  side->count = count;
  TRY(alloc_array((void **)&side->x, (int64_t)count * d + 1, sizeof(double), "points of the tangent kernel"));
  for (int i = 0; i < count; i++)
    memcpy(side->x + (size_t)i * (size_t)d, x + (size_t)index(sum->k, i) * (size_t)d, sizeof(double) * (size_t)d);
  TRY(alloc_array((void **)&side->phi, numbers + 1, sizeof(double), "features of the tangent kernel"));
  if (sum->w) TRY(alloc_array((void **)&side->w, numbers + 1, sizeof(double), "features of the tangent kernel"));
  if (!sum->w || !sum->sphere) return OK;
  return alloc_array((void **)&side->v, numbers + 1, sizeof(double), "features of the tangent kernel");
}

static void free_side(struct side *side) {
  free(side->x);
  free(side->phi);
  free(side->w);
  free(side->v);
}

static int create_local(struct sum *sum, const double *x) {
  TRY(alloc_array((void **)&sum->unit, (int64_t)(sum->particles->d + 2) * PANEL, sizeof(double), "a panel of units"));
  TRY(create_side(sum, sum->k->local_rows, dist_matrix_row, x, &sum->row));
  return sum->square ? OK : create_side(sum, sum->k->local_columns, dist_matrix_column, x, &sum->column);
}

static int create(struct sum *sum, const struct dist_grid *grid, int64_t P, const double *x) {
  TRY(dist_matrix_create(grid, P, P, &sum->k));
  if (sum->train & (FIELD_BIT_A | FIELD_BIT_B)) TRY(dist_matrix_create(grid, P, P, &sum->w));
  return comm_agree(grid->comm, create_local(sum, x));
}

static void clear(struct sum *sum) {
  dist_matrix_free(sum->w);
  free_side(&sum->row);
  free_side(&sum->column);
  free(sum->unit);
}

/* ---- sums over units ---- */

/* m += alpha times a sum over units of products rows[unit][row] columns[unit][column], at least in the lower triangle.
 * rows, columns: features [units][local rows or columns].
 * top: number of local rows above the diagonal in column j; these rows come first, and are skipped. */
static void add(struct dist_matrix *m, double alpha, int units, const double *rows, const double *columns) {
  const int local_rows = m->local_rows;
  int top = 0;
  for (int j = 0; j < m->local_columns; j += GROUP) {
    const int width = m->local_columns - j < GROUP ? m->local_columns - j : GROUP;
    while (top < local_rows && dist_matrix_row(m, top) < dist_matrix_column(m, j)) top++;
    if (top == local_rows) return;
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, local_rows - top, width, units, alpha, rows + top, local_rows,
                columns + j, m->local_columns, 1, m->local + (int64_t)j * local_rows + top, local_rows);
  }
}

static void features(const struct sum *sum, int units, struct side *side) {
  const int d = sum->particles->d;
  const double *c = sum->unit, *b = c + units, *a = b + units;
  tangent_kernel_features(&sum->particles->unit, d, units, c, a, b, side->count, side->x, side->phi, side->w, side->v);
}

static void add_panel(struct sum *sum, int units) {
  const struct side *row = &sum->row, *column = sum->square ? row : &sum->column;
  features(sum, units, &sum->row);
  if (!sum->square) features(sum, units, &sum->column);
  if (sum->train & FIELD_BIT_C) add(sum->k, 1, units, row->phi, column->phi);
  if (sum->w) add(sum->w, 1, units, row->w, column->w);
  if (row->v) add(sum->k, -1.0 / sum->particles->d, units, row->v, column->v);
}

/* Collective. Adds the terms of a network's units on rank `owner`, panel by panel. */
static void add_rank(struct sum *sum, int64_t network, int owner) {
  const struct particles *particles = sum->particles;
  const struct ensemble_spec *ensemble = &particles->ensemble;
  const int64_t low = ensemble_first_block(ensemble, network), high = ensemble_first_block(ensemble, network + 1);
  const int64_t first = particles->first[owner] > low ? particles->first[owner] : low;
  const int64_t last = particles->first[owner + 1] < high ? particles->first[owner + 1] : high;
  const int64_t n = ensemble->n[network / ensemble->replicas],
                end = (last - low) * BLOCK < n ? (last - low) * BLOCK : n;
  const struct local_network *local = particles->local;
  if (particles->comm->rank == owner && first < last)
    while (local->network != network) local++;
  for (int64_t i = (first - low) * BLOCK; i < end; i += PANEL) {
    const int units = (int)(end - i < PANEL ? end - i : PANEL);
    double *c = sum->unit, *b = c + units, *a = b + units;
    if (particles->comm->rank == owner) tangent_kernel_units(particles, local, i, units, c, a, b);
    comm_bcast(particles->comm, sum->unit, (int64_t)sizeof(double) * units * (particles->d + 2), owner);
    add_panel(sum, units);
  }
}

/* k = (k + (train_a x.x' + train_b) w) / n on local elements. */
static void finish(struct sum *sum, int64_t n) {
  struct dist_matrix *k = sum->k;
  const int d = sum->particles->d;
  const double dot = sum->train & FIELD_BIT_A ? 1 : 0, constant = sum->train & FIELD_BIT_B ? 1 : 0;
  const double *column_x = sum->square ? sum->row.x : sum->column.x;
  double *factor = sum->row.phi; /* [local_rows]; the features are no longer needed */
  for (int j = 0; j < k->local_columns && k->local_rows > 0; j++) {
    double *out = k->local + (int64_t)j * k->local_rows;
    for (int i = 0; i < k->local_rows; i++) factor[i] = constant;
    if (sum->w) {
      const double *w = sum->w->local + (int64_t)j * k->local_rows;
      cblas_dgemv(CblasColMajor, CblasTrans, d, k->local_rows, dot, sum->row.x, d, column_x + (size_t)j * (size_t)d, 1,
                  1, factor, 1);
      for (int i = 0; i < k->local_rows; i++) out[i] += factor[i] * w[i];
    }
    for (int i = 0; i < k->local_rows; i++) out[i] /= (double)n;
  }
}

int tangent_matrix_form(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                        unsigned train, int64_t P, const double *x, struct dist_matrix **m) {
  const bool sphere = unit_table[particles->unit.type].manifold == MANIFOLD_SPHERE;
  struct sum sum = {.particles = particles,
                    .train = sphere ? train & ~(unsigned)FIELD_BIT_B : train,
                    .sphere = sphere,
                    .square = grid->rows == grid->columns && grid->row == grid->column};
  const int status = create(&sum, grid, P, x);
  if (status == OK) {
    for (int owner = 0; owner < grid->comm->size; owner++) add_rank(&sum, network, owner);
    finish(&sum, particles->ensemble.n[network / particles->ensemble.replicas]);
    *m = sum.k;
  } else {
    dist_matrix_free(sum.k);
  }
  clear(&sum);
  return status;
}
