#include "clt/frozen_features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"

enum { CHUNK = 4096 }; /* draws of z that are processed at a time */

/* The recursion of clt/frozen_features.h in the eigenbasis of G. A mode (index a or b) is an eigenvector of G. */
struct modes {
  int points;
  double *lambda, *r_0;       /* [P]: eigenvalues of G; residual of the limit at step 0 */
  double *decay;              /* [P]: product of 1 - dt lambda over the steps */
  struct dist_matrix *vector; /* eigenvectors of G as columns */
  struct dist_matrix *S;      /* S_ab = sum_j dt_j (decay_a over steps after j) (decay_b over steps before j) */
  struct dist_matrix *phi, *feature, *weight; /* P x CHUNK: phi at the points; phi_a; sum_b S_ab r_0b phi_b / P */
};

static void modes_free(struct modes *modes) {
  free(modes->lambda);
  free(modes->r_0);
  free(modes->decay);
  dist_matrix_free(modes->vector);
  dist_matrix_free(modes->S);
  dist_matrix_free(modes->phi);
  dist_matrix_free(modes->feature);
  dist_matrix_free(modes->weight);
}

/* Collective. r_0 = f_0 - y in the modes. Each rank sums over its own elements of the eigenvectors. */
static void project_residual(struct modes *modes, const struct initial_covariance *initial, const double *y) {
  const struct dist_matrix *v = modes->vector;
  memset(modes->r_0, 0, sizeof *modes->r_0 * (size_t)modes->points);
  for (int j = 0; j < v->local_columns; j++)
    for (int i = 0; i < v->local_rows; i++) {
      const int row = dist_matrix_row(v, i);
      modes->r_0[dist_matrix_column(v, j)] +=
          v->local[(int64_t)j * v->local_rows + i] * (initial_covariance_output(initial, row) - y[row]);
    }
  dist_grid_sum(v->grid, modes->points, modes->r_0);
}

static int modes_create(const struct dist_grid *grid, const struct initial_covariance *initial, const double *y,
                        struct modes *modes) {
  const int P = modes->points = (int)initial->points;
  modes->lambda = alloc_small(sizeof(double) * (size_t)P);
  modes->r_0 = alloc_small(sizeof(double) * (size_t)P);
  modes->decay = alloc_small(sizeof(double) * (size_t)P);
  TRY(dist_matrix_create(grid, P, P, &modes->vector));
  TRY(dist_matrix_create(grid, P, P, &modes->S));
  TRY(dist_matrix_create(grid, P, CHUNK, &modes->phi));
  TRY(dist_matrix_create(grid, P, CHUNK, &modes->feature));
  TRY(dist_matrix_create(grid, P, CHUNK, &modes->weight));
  struct dist_matrix *G;
  TRY(initial_covariance_matrix(grid, initial, initial_covariance_kernel, 1.0 / P, &G));
  const int status = dist_matrix_eigen(G, modes->lambda, modes->vector);
  dist_matrix_free(G);
  if (status == OK) project_residual(modes, initial, y);
  return status;
}

/* Computes decay and S after `step` steps. In each step, S_ab <- (1 - dt lambda_a) S_ab + dt decay_b. At the end,
 * S_ab <- S_ab r_0b / P. */
static void run(struct modes *modes, const struct schedule *schedule, int64_t step) {
  struct dist_matrix *S = modes->S;
  for (int a = 0; a < modes->points; a++) modes->decay[a] = 1;
  for (int64_t k = 0; k < step; k++) {
    const double dt = schedule->stage[schedule_stage(schedule, k)].dt;
    for (int j = 0; j < S->local_columns; j++) {
      const double add = dt * modes->decay[dist_matrix_column(S, j)];
      double *column = S->local + (int64_t)j * S->local_rows;
      for (int i = 0; i < S->local_rows; i++) column[i] += add - dt * modes->lambda[dist_matrix_row(S, i)] * column[i];
    }
    for (int a = 0; a < modes->points; a++) modes->decay[a] *= 1 - dt * modes->lambda[a];
  }
  for (int j = 0; j < S->local_columns; j++)
    for (int i = 0; i < S->local_rows; i++)
      S->local[(int64_t)j * S->local_rows + i] *= modes->r_0[dist_matrix_column(S, j)] / modes->points;
}

