#include "data/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/target_clones.h"
#include "io/h5.h"
#include "io/sandbox.h"
#include "particles/kernel.h"

const char *const target_names[TARGET_TYPES] = {"spin", "teacher", "file"};

/* ---- spin ---- */

static int64_t packed(int d) {
  return (int64_t)d * (d + 1) * (d + 2) / 6;
}

/* Place of the entry p <= q <= r among the packed ones, r fastest. */
static int64_t packed_place(int d, int p, int q, int r) {
  const int64_t before_p = packed(d) - packed(d - p), m = d - p, j = q - p;
  return before_p + j * m - j * (j - 1) / 2 + (r - q);
}

/* How many of the d^3 index triples the entry p <= q <= r stands for. */
static int multiplicity(int p, int q, int r) {
  return p == q && q == r ? 1 : p == q || q == r ? 3 : 6;
}

/* E f^2 = d^3/(d(d+2)(d+4)) (6 |S|^2 + 9 |T|^2), T_r = sum_p S_ppr; linear part d L.x, L = 3 T/(d+2). */
static void spin_moments(struct target *target, const double *T, double S2) {
  const double d = target->d;
  double T2 = 0;
  for (int r = 0; r < target->d; r++) T2 += T[r] * T[r];
  const double square = d * d / ((d + 2) * (d + 4)) * (6 * S2 + 9 * T2);
  target->C_f = square / 2;
  target->linear_fraction = d * d * 9 * T2 / ((d + 2) * (d + 2)) / square;
}

/* Adds a_pqr / d to the packed entry of its index set: the sum over permutations, multiplicity times S_pqr. */
static void add_coefficients(struct target *target) {
  const int d = target->d;
  double row[1024];
  const struct rng rng = {target->spec.seed, RNG_TARGET, 0, 0};
  for (int p = 0; p < d; p++)
    for (int q = 0; q < d; q++) { /* one id per row (p, q, .) */
      rng_normal(&rng, (uint64_t)p * (uint64_t)d + (uint64_t)q, d, row);
      const int low = p < q ? p : q, high = p < q ? q : p;
      for (int r = 0; r < d; r++) {
        const int64_t place = r < low    ? packed_place(d, r, low, high)
                              : r < high ? packed_place(d, low, r, high)
                                         : packed_place(d, low, high, r);
        target->coefficient[place] += row[r] / d;
      }
    }
}

static int spin_create(struct target *target) {
  const int d = target->d;
  target->coefficients = packed(d);
  TRY(alloc_array((void **)&target->coefficient, target->coefficients, sizeof(double), "spin coefficients"));
  memset(target->coefficient, 0, sizeof(double) * (size_t)target->coefficients);
  add_coefficients(target);
  double T[1024] = {0}, S2 = 0;
  const double *entry = target->coefficient;
  for (int p = 0; p < d; p++)
    for (int q = p; q < d; q++)
      for (int r = q; r < d; r++, entry++) {
        const double S = *entry / multiplicity(p, q, r);
        S2 += *entry * S;
        if (p == q) T[r] += S;
        if (q == r && p != q) T[p] += S;
      }
  spin_moments(target, T, S2);
  return OK;
}

/* Points are evaluated LANES at a time, in GROUPS: enough independent sums to hide the latency of an addition. Every
 * lane does the same IEEE operations, wherever its point stands and however wide the processor's vectors are. */
enum { GROUP = 8, GROUPS = 4, LANES = GROUP * GROUPS };
typedef double vgroup __attribute__((vector_size(8 * GROUP)));
#define EACH _Pragma("GCC unroll 4") for (int g = 0; g < GROUPS; g++)

TARGET_CLONES static void spin_lanes(int d, const double *restrict entry, const vgroup (*restrict x)[GROUPS],
                                     double *y) {
  vgroup f[GROUPS], rows[GROUPS], row[GROUPS];
  EACH f[g] = (vgroup){0};
  for (int p = 0; p < d; p++) {
    EACH rows[g] = (vgroup){0};
    for (int q = p; q < d; q++) {
      EACH row[g] = (vgroup){0};
      for (int r = q; r < d; r++, entry++) EACH row[g] += *entry * x[r][g];
      EACH rows[g] += row[g] * x[q][g];
    }
    EACH f[g] += rows[g] * x[p][g];
  }
  memcpy(y, f, sizeof f);
}
#undef EACH

