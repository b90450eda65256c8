#include "dynamics/overlaps.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/target_clones.h"
#include "data/target_teacher.h"
#include "dynamics/unit_sum.h"
#include "parallel/heartbeat.h"
#include "particles/number.h"

enum { ENTRIES = 4096 }; /* largest number of entries of S that are summed in one traversal of the units */

/* ---- the arrays of a row ---- */

static const struct overlap_array small_arrays[] = {
    {"Q", "overlaps Q_ij = a_i . a_j of the units (replica, unit, other unit)", "1", 2,
     .axis = {OVERLAP_UNIT, OVERLAP_OTHER_UNIT}},
    {"M", "overlaps M_ir = a_i . a*_r of the units and those of the teacher (replica, unit, unit of the teacher)", "1",
     2, .axis = {OVERLAP_UNIT, OVERLAP_TEACHER_UNIT}},
};

enum { SELF_MEAN, SELF_VARIANCE, PAIR_MEAN, PAIR_SQUARE, SCALARS };

static const struct overlap_array large_arrays[OVERLAP_ARRAYS_MAX] = {
    [SELF_MEAN] = {.name = "Q_self_mean", .description = "mean of Q_ii = |a_i|^2 over the units i", .units = "1"},
    [SELF_VARIANCE] = {.name = "Q_self_variance",
                       .description = "variance of Q_ii = |a_i|^2 over the units i",
                       .units = "1"},
    [PAIR_MEAN] = {.name = "Q_pair_mean",
                   .description = "mean of Q_ij = a_i . a_j over the pairs i != j of units",
                   .units = "1"},
    [PAIR_SQUARE] = {.name = "Q_pair_square",
                     .description = "mean of Q_ij^2 over the pairs i != j of units",
                     .units = "1"},
    {"M_mean", "mean of M_ir = a_i . a*_r over the units i, for each unit r of the teacher", "1", 1,
     .axis = {OVERLAP_TEACHER_UNIT}},
    {"M_variance", "variance of M_ir over the units i", "1", 1, .axis = {OVERLAP_TEACHER_UNIT}},
    {"M_histogram",
     "number of units i whose M_ir / |a*_r|^2 is nearest to the center of the bin; the first and the last bin count "
     "all units beyond them",
     NULL, 2, .axis = {OVERLAP_TEACHER_UNIT, OVERLAP_BIN}, .integers = true},
};

int overlaps_list(int64_t n, int64_t m, struct overlap_array list[OVERLAP_ARRAYS_MAX]) {
  const int64_t length[OVERLAP_AXES] = {
      [OVERLAP_UNIT] = n, [OVERLAP_OTHER_UNIT] = n, [OVERLAP_TEACHER_UNIT] = m, [OVERLAP_BIN] = OVERLAPS_BINS};
  const bool small = n <= OVERLAPS_UNITS;
  const int arrays = small ? (int)(sizeof small_arrays / sizeof *small_arrays) : OVERLAP_ARRAYS_MAX;
  int count = 0;
  for (int i = 0; i < arrays; i++) {
    struct overlap_array array = small ? small_arrays[i] : large_arrays[i];
    array.count = 1;
    for (int k = 0; k < array.rank; k++) array.count *= array.shape[k] = length[array.axis[k]];
    if (array.count > 0) list[count++] = array;
  }
  return count;
}

int64_t overlaps_teacher_units(const struct target *target) {
  const bool taught = target->spec.type == TARGET_TEACHER;
  return taught && unit_table[target->spec.teacher.type].manifold == MANIFOLD_FLAT ? target_teacher_units(target) : 0;
}

int64_t overlaps_numbers(int64_t n, int64_t m) {
  struct overlap_array list[OVERLAP_ARRAYS_MAX];
  const int count = overlaps_list(n, m, list);
  int64_t numbers = 0;
  for (int i = 0; i < count; i++) numbers += list[i].count;
  return numbers;
}

int64_t overlaps_width(const struct ensemble_spec *ensemble, const struct target *target) {
  const int64_t m = overlaps_teacher_units(target);
  int64_t most = 0;
  for (int e = 0; e < ensemble->members; e++) {
    const int64_t numbers = overlaps_numbers(ensemble->n[e], m);
    if (numbers > most) most = numbers;
  }
  return most;
}

double overlaps_bin(int k) {
  return (double)(k - OVERLAPS_BINS / 2) / OVERLAPS_BINS_PER_UNIT;
}

/* ---- one tile ---- */

