#include "spectrum/tangent_matrix.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "tangent/tangent_kernel.h"

/* Units of a panel, the inner dimension of products; columns of a product. Both large enough for GEMM's speed. */
enum { PANEL = 512, GROUP = 4 * DIST_MATRIX_BLOCK };

/* Points of own rows or own columns, and features of a panel there. */
struct side {
  int count;
  double *x, *phi, *w, *v; /* [count][d], [PANEL][count] */
};

struct gram {
  const struct particles *particles;
  unsigned train;
  bool sphere, square;       /* square: own rows are own columns */
  struct dist_matrix *k, *w; /* sums of phi phi' - v v'/d; of w w' */
  struct side row, column;
  double *unit; /* a panel's c, b, a: [d + 2][PANEL] numbers at most */
};

/* ---- work space ---- */

static int create_side(const struct gram *gram, int count, int (*index)(const struct dist_matrix *dense, int local),
                       const double *x, struct side *side) {
  const int d = gram->particles->d;
  const int64_t numbers = (int64_t)count * PANEL;
  side->count = count;
  TRY(alloc_array((void **)&side->x, (int64_t)count * d + 1, sizeof(double), "points of the tangent kernel"));
  for (int i = 0; i < count; i++)
    memcpy(side->x + (size_t)i * (size_t)d, x + (size_t)index(gram->k, i) * (size_t)d, sizeof(double) * (size_t)d);
  TRY(alloc_array((void **)&side->phi, numbers + 1, sizeof(double), "features of the tangent kernel"));
  if (gram->w) TRY(alloc_array((void **)&side->w, numbers + 1, sizeof(double), "features of the tangent kernel"));
  if (!gram->w || !gram->sphere) return OK;
  return alloc_array((void **)&side->v, numbers + 1, sizeof(double), "features of the tangent kernel");
}

static void free_side(struct side *side) {
  free(side->x);
  free(side->phi);
  free(side->w);
  free(side->v);
}

static int create_local(struct gram *gram, const double *x) {
  TRY(alloc_array((void **)&gram->unit, (int64_t)(gram->particles->d + 2) * PANEL, sizeof(double), "a panel of units"));
  TRY(create_side(gram, gram->k->local_rows, dist_matrix_row, x, &gram->row));
  return gram->square ? OK : create_side(gram, gram->k->local_columns, dist_matrix_column, x, &gram->column);
}

static int create(struct gram *gram, const struct dist_grid *grid, int64_t P, const double *x) {
  TRY(dist_matrix_create(grid, P, P, &gram->k));
  if (gram->train & (FIELD_BIT_A | FIELD_BIT_B)) TRY(dist_matrix_create(grid, P, P, &gram->w));
  return comm_agree(grid->comm, create_local(gram, x));
}

static void clear(struct gram *gram) {
  dist_matrix_free(gram->w);
  free_side(&gram->row);
  free_side(&gram->column);
  free(gram->unit);
}

/* ---- sums over units ---- */

/* The lower triangle of m += alpha rows columns^T. Rows above a column's diagonal come first: they are left out. */
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

static void features(const struct gram *gram, int units, struct side *side) {
  const int d = gram->particles->d;
  const double *c = gram->unit, *b = c + units, *a = b + units;
  tangent_kernel_features(&gram->particles->unit, d, units, c, a, b, side->count, side->x, side->phi, side->w, side->v);
}

static void add_panel(struct gram *gram, int units) {
  const struct side *row = &gram->row, *column = gram->square ? row : &gram->column;
  features(gram, units, &gram->row);
  if (!gram->square) features(gram, units, &gram->column);
  if (gram->train & FIELD_BIT_C) add(gram->k, 1, units, row->phi, column->phi);
  if (gram->w) add(gram->w, 1, units, row->w, column->w);
  if (row->v) add(gram->k, -1.0 / gram->particles->d, units, row->v, column->v);
}

/* All panels of the units that a rank owns of the network. */
static void pass_rank(struct gram *gram, int64_t network, int owner) {
  const struct particles *particles = gram->particles;
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
    double *c = gram->unit, *b = c + units, *a = b + units;
    if (particles->comm->rank == owner) tangent_kernel_units(particles, local, i, units, c, a, b);
    comm_bcast(particles->comm, gram->unit, (int64_t)sizeof(double) * units * (particles->d + 2), owner);
    add_panel(gram, units);
  }
}

/* k = (k + (train_a x.x' + train_b) w) / n on own elements. */
static void finish(struct gram *gram, int64_t n) {
  struct dist_matrix *k = gram->k;
  const int d = gram->particles->d;
  const double dot = gram->train & FIELD_BIT_A ? 1 : 0, constant = gram->train & FIELD_BIT_B ? 1 : 0;
  const double *column_x = gram->square ? gram->row.x : gram->column.x;
  double *factor = gram->row.phi; /* [local_rows]: the panels are done */
  for (int j = 0; j < k->local_columns && k->local_rows > 0; j++) {
    double *out = k->local + (int64_t)j * k->local_rows;
    for (int i = 0; i < k->local_rows; i++) factor[i] = constant;
    if (gram->w) {
      const double *w = gram->w->local + (int64_t)j * k->local_rows;
      cblas_dgemv(CblasColMajor, CblasTrans, d, k->local_rows, dot, gram->row.x, d, column_x + (size_t)j * (size_t)d, 1,
                  1, factor, 1);
      for (int i = 0; i < k->local_rows; i++) out[i] += factor[i] * w[i];
    }
    for (int i = 0; i < k->local_rows; i++) out[i] /= (double)n;
  }
}

int tangent_matrix_form(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                        unsigned train, int64_t P, const double *x, struct dist_matrix **m) {
  const bool sphere = unit_table[particles->unit.type].manifold == MANIFOLD_SPHERE;
  struct gram gram = {.particles = particles,
                      .train = sphere ? train & ~(unsigned)FIELD_BIT_B : train,
                      .sphere = sphere,
                      .square = grid->rows == grid->columns && grid->row == grid->column};
  const int status = create(&gram, grid, P, x);
  if (status == OK) {
    for (int owner = 0; owner < grid->comm->size; owner++) pass_rank(&gram, network, owner);
    finish(&gram, particles->ensemble.n[network / particles->ensemble.replicas]);
    *m = gram.k;
  } else {
    dist_matrix_free(gram.k);
  }
  clear(&gram);
  return status;
}