static void spin_eval(const struct target *target, int count, const double *x, double *y) {
  const int d = target->d;
  vgroup transposed[1024][GROUPS];
  double f[LANES];
  for (int first = 0; first < count; first += LANES) {
    const int lanes = count - first < LANES ? count - first : LANES;
    for (int k = 0; k < d; k++)
      for (int l = 0; l < LANES; l++)
        ((double *)transposed[k])[l] = l < lanes ? x[(size_t)(first + l) * (size_t)d + (size_t)k] : 0;
    spin_lanes(d, target->coefficient, transposed, f);
    memcpy(y + first, f, sizeof *y * (size_t)lanes);
  }
}

/* ---- teacher ---- */

static int teacher_create(struct target *target) {
  const struct unit_spec *spec = &target->spec.teacher;
  const int d = target->d;
  const int64_t m = target->spec.teacher_units, tiles = (m + TILE - 1) / TILE, numbers = (int64_t)(d + FIELD_A) * TILE;
  TRY(alloc_array((void **)&target->tiles, tiles * numbers, sizeof(double), "teacher units"));
  memset(target->tiles, 0, sizeof(double) * (size_t)(tiles * numbers));
  const struct rng rng = {target->spec.seed, RNG_TEACHER, 0, 0};
  double z[1024 + 2];
  for (int64_t i = 0; i < m; i++) {
    double *tile = target->tiles + i / TILE * numbers;
    const int lane = (int)(i % TILE);
    rng_normal(&rng, (uint64_t)i, d + 2, z);
    tile[FIELD_C * TILE + lane] = spec->c.mean + spec->c.std * z[0];
    if (!unit_table[spec->type].sphere) tile[FIELD_B * TILE + lane] = spec->b.mean + spec->b.std * z[1];
    double norm2 = 0;
    for (int k = 0; k < d; k++) norm2 += z[2 + k] * z[2 + k];
    for (int k = 0; k < d; k++)
      tile[(FIELD_A + k) * TILE + lane] =
          unit_table[spec->type].sphere ? z[2 + k] * sqrt(d / norm2) : spec->a.mean + spec->a.std * z[2 + k];
  }
  target->coefficients = m * (d + 2);
  return OK;
}

/* By the portable kernel in double precision, whose bits are the same on every machine. */
static void teacher_eval(const struct target *target, int count, const double *x, double *y) {
  enum { PART = 48 };
  const struct kernel *kernel = kernel_find(target->spec.teacher.type, PRECISION_DOUBLE, ISA_PORTABLE);
  const int d = target->d;
  const int64_t m = target->spec.teacher_units, tiles = (m + TILE - 1) / TILE;
  struct points points;
  void *scratch;
  if (points_alloc(&points, PRECISION_DOUBLE, PART, d) != OK ||
      alloc_array(&scratch, 1, forward_scratch(PART), "kernel scratch") != OK)
    die("%s", error_text());
  for (int first = 0; first < count; first += PART) {
    const int part = count - first < PART ? count - first : PART;
    double sum[PART];
    points_set(&points, PRECISION_DOUBLE, &target->spec.teacher, part, d, x + (size_t)first * (size_t)d);
    for (int p = 0; p < part; p++) y[first + p] = 0;
    for (int64_t t = 0; t < tiles; t += BLOCK_TILES) {
      const int block = (int)(tiles - t < BLOCK_TILES ? tiles - t : BLOCK_TILES);
      kernel->forward(block, target->tiles + t * (d + FIELD_A) * TILE, &points, scratch, sum);
      for (int p = 0; p < part; p++) y[first + p] += sum[p];
    }
    for (int p = 0; p < part; p++) y[first + p] /= (double)m;
  }
  points_free(&points);
  free(scratch);
}

/* ---- file ---- */

static int check_finite(const char *path, const char *name, int64_t count, const double *values) {
  for (int64_t i = 0; i < count; i++)
    if (!(fabs(values[i]) < 1e150)) /* squares are summed up */
      return FAIL(USAGE, "%s: %s: every number must be finite, and below 1e150 in size, number %lld is %g", path, name,
                  (long long)i, values[i]);
  return OK;
}