struct overlaps {
  const struct particles *particles;
  int d, threads;
  int64_t m;
  double *teacher; /* [m][d] */
  double *square;  /* [m]: |a*_r|^2 */
};

/* a [d][TILE] = the inner parameters of the units of a tile. */
static void copy_tile(const struct overlaps *overlaps, const void *tile, double *a) {
  const size_t stored = precision_stored(overlaps->particles->precision), first = (size_t)ROW_A * TILE;
  for (size_t i = 0; i < (size_t)overlaps->d * TILE; i++) a[i] = number_get(stored, tile, first + i);
}

/* dot [TILE] = the scalar products of the units of a [d][TILE] with b [d]. */
TARGET_CLONES static void dot_with(int d, const double *restrict a, const double *restrict b, double *restrict dot) {
  for (int lane = 0; lane < TILE; lane++) dot[lane] = 0;
  for (int k = 0; k < d; k++)
    for (int lane = 0; lane < TILE; lane++) dot[lane] += a[k * TILE + lane] * b[k];
}

/* square [TILE] = |a_i|^2 of the units of a [d][TILE]. */
TARGET_CLONES static void squares(int d, const double *restrict a, double *restrict square) {
  for (int lane = 0; lane < TILE; lane++) square[lane] = 0;
  for (int k = 0; k < d; k++)
    for (int lane = 0; lane < TILE; lane++) square[lane] += a[k * TILE + lane] * a[k * TILE + lane];
}

