#include "clt/covariance.h"

#include <gsl/gsl_vector.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"

enum { PIECE = 64 }; /* replicas that rank 0 sends at a time */

/* ---- samples ---- */

/* Collective. mean [rows] = mean over the columns of f. Subtracts it from each column. */
static void center_columns(struct dist_matrix *f, double *mean) {
  memset(mean, 0, sizeof *mean * (size_t)f->rows);
  for (int j = 0; j < f->local_columns; j++)
    for (int i = 0; i < f->local_rows; i++)
      mean[dist_matrix_row(f, i)] += f->local[(int64_t)j * f->local_rows + i] / f->columns;
  dist_grid_sum(f->grid, f->rows, mean);
  for (int j = 0; j < f->local_columns; j++)
    for (int i = 0; i < f->local_rows; i++) f->local[(int64_t)j * f->local_rows + i] -= mean[dist_matrix_row(f, i)];
}

static int fill(struct covariance *covariance, const struct covariance_reader *reader) {
  const struct comm *comm = covariance->f->grid->comm;
  const int K = covariance->points;
  double *piece = NULL;
  int status = alloc_array((void **)&covariance->mean, K, sizeof *covariance->mean, "a mean field");
  if (status == OK) status = alloc_array((void **)&piece, (int64_t)PIECE * K, sizeof *piece, "outputs of replicas");
  status = comm_agree(comm, status);
  for (int first = 0; first < covariance->replicas && status == OK; first += PIECE) {
    const int left = covariance->replicas - first, count = left < PIECE ? left : PIECE;
    status = comm_agree(comm, comm->rank == 0 ? reader->read(reader->context, first, count, piece) : OK);
    if (status != OK) break;
    comm_bcast(comm, piece, (int64_t)sizeof *piece * count * K, 0);
    dist_matrix_set(covariance->f, first, count, piece);
  }
  free(piece);
  return status;
}

int covariance_create(const struct dist_grid *grid, int64_t n, int64_t replicas, int64_t points,
                      const struct covariance_reader *reader, struct covariance **out) {
  if (replicas < 2) return FAIL(FAILED, "covariance: expected at least 2 replicas, received %lld", (long long)replicas);
  struct dist_matrix *f;
  TRY(dist_matrix_create(grid, points, replicas, &f));
  struct covariance *covariance = alloc_small(sizeof *covariance);
  *covariance = (struct covariance){.n = n, .replicas = (int)replicas, .points = (int)points, .f = f};
  const int status = fill(covariance, reader);
  if (status != OK) {
    covariance_free(covariance);
    return status;
  }
  center_columns(f, covariance->mean);
  *out = covariance;
  return OK;
}

void covariance_free(struct covariance *covariance) {
  if (!covariance) return;
  dist_matrix_free(covariance->f);
  free(covariance->mean);
  free(covariance);
}

/* ---- the operator ---- */

int covariance_operator(const struct covariance *covariance, struct dist_matrix **C) {
  const struct dist_matrix *f = covariance->f;
  TRY(dist_matrix_create(f->grid, f->rows, f->rows, C));
  dist_matrix_multiply((double)covariance->n / covariance->points / (covariance->replicas - 1), f, false, f, true, 0,
                       *C);
  return OK;
}

double covariance_trace(const struct covariance *covariance) {
  const struct dist_matrix *f = covariance->f;
  double sum = 0;
  for (int64_t i = 0; i < (int64_t)f->local_columns * f->local_rows; i++) sum += f->local[i] * f->local[i];
  dist_grid_sum(f->grid, 1, &sum);
  return sum * (double)covariance->n / covariance->points / (covariance->replicas - 1);
}

int covariance_project(const struct covariance *covariance, int count, const double *u, const double *center,
                       double *y) {
  const int K = covariance->points;
  const double factor = sqrt((double)covariance->n / K);
  struct dist_matrix *vectors, *product;
  TRY(dist_matrix_create(covariance->f->grid, K, count, &vectors));
  const int status = dist_matrix_create(covariance->f->grid, count, covariance->replicas, &product);
  if (status == OK) {
    dist_matrix_set(vectors, 0, count, u);
    dist_matrix_multiply(factor, vectors, true, covariance->f, false, 0, product);
    dist_matrix_get(product, 0, covariance->replicas, y);
    dist_matrix_free(product);
  }
  dist_matrix_free(vectors);
  for (int i = 0; i < count && center && status == OK; i++) {
    double shift = 0;
    for (int k = 0; k < K; k++) shift += u[(int64_t)i * K + k] * (covariance->mean[k] - center[k]);
    for (int64_t r = 0; r < covariance->replicas; r++) y[r * count + i] += factor * shift;
  }
  return status;
}

/* Makes the component of largest magnitude positive, because the sign of an eigenvector is arbitrary. */
static void fix_sign(int K, double *u) {
  int largest = 0;
  for (int k = 1; k < K; k++)
    if (fabs(u[k]) > fabs(u[largest])) largest = k;
  for (int k = 0; k < K && u[largest] < 0; k++)
    if (k != largest) u[k] = -u[k];
  u[largest] = fabs(u[largest]);
}

int covariance_leading(struct dist_matrix *C, int count, double *values, double *u) {
  const int K = C->rows;
  struct dist_matrix *vectors = NULL;
  if (count > 0) TRY(dist_matrix_create(C->grid, K, K, &vectors));
  const int status = dist_matrix_eigen(C, values, vectors);
  gsl_vector_view ascending = gsl_vector_view_array(values, (size_t)K);
  if (status == OK) gsl_vector_reverse(&ascending.vector);
  for (int i = 0; i < count && status == OK; i++) {
    dist_matrix_get(vectors, K - 1 - i, 1, u + (int64_t)i * K);
    fix_sign(K, u + (int64_t)i * K);
  }
  dist_matrix_free(vectors);
  return status;
}

/* ---- the null of sorted eigenvalues ---- */

int covariance_wishart(const struct dist_grid *grid, int64_t points, const double *spectrum, int64_t replicas,
                       uint64_t seed, uint64_t id, double *values) {
  const struct rng rng = {.seed = seed, .stream = RNG_WISHART, .network = (uint64_t)replicas, .step = id};
  struct dist_matrix *f, *C;
  double *column = alloc_small(sizeof *column * (size_t)points);
  int status = dist_matrix_create(grid, points, replicas, &f);
  for (int j = 0; status == OK && j < f->local_columns; j++) {
    rng_normal(&rng, (uint64_t)dist_matrix_column(f, j), (int)points, column);
    for (int i = 0; i < f->local_rows; i++) {
      const int row = dist_matrix_row(f, i);
      f->local[(int64_t)j * f->local_rows + i] = sqrt(fmax(spectrum[row], 0)) * column[row];
    }
  }
  if (status == OK) {
    center_columns(f, column);
    status = dist_matrix_create(grid, points, points, &C);
    if (status == OK) {
      dist_matrix_multiply(1.0 / (double)(replicas - 1), f, false, f, true, 0, C);
      status = covariance_leading(C, 0, values, NULL);
      dist_matrix_free(C);
    }
    dist_matrix_free(f);
  }
  free(column);
  return status;
}
