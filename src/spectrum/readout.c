#include "spectrum/readout.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "spectrum/tangent_matrix.h"
#include "tangent/tangent_kernel.h"

/* Units and points whose features are computed at a time. */
enum { PANEL = 512, POINTS = 512 };

struct work {
  double *unit, *phi; /* unit [(d + 2) PANEL]: c, b, a of a panel; phi [PANEL][POINTS]: its features */
};

static int create_work(const struct particles *particles, struct work *work) {
  *work = (struct work){0};
  TRY(alloc_array((void **)&work->unit, (int64_t)(particles->d + 2) * PANEL, sizeof(double), "a panel of units"));
  return alloc_array((void **)&work->phi, PANEL * POINTS, sizeof(double), "features");
}

static void free_work(struct work *work) {
  free(work->unit);
  free(work->phi);
}

/* Returns the part of a network that this rank owns, or NULL. */
static const struct local_network *own_network(const struct particles *particles, int64_t network) {
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].network == network) return &particles->local[s];
  return NULL;
}

static int64_t own_units(const struct particles *particles, int64_t network) {
  const struct local_network *local = own_network(particles, network);
  return local ? local_network_units(local) : 0;
}

/* What traverse computes from the features of this rank's units. If q is NULL, f[p] += sum_i (c_i + u_i) phi_ip (u
 * NULL: zeros); otherwise the adjoint: sum[i] += sum_p phi_ip q_p. */
struct traversal {
  const double *u, *q;
  double *f, *sum;
};

/* Adds the terms of local units first .. first+units-1 at points start .. start+count-1. phi [units][count]: their
 * features; c [units]. */
static void add_features(const struct traversal *traversal, int units, const double *c, int64_t first, int count,
                         int64_t start, const double *phi) {
  if (traversal->q) {
    cblas_dgemv(CblasColMajor, CblasTrans, count, units, 1, phi, count, traversal->q + start, 1, 1,
                traversal->sum + first, 1);
    return;
  }
  cblas_dgemv(CblasColMajor, CblasNoTrans, count, units, 1, phi, count, c, 1, 1, traversal->f + start, 1);
  if (traversal->u)
    cblas_dgemv(CblasColMajor, CblasNoTrans, count, units, 1, phi, count, traversal->u + first, 1, 1,
                traversal->f + start, 1);
}

/* Local. Computes the features of all local units of a network at points x [count][d], in panels, and adds their
 * terms. */
static void traverse(const struct particles *particles, int64_t network, int64_t count, const double *x,
                     struct work *work, const struct traversal *traversal) {
  const struct local_network *local = own_network(particles, network);
  const int d = particles->d;
  const int64_t units = own_units(particles, network);
  for (int64_t i = 0; i < units; i += PANEL) {
    const int panel = (int)(units - i < PANEL ? units - i : PANEL);
    double *c = work->unit, *b = c + panel, *a = b + panel;
    tangent_kernel_units(particles, local, local_network_first_unit(local) + i, panel, c, a, b);
    for (int64_t p = 0; p < count; p += POINTS) {
      const int points = (int)(count - p < POINTS ? count - p : POINTS);
      tangent_kernel_features(&particles->unit, d, panel, c, a, b, points, x + p * d, work->phi, NULL, NULL);
      add_features(traversal, panel, c, i, points, p, work->phi);
    }
  }
}

int readout_outputs(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                    int64_t count, const double *x, double *f) {
  struct work work;
  const int status = comm_agree(grid->comm, create_work(particles, &work));
  if (status == OK) {
    const double n = (double)particles->ensemble.n[network / particles->ensemble.replicas];
    memset(f, 0, sizeof *f * (size_t)count);
    traverse(particles, network, count, x, &work, &(struct traversal){.u = u, .f = f});
    dist_grid_sum(grid, count, f);
    for (int64_t p = 0; p < count; p++) f[p] /= n;
  }
  free_work(&work);
  return status;
}

double readout_loss(int64_t count, const double *f, const double *y) {
  double sum = 0;
  for (int64_t p = 0; p < count; p++) sum += (f[p] - y[p]) * (f[p] - y[p]);
  return sum / (2 * (double)count);
}