/* Local. phi [P][CHUNK] = phi(x_p, z) for the CHUNK draws of z that begin with number `first`. */
static void draw_features(const struct initial_covariance *initial, uint64_t seed, int64_t first,
                          struct dist_matrix *phi) {
  const struct unit_spec *unit = &initial->unit;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  const struct rng rng = {.seed = seed, .stream = RNG_FEATURES};
  const int d = initial->d;
  double *z = alloc_small(sizeof *z * (size_t)(d + 1));
  for (int j = 0; j < phi->local_columns; j++) {
    const uint64_t id = (uint64_t)(first + dist_matrix_column(phi, j));
    if (sphere) {
      rng_sphere(&rng, id, d, z);
    } else {
      rng_normal(&rng, id, d + 1, z);
      for (int k = 0; k < d; k++) z[k] = unit->a.mean + unit->a.std * z[k];
      z[d] = unit->b.mean + unit->b.std * z[d];
    }
    for (int i = 0; i < phi->local_rows; i++) {
      const double *x = initial->x + (int64_t)dist_matrix_row(phi, i) * d;
      double s = 0, square = 0;
      for (int k = 0; k < d; k++) {
        s += x[k] * z[k];
        square += x[k] * x[k];
      }
      s = sphere ? unit->alpha * (s - (square + d) / 2) : s + z[d];
      phi->local[(int64_t)j * phi->local_rows + i] = unit_table[unit->type].h(s);
    }
  }
  free(z);
}

/* Collective. Sets feature to the components of xi in the modes, with c at its mean, for the draws of a chunk. Adds to
 * mean [P], for each mode, the sum over the draws in this rank's elements. */
static void form_xi(struct modes *modes, double c, double *mean) {
  struct dist_matrix *feature = modes->feature;
  dist_matrix_multiply(1, modes->vector, true, modes->phi, false, 0, feature);
  dist_matrix_multiply(1, modes->S, false, feature, false, 0, modes->weight);
  for (int j = 0; j < feature->local_columns; j++)
    for (int i = 0; i < feature->local_rows; i++) {
      const int64_t at = (int64_t)j * feature->local_rows + i;
      const int row = dist_matrix_row(feature, i);
      feature->local[at] *= c * modes->decay[row] - modes->weight->local[at];
      mean[row] += feature->local[at];
    }
}

/* C = (std(c)^2 D E[phi phi'] D + Cov_z) / P in the modes, in which E[phi phi'] / P is diagonal. */
static int sum_up(struct modes *modes, const struct initial_covariance *initial, int64_t draws, uint64_t seed,
                  struct dist_matrix *C) {
  const int P = modes->points;
  const int64_t chunks = (draws + CHUNK - 1) / CHUNK;
  const double count = (double)(chunks * CHUNK);
  double *mean;
  TRY(comm_agree(C->grid->comm, alloc_array((void **)&mean, P, sizeof *mean, "a mean")));
  memset(mean, 0, sizeof *mean * (size_t)P);
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    draw_features(initial, seed, chunk * CHUNK, modes->phi);
    form_xi(modes, initial->unit.c.mean, mean);
    dist_matrix_multiply(1 / (count * P), modes->feature, false, modes->feature, true, chunk > 0, C);
  }
  dist_grid_sum(C->grid, P, mean);
  const double c2 = initial->unit.c.std * initial->unit.c.std;
  for (int j = 0; j < C->local_columns; j++)
    for (int i = 0; i < C->local_rows; i++) {
      const int a = dist_matrix_row(C, i), b = dist_matrix_column(C, j);
      double *entry = &C->local[(int64_t)j * C->local_rows + i];
      *entry -= mean[a] / count * mean[b] / count / P;
      if (a == b) *entry += c2 * modes->decay[a] * modes->decay[a] * modes->lambda[a];
    }
  free(mean);
  return OK;
}

/* Transforms C from the modes to the points: C <- V C V', with the eigenvectors V. */
static int to_points(const struct dist_matrix *vector, struct dist_matrix *C) {
  struct dist_matrix *half;
  TRY(dist_matrix_create(C->grid, C->rows, C->rows, &half));
  dist_matrix_multiply(1, vector, false, C, false, 0, half);
  dist_matrix_multiply(1, half, false, vector, true, 0, C);
  dist_matrix_free(half);
  return OK;
}

int frozen_features_covariance(const struct dist_grid *grid, const struct initial_covariance *initial, const double *y,
                               const struct schedule *schedule, int64_t step, int64_t draws, uint64_t seed,
                               struct dist_matrix **out) {
  struct modes modes = {0};
  struct dist_matrix *C = NULL;
  int status = modes_create(grid, initial, y, &modes);
  if (status == OK) status = dist_matrix_create(grid, initial->points, initial->points, &C);
  if (status == OK) {
    run(&modes, schedule, step);
    status = sum_up(&modes, initial, draws, seed, C);
  }
  if (status == OK) status = to_points(modes.vector, C);
  modes_free(&modes);
  if (status != OK) {
    dist_matrix_free(C);
    return status;
  }
  *out = C;
  return OK;
}
