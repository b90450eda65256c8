#include "parallel/dist_matrix.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* BLACS and ScaLAPACK have no header files. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridinfo(int context, int *rows, int *columns, int *row, int *column);
void Cblacs_gridexit(int context);
void Cdgsum2d(int context, const char *scope, const char *topology, int rows, int columns, double *a, int leading,
              int to_row, int to_column);
int numroc_(const int *n, const int *block, const int *process, const int *first, const int *processes);
void descinit_(int *descriptor, const int *rows, const int *columns, const int *row_block, const int *column_block,
               const int *first_row, const int *first_column, const int *context, const int *leading, int *info);
void pdgemm_(const char *op_a, const char *op_b, const int *m, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *desc_a, const double *b, const int *ib,
             const int *jb, const int *desc_b, const double *beta, double *c, const int *ic, const int *jc,
             const int *desc_c);
void pdsyev_(const char *job, const char *triangle, const int *n, double *a, const int *ia, const int *ja,
             const int *desc_a, double *w, double *z, const int *iz, const int *jz, const int *desc_z, double *work,
             const int *work_size, int *info);
void pdsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *ia, const int *ja,
              const int *desc_a, double *w, double *z, const int *iz, const int *jz, const int *desc_z, double *work,
              const int *work_size, int *iwork, const int *iwork_size, int *info);
void pdposv_(const char *triangle, const int *n, const int *columns, double *a, const int *ia, const int *ja,
             const int *desc_a, double *b, const int *ib, const int *jb, const int *desc_b, int *info);

static const int zero = 0, one = 1, block_size = DIST_MATRIX_BLOCK;

/* ---- grid ---- */

void dist_grid_create(const struct comm *comm, struct dist_grid *grid) {
  int rows = (int)sqrt(comm->size);
  while (comm->size % rows != 0) rows--;
  const int handle = Csys2blacs_handle(comm->mpi);
  *grid = (struct dist_grid){.comm = comm, .context = handle};
  Cblacs_gridinit(&grid->context, "Row", rows, comm->size / rows);
  Cblacs_gridinfo(grid->context, &grid->rows, &grid->columns, &grid->row, &grid->column);
  Cfree_blacs_system_handle(handle);
}

void dist_grid_free(struct dist_grid *grid) {
  Cblacs_gridexit(grid->context);
}

void dist_grid_sum(const struct dist_grid *grid, int64_t count, double *values) {
  const int64_t piece = 1 << 24;
  for (int64_t first = 0; first < count; first += piece) {
    const int64_t left = count - first;
    const int now = (int)(left < piece ? left : piece);
    Cdgsum2d(grid->context, "All", " ", now, 1, values + first, now, -1, -1);
  }
}

/* ---- matrices ---- */

static int create_local(struct dist_matrix *matrix, int64_t rows, int64_t columns) {
  if (rows < 1 || columns < 1 || rows > DIST_MATRIX_LIMIT || columns > DIST_MATRIX_LIMIT)
    return FAIL(FAILED, "expected a matrix with 1 to %d rows and columns, received %lld x %lld", DIST_MATRIX_LIMIT,
                (long long)rows, (long long)columns);
  const struct dist_grid *grid = matrix->grid;
  matrix->rows = (int)rows;
  matrix->columns = (int)columns;
  matrix->local_rows = numroc_(&matrix->rows, &block_size, &grid->row, &zero, &grid->rows);
  matrix->local_columns = numroc_(&matrix->columns, &block_size, &grid->column, &zero, &grid->columns);
  const int leading = matrix->local_rows > 1 ? matrix->local_rows : 1;
  int info;
  descinit_(matrix->descriptor, &matrix->rows, &matrix->columns, &block_size, &block_size, &zero, &zero, &grid->context,
            &leading, &info);
  if (info != 0) die("descinit rejected its argument %d", -info);
  const int64_t count = (int64_t)leading * matrix->local_columns;
  TRY(alloc_array((void **)&matrix->local, count + 1, sizeof *matrix->local, "the local part of a matrix"));
  memset(matrix->local, 0, sizeof *matrix->local * (size_t)(count + 1));
  return OK;
}