/* Collective. Replaces r [P] by q = (G + mu)^-1 r. g: P G on entry; it is overwritten. Sets *mu. */
static int solve(const struct dist_grid *grid, struct dist_matrix *g, double ridge, double *r, double *mu) {
  const int64_t P = g->rows;
  struct dist_matrix *q;
  TRY(dist_matrix_create(grid, P, 1, &q));
  dist_matrix_set(q, 0, 1, r);
  dist_matrix_scale(g, 1 / (double)P);
  double *diagonal = alloc_small(sizeof *diagonal * (size_t)P);
  dist_matrix_diagonal(g, diagonal);
  *mu = 0;
  for (int64_t p = 0; p < P; p++) *mu += ridge * diagonal[p];
  free(diagonal);
  if (*mu == 0) *mu = ridge; /* all features are zero: u = 0 for every mu */
  dist_matrix_shift(g, *mu);
  int status = dist_matrix_solve(g, q);
  if (status == OK)
    dist_matrix_get(q, 0, 1, r);
  else
    status = FAIL(FAILED, "%s: mu = %.3g in G + mu is too small for double precision; use a larger ridge", error_text(),
                  *mu);
  dist_matrix_free(q);
  return status;
}

/* Collective. Computes u [local units] from q [P] by the formula in spectrum/readout.h. */
static int adjoint(const struct dist_grid *grid, const struct particles *particles, int64_t network, int64_t P,
                   const double *x, const double *q, double *u) {
  struct work work;
  const int64_t units = own_units(particles, network);
  const int status = comm_agree(grid->comm, create_work(particles, &work));
  if (status == OK) {
    memset(u, 0, sizeof *u * (size_t)units);
    traverse(particles, network, P, x, &work, &(struct traversal){.q = q, .sum = u});
    for (int64_t i = 0; i < units; i++) u[i] /= -(double)P;
  }
  free_work(&work);
  return status;
}

int readout_set_loss(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                     const struct readout_set *set, double *loss) {
  double *f;
  *loss = NAN;
  if (set->count == 0) return OK;
  TRY(comm_agree(grid->comm, alloc_array((void **)&f, set->count, sizeof *f, "outputs")));
  const int status = readout_outputs(grid, particles, network, u, set->count, set->x, f);
  if (status == OK) *loss = readout_loss(set->count, f, set->y);
  free(f);
  return status;
}

/* Sets u [local units], mu and change, but not the losses. r [P]: work space. */
static int best(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                const struct readout_set *train, double ridge, double *r, double *u, struct readout *readout) {
  struct dist_matrix *g;
  TRY(readout_outputs(grid, particles, network, NULL, train->count, train->x, r));
  for (int64_t p = 0; p < train->count; p++) r[p] -= train->y[p];
  TRY(tangent_matrix_form(grid, particles, network, FIELD_BIT_C, train->count, train->x, &g));
  const int status = solve(grid, g, ridge, r, &readout->mu);
  dist_matrix_free(g);
  TRY(status);
  TRY(adjoint(grid, particles, network, train->count, train->x, r, u));
  double square = 0;
  for (int64_t i = 0; i < own_units(particles, network); i++) square += u[i] * u[i];
  dist_grid_sum(grid, 1, &square);
  readout->change = sqrt(square / (double)particles->ensemble.n[network / particles->ensemble.replicas]);
  return OK;
}

int readout_best(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                 const struct readout_set *train, const struct readout_set *test, double ridge,
                 struct readout *readout) {
  double *r = NULL, *u = NULL;
  int status = alloc_array((void **)&r, train->count, sizeof *r, "residuals");
  if (status == OK) status = alloc_array((void **)&u, own_units(particles, network) + 1, sizeof *u, "a readout");
  status = comm_agree(grid->comm, status);
  if (status == OK) status = best(grid, particles, network, train, ridge, r, u, readout);
  if (status == OK) status = readout_set_loss(grid, particles, network, u, train, &readout->loss);
  if (status == OK) status = readout_set_loss(grid, particles, network, u, test, &readout->test_loss);
  free(r);
  free(u);
  return status;
}