/* Returns the scalar product of two rows [TILE] of a tile. */
TARGET_CLONES static double row_product(const double *restrict a, const double *restrict b) {
  enum { PARTS = 8 };
  double part[PARTS] = {0};
  for (int lane = 0; lane < TILE; lane += PARTS)
    for (int i = 0; i < PARTS; i++) part[i] += a[lane + i] * b[lane + i];
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

/* ---- sums over all units of a network ---- */

/* A traversal of the tiles of a network. add() adds the terms of the first `units` units of a [d][TILE], whose other
 * lanes are zero, to words. */
struct traversal {
  const struct overlaps *overlaps;
  int64_t words;
  void (*add)(const struct traversal *traversal, int units, const double *a, int64_t *words);
  const double *center;   /* [1 + m]: means of Q_ii and M_ir */
  int first_row, entries; /* add_entries: the first row of S, and the number of entries */
};

/* total [words] = the sums over all units of the network, on all ranks that share it. Collective over these ranks. */
static void traverse(const struct traversal *traversal, const struct local_network *local, int64_t *total) {
  const struct overlaps *overlaps = traversal->overlaps;
  const int64_t units = local_network_units(local), tiles = network_tiles(units);
  const size_t bytes = sizeof *total * (size_t)traversal->words;
  memset(total, 0, bytes);
#pragma omp parallel num_threads(overlaps->threads) if (tiles > 1)
  {
    int64_t *own = alloc_small(bytes);
    double *a = alloc_small(sizeof *a * TILE * (size_t)overlaps->d);
    memset(own, 0, bytes);
#pragma omp for schedule(static)
    for (int64_t t = 0; t < tiles; t++) {
      const int inside = (int)(units - t * TILE < TILE ? units - t * TILE : TILE);
      if (omp_get_thread_num() == 0) heartbeat_beat();
      copy_tile(overlaps, local_network_tile(overlaps->particles, local, t, 0), a);
      for (int k = 0; k < overlaps->d && inside < TILE; k++)
        memset(a + (size_t)k * TILE + inside, 0, sizeof *a * (size_t)(TILE - inside));
      traversal->add(traversal, inside, a, own);
    }
    unit_sum_merge(traversal->words, own, total);
    free(own);
    free(a);
  }
  unit_sum_over_ranks(local, traversal->words, total);
}

static double sum_of(int units, const double *values) {
  double sum = 0;
  for (int i = 0; i < units; i++) sum += values[i];
  return sum;
}

static void add_term(double term, int64_t sum, int64_t *words) {
  unit_sum_add(UNIT_SUM_WIDE, 1, &term, words + sum * WIDE_LIMBS);
}

/* Sums of Q_ii, M_ir for each r, Q_ii^2, and the components of a_i. */
static void add_first_moments(const struct traversal *traversal, int units, const double *a, int64_t *words) {
  const struct overlaps *overlaps = traversal->overlaps;
  const int64_t m = overlaps->m;
  double value[TILE];
  squares(overlaps->d, a, value);
  add_term(sum_of(units, value), 0, words);
  for (int i = 0; i < units; i++) value[i] *= value[i];
  add_term(sum_of(units, value), m + 1, words);
  for (int64_t r = 0; r < m; r++) {
    dot_with(overlaps->d, a, overlaps->teacher + r * overlaps->d, value);
    add_term(sum_of(units, value), r + 1, words);
  }
  for (int k = 0; k < overlaps->d; k++) add_term(sum_of(units, a + (size_t)k * TILE), m + 2 + k, words);
}

/* Sums of the squares of Q_ii and M_ir minus their means. */
static void add_deviations(const struct traversal *traversal, int units, const double *a, int64_t *words) {
  const struct overlaps *overlaps = traversal->overlaps;
  for (int64_t r = 0; r <= overlaps->m; r++) {
    double value[TILE];
    if (r == 0)
      squares(overlaps->d, a, value);
    else
      dot_with(overlaps->d, a, overlaps->teacher + (r - 1) * overlaps->d, value);
    for (int i = 0; i < units; i++) value[i] = (value[i] - traversal->center[r]) * (value[i] - traversal->center[r]);
    add_term(sum_of(units, value), r, words);
  }
}

/* Sums of entries of S: rows first_row, ...; of row k the columns k .. d - 1. */
static void add_entries(const struct traversal *traversal, int units, const double *a, int64_t *words) {
  (void)units; /* the other lanes are zero */
  const int d = traversal->overlaps->d;
  int k = traversal->first_row, l = k;
  for (int e = 0; e < traversal->entries; e++) {
    add_term(row_product(a + (size_t)k * TILE, a + (size_t)l * TILE), e, words);
    if (++l == d) l = ++k;
  }
}

/* Adds to the histograms [m][OVERLAPS_BINS]. A unit of the teacher with a* = 0 has the ratio 0. */
static void count_ratios(const struct traversal *traversal, int units, const double *a, int64_t *words) {
  const struct overlaps *overlaps = traversal->overlaps;
  for (int64_t r = 0; r < overlaps->m; r++) {
    double value[TILE];
    dot_with(overlaps->d, a, overlaps->teacher + r * overlaps->d, value);
    for (int i = 0; i < units; i++) {
      const double ratio = overlaps->square[r] > 0 ? value[i] / overlaps->square[r] : 0,
                   at = floor(ratio * OVERLAPS_BINS_PER_UNIT + 0.5) + OVERLAPS_BINS / 2;
      if (isnan(at)) continue;
      words[r * OVERLAPS_BINS + (int)fmin(fmax(at, 0), OVERLAPS_BINS - 1)]++;
    }
  }
}

/* ---- a network of more than OVERLAPS_UNITS units ---- */

/* mean [count] = the sums of the traversal divided by n. */
static void means(struct traversal *traversal, const struct local_network *local, int count, double *mean) {
  traversal->words = unit_sum_words(UNIT_SUM_WIDE, count);
  int64_t *total = alloc_small(sizeof *total * (size_t)traversal->words);
  traverse(traversal, local, total);
  unit_sum_values(UNIT_SUM_WIDE, count, total, mean);
  for (int i = 0; i < count; i++) mean[i] /= (double)local->n;
  free(total);
}

/* Returns sum_kl (S_kl / n)^2. */
static double square_of_S(const struct overlaps *overlaps, const struct local_network *local) {
  const int d = overlaps->d;
  double *entry = alloc_small(sizeof *entry * ENTRIES), square = NAN;
  int64_t sum[WIDE_LIMBS] = {0};
  for (int first = 0, end = 0; first < d; first = end) {
    struct traversal traversal = {.overlaps = overlaps, .add = add_entries, .first_row = first};
    for (; end < d && traversal.entries + d - end <= ENTRIES; end++) traversal.entries += d - end;
    means(&traversal, local, traversal.entries, entry);
    const double *at = entry;
    for (int k = first; k < end; k++)
      for (int l = k; l < d; l++, at++) wide_sum_add((k == l ? 1 : 2) * *at * *at, sum);
  }
  free(entry);
  return wide_sum_value(sum, &square) ? square : NAN;
}

/* Returns |a|^2 of a [d]. */
static double norm2(int d, const double *a) {
  double sum = 0;
  for (int k = 0; k < d; k++) sum += a[k] * a[k];
  return sum;
}

static void histograms(const struct overlaps *overlaps, const struct local_network *local, double *counts) {
  const struct traversal traversal = {.overlaps = overlaps, .add = count_ratios, .words = overlaps->m * OVERLAPS_BINS};
  int64_t *total = alloc_small(sizeof *total * (size_t)traversal.words);
  traverse(&traversal, local, total);
  for (int64_t i = 0; i < traversal.words; i++) counts[i] = (double)total[i];
  free(total);
}

/* Fills in the row of a large network, in the order of large_arrays. */
static void large_row(const struct overlaps *overlaps, const struct local_network *local, double *row) {
  const int64_t m = overlaps->m;
  const int d = overlaps->d, first = (int)m + 2 + d, second = (int)m + 1;
  const double n = (double)local->n;
  double *mean = alloc_small(sizeof *mean * (size_t)(first + second)), *variance = mean + first;
  struct traversal traversal = {.overlaps = overlaps, .add = add_first_moments};
  means(&traversal, local, first, mean);
  traversal.add = add_deviations;
  traversal.center = mean;
  means(&traversal, local, second, variance);
  row[SELF_MEAN] = mean[0];
  row[SELF_VARIANCE] = variance[0];
  row[PAIR_MEAN] = (n * norm2(d, mean + m + 2) - mean[0]) / (n - 1);
  row[PAIR_SQUARE] = (n * square_of_S(overlaps, local) - mean[m + 1]) / (n - 1);
  memcpy(row + SCALARS, mean + 1, sizeof *row * (size_t)m);
  memcpy(row + SCALARS + m, variance + 1, sizeof *row * (size_t)m);
  if (m > 0) histograms(overlaps, local, row + SCALARS + 2 * m);
  free(mean);
}

/* ---- a network of at most OVERLAPS_UNITS units ---- */

/* Fills in the row of a small network: Q, then M. */
static void small_row(const struct overlaps *overlaps, const struct local_network *local, double *row) {
  const int d = overlaps->d;
  const int64_t n = local->n, m = overlaps->m;
  double *a = alloc_small(sizeof *a * TILE * (size_t)d), *one = alloc_small(sizeof *one * (size_t)d), dot[TILE];
  copy_tile(overlaps, local_network_tile(overlaps->particles, local, 0, 0), a);
  for (int64_t i = 0; i < n; i++) {
    for (int k = 0; k < d; k++) one[k] = a[(size_t)k * TILE + (size_t)i];
    dot_with(d, a, one, dot);
    memcpy(row + i * n, dot, sizeof *row * (size_t)n);
  }
  for (int64_t r = 0; r < m; r++) {
    dot_with(d, a, overlaps->teacher + r * d, dot);
    for (int64_t i = 0; i < n; i++) row[n * n + i * m + r] = dot[i];
  }
  free(a);
  free(one);
}

/* ---- all networks ---- */

/* Allocates the rows, and copies the teacher. */
static int prepare(const struct target *target, int64_t numbers, struct overlaps *overlaps, double **values) {
  const int d = overlaps->d;
  TRY(alloc_array((void **)values, numbers + 1, sizeof **values, "overlaps"));
  memset(*values, 0, sizeof **values * (size_t)numbers);
  TRY(alloc_copy((void **)&overlaps->teacher, overlaps->m * (d + 1) + 1, sizeof(double), "the units of the teacher"));
  overlaps->square = overlaps->teacher + overlaps->m * d;
  for (int64_t r = 0; r < overlaps->m; r++) {
    double unit[TARGET_D_MAX + 1];
    target_teacher_unit(target, r, unit);
    memcpy(overlaps->teacher + r * d, unit + 1, sizeof(double) * (size_t)d);
    overlaps->square[r] = norm2(d, unit + 1);
  }
  return OK;
}

int overlaps_compute(const struct particles *particles, const struct target *target, int threads, double **values) {
  struct overlaps overlaps = {
      .particles = particles, .d = particles->d, .threads = threads, .m = overlaps_teacher_units(target)};
  const int64_t width = overlaps_width(&particles->ensemble, target);
  *values = NULL;
  const int status = comm_agree(particles->comm, prepare(target, particles->locals * width, &overlaps, values));
  if (status != OK) {
    free(overlaps.teacher);
    free(*values);
    *values = NULL;
    return status;
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic)
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].n <= OVERLAPS_UNITS) small_row(&overlaps, &particles->local[s], *values + s * width);
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].n > OVERLAPS_UNITS) large_row(&overlaps, &particles->local[s], *values + s * width);
  free(overlaps.teacher);
  return OK;
}