int dist_matrix_create(const struct dist_grid *grid, int64_t rows, int64_t columns, struct dist_matrix **out) {
  struct dist_matrix *matrix = alloc_small(sizeof *matrix);
  *matrix = (struct dist_matrix){.grid = grid};
  const int status = comm_agree(grid->comm, create_local(matrix, rows, columns));
  if (status != OK) {
    dist_matrix_free(matrix);
    return status;
  }
  *out = matrix;
  return OK;
}

void dist_matrix_free(struct dist_matrix *matrix) {
  if (!matrix) return;
  free(matrix->local);
  free(matrix);
}

static int global_index(int local, int process, int processes) {
  return (local / DIST_MATRIX_BLOCK * processes + process) * DIST_MATRIX_BLOCK + local % DIST_MATRIX_BLOCK;
}

int dist_matrix_row(const struct dist_matrix *matrix, int local_row) {
  return global_index(local_row, matrix->grid->row, matrix->grid->rows);
}

int dist_matrix_column(const struct dist_matrix *matrix, int local_column) {
  return global_index(local_column, matrix->grid->column, matrix->grid->columns);
}

void dist_matrix_get(const struct dist_matrix *matrix, int first, int count, double *out) {
  const int64_t rows = matrix->rows;
  memset(out, 0, sizeof *out * (size_t)(count * rows));
  for (int j = 0; j < matrix->local_columns; j++) {
    const int column = dist_matrix_column(matrix, j) - first;
    if (column < 0 || column >= count) continue;
    for (int i = 0; i < matrix->local_rows; i++)
      out[column * rows + dist_matrix_row(matrix, i)] = matrix->local[(int64_t)j * matrix->local_rows + i];
  }
  dist_grid_sum(matrix->grid, count * rows, out);
}

void dist_matrix_set(struct dist_matrix *matrix, int first, int count, const double *values) {
  for (int j = 0; j < matrix->local_columns; j++) {
    const int column = dist_matrix_column(matrix, j) - first;
    if (column < 0 || column >= count) continue;
    for (int i = 0; i < matrix->local_rows; i++)
      matrix->local[(int64_t)j * matrix->local_rows + i] =
          values[(int64_t)column * matrix->rows + dist_matrix_row(matrix, i)];
  }
}

/* Returns the address of element (i, i), or NULL if another rank holds it. */
static double *diagonal_element(const struct dist_matrix *matrix, int i) {
  const struct dist_grid *grid = matrix->grid;
  const int block = i / DIST_MATRIX_BLOCK, offset = i % DIST_MATRIX_BLOCK; /* number of the block; index in it */
  if (block % grid->rows != grid->row || block % grid->columns != grid->column) return NULL;
  const int row = block / grid->rows * DIST_MATRIX_BLOCK + offset;
  const int column = block / grid->columns * DIST_MATRIX_BLOCK + offset;
  return matrix->local + (int64_t)column * matrix->local_rows + row;
}

void dist_matrix_diagonal(const struct dist_matrix *matrix, double *diagonal) {
  for (int i = 0; i < matrix->rows; i++) {
    const double *own = diagonal_element(matrix, i);
    diagonal[i] = own ? *own : 0;
  }
  dist_grid_sum(matrix->grid, matrix->rows, diagonal);
}

void dist_matrix_shift(struct dist_matrix *matrix, double number) {
  for (int i = 0; i < matrix->rows; i++) {
    double *own = diagonal_element(matrix, i);
    if (own) *own += number;
  }
}

void dist_matrix_scale(struct dist_matrix *matrix, double factor) {
  const int64_t count = (int64_t)matrix->local_rows * matrix->local_columns;
  for (int64_t i = 0; i < count; i++) matrix->local[i] *= factor;
}