/* One pair x (N, d), y (N); *d is 0 as long as it is not known. */
static int read_pair(struct h5 *file, const char *path, const char *x_name, const char *y_name, int64_t *count, int *d,
                     double **x, double **y) {
  int rank;
  int64_t shape[H5_RANK_MAX], y_shape[H5_RANK_MAX];
  TRY(h5_shape(file, x_name, &rank, shape));
  if (rank != 2 || shape[0] < 1 || shape[1] < 1 || shape[1] > 1024 || (*d && shape[1] != *d))
    return FAIL(USAGE,
                "%s: %s: expected shape (points >= 1, d = %s%.0d), received a dataset of %d dimension(s), (%lld, %lld)",
                path, x_name, *d ? "" : "1 .. 1024", *d, rank, (long long)(rank > 0 ? shape[0] : 0),
                (long long)(rank > 1 ? shape[1] : 0));
  *d = (int)shape[1];
  *count = shape[0];
  TRY(h5_shape(file, y_name, &rank, y_shape));
  if (rank != 1 || y_shape[0] != *count)
    return FAIL(
        USAGE,
        "%s: %s: expected one label for each of the %lld points of %s, received %d dimension(s), the first of %lld",
        path, y_name, (long long)*count, x_name, rank, (long long)(rank > 0 ? y_shape[0] : 0));
  if (*count > INT32_MAX)
    return FAIL(USAGE, "%s: %s: at most 2^31 - 1 points, received %lld", path, x_name, (long long)*count);
  TRY(alloc_array((void **)x, *count * *d, sizeof(double), "data points"));
  TRY(alloc_array((void **)y, *count, sizeof(double), "labels"));
  TRY(h5_read(file, x_name, H5_DOUBLE, 2, shape, *x));
  TRY(h5_read(file, y_name, H5_DOUBLE, 1, y_shape, *y));
  TRY(check_finite(path, x_name, *count * *d, *x));
  return check_finite(path, y_name, *count, *y);
}

static int read_pairs(void *context) {
  struct target *target = context;
  const char *path = target->spec.path;
  struct h5 *file;
  int status = h5_open(path, false, &file);
  if (status == OK)
    status = read_pair(file, path, "/x", "/y", &target->file_samples, &target->d, &target->file_x, &target->file_y);
  if (status == OK && h5_exists(file, "/test_x"))
    status = read_pair(file, path, "/test_x", "/test_y", &target->file_tests, &target->d, &target->file_test_x,
                       &target->file_test_y);
  h5_close(file);
  return status;
}

static int read_file(struct target *target) {
  int status = sandbox_run(target->spec.path, read_pairs, target);
  if (status == OK) status = read_pairs(target);
  return status == FAILED ? FAIL(USAGE, "%s", error_text()) : status; /* what is wrong here is the input */
}

static int share_numbers(const struct comm *comm, int64_t count, double **numbers) {
  if (comm->rank != 0) TRY(alloc_array((void **)numbers, count, sizeof(double), "data points"));
  return OK;
}

static int file_create(const struct comm *comm, struct target *target) {
  TRY(comm_agree(comm, comm->rank == 0 ? read_file(target) : OK));
  int64_t sizes[3] = {target->d, target->file_samples, target->file_tests};
  comm_bcast(comm, sizes, sizeof sizes, 0);
  target->d = (int)sizes[0];
  target->file_samples = sizes[1];
  target->file_tests = sizes[2];
  const int64_t count[4] = {sizes[1] * sizes[0], sizes[1], sizes[2] * sizes[0], sizes[2]};
  double **numbers[4] = {&target->file_x, &target->file_y, &target->file_test_x, &target->file_test_y};
  for (int i = 0; i < 4; i++) {
    TRY(comm_agree(comm, share_numbers(comm, count[i], numbers[i])));
    comm_bcast(comm, *numbers[i], count[i] * (int64_t)sizeof(double), 0);
  }
  return OK;
}

/* ---- all ---- */

int target_create(const struct comm *comm, const struct target_spec *spec, struct target **out) {
  struct target *target = alloc_small(sizeof *target);
  *target = (struct target){.spec = *spec, .d = spec->d, .C_f = NAN, .linear_fraction = NAN};
  int status;
  switch ((enum target_type)spec->type) {
  case TARGET_SPIN:
    status = comm_agree(comm, spin_create(target));
    break;
  case TARGET_TEACHER:
    status = comm_agree(comm, teacher_create(target));
    break;
  default:
    status = file_create(comm, target);
  }
  if (status != OK) {
    target_free(target);
    return status;
  }
  *out = target;
  return OK;
}

void target_free(struct target *target) {
  if (!target) return;
  free(target->coefficient);
  free(target->tiles);
  free(target->file_x);
  free(target->file_y);
  free(target->file_test_x);
  free(target->file_test_y);
  free(target);
}

void target_eval(const struct target *target, int count, const double *x, double *y) {
  if (target->spec.type == TARGET_SPIN)
    spin_eval(target, count, x, y);
  else if (target->spec.type == TARGET_TEACHER)
    teacher_eval(target, count, x, y);
  else
    die("a file's labels are data, not a function");
}