/* ---- linear algebra ---- */

void dist_matrix_multiply(double alpha, const struct dist_matrix *a, bool a_transposed, const struct dist_matrix *b,
                          bool b_transposed, double beta, struct dist_matrix *c) {
  const int m = a_transposed ? a->columns : a->rows, k = a_transposed ? a->rows : a->columns;
  const int n = b_transposed ? b->rows : b->columns;
  if (k != (b_transposed ? b->columns : b->rows) || c->rows != m || c->columns != n)
    die("matrix sizes do not match: %d x %d, %d x %d, %d x %d", a->rows, a->columns, b->rows, b->columns, c->rows,
        c->columns);
  pdgemm_(a_transposed ? "T" : "N", b_transposed ? "T" : "N", &m, &n, &k, &alpha, a->local, &one, &one, a->descriptor,
          b->local, &one, &one, b->descriptor, &beta, c->local, &one, &one, c->descriptor);
}

/* Uses QR iteration for eigenvalues alone, and divide and conquer if vectors is not NULL. If both sizes are -1, only
 * stores the required sizes of the work arrays in work[0] and, with vectors, iwork[0]. Returns info of ScaLAPACK. */
static int eigen(struct dist_matrix *a, double *values, struct dist_matrix *vectors, double *work, int work_size,
                 int *iwork, int iwork_size) {
  int info;
  if (vectors)
    pdsyevd_("V", "L", &a->rows, a->local, &one, &one, a->descriptor, values, vectors->local, &one, &one,
             vectors->descriptor, work, &work_size, iwork, &iwork_size, &info);
  else
    pdsyev_("N", "L", &a->rows, a->local, &one, &one, a->descriptor, values, a->local, &one, &one, a->descriptor, work,
            &work_size, &info);
  return info;
}

int dist_matrix_eigen(struct dist_matrix *a, double *values, struct dist_matrix *vectors) {
  double need = 0, *work = NULL;
  int ineed = 0;
  eigen(a, values, vectors, &need, -1, &ineed, -1);
  /* For small matrices, PDSYEVD reports less work space than PDORMTR, which it calls, needs. */
  need += DIST_MATRIX_BLOCK * (double)(a->local_rows + a->local_columns + 3 * DIST_MATRIX_BLOCK);
  int status = OK;
  if (need > INT_MAX)
    status =
        FAIL(FAILED,
             "the eigenvalue solver needs a workspace of %.3g numbers per rank, at most %d are possible; start more "
             "ranks, or use fewer points",
             need, INT_MAX);
  if (status == OK)
    status = alloc_array((void **)&work, (int64_t)need + 1, sizeof *work, "workspace of the eigenvalue solver");
  status = comm_agree(a->grid->comm, status);
  if (status == OK) {
    int *iwork = alloc_small(sizeof *iwork * (size_t)(ineed + 1));
    const int info = eigen(a, values, vectors, work, (int)need, iwork, ineed);
    if (info != 0)
      status = FAIL(FAILED, "the eigenvalue solver did not converge for a matrix with %d rows (ScaLAPACK: info = %d)",
                    a->rows, info);
    free(iwork);
    /* For a matrix of one block, only the rank that holds the block has the eigenvalues. */
    comm_bcast(a->grid->comm, values, (int64_t)sizeof *values * a->rows, 0);
    status = comm_agree(a->grid->comm, status);
  }
  free(work);
  return status;
}

int dist_matrix_solve(struct dist_matrix *a, struct dist_matrix *b) {
  int info, status = OK;
  pdposv_("L", &a->rows, &b->columns, a->local, &one, &one, a->descriptor, b->local, &one, &one, b->descriptor, &info);
  if (info != 0)
    status = FAIL(FAILED,
                  "expected a positive definite matrix with %d rows, but its leading minor of order %d is not positive",
                  a->rows, info);
  return comm_agree(a->grid->comm, status);
}
