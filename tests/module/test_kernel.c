// ranks: 1
/* kernel: the kernels equal their naive twins for every unit type, precision and ISA level of this processor, with and
 * without padding of the points; non-finite parameters give non-finite outputs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "harness.h"
#include "particles/kernel.h"
#include "particles/number.h"

enum { FIELDS_MAX = 130 + 2, COUNT_MAX = 340 };

struct kernel_case {
  int unit, d, tiles, count;
  enum precision precision;
  enum isa isa;
  const struct kernel *kernel;
  struct unit_spec spec;
  struct points points;
  double *tile, *direction, *x, *q, *r; /* in double, rounded to the reals of the kernel */
  void *real_tile, *real_direction, *real_r, *scratch;
};

static double as_real(enum precision precision, double value) {
  return precision_real(precision) == sizeof(float) ? (float)value : value;
}

static void fill_real(enum precision precision, void *to, const double *from, size_t count) {
  for (size_t i = 0; i < count; i++) number_put(precision_real(precision), to, i, from[i]);
}

static void *aligned(size_t bytes) {
  void *memory;
  if (alloc_array(&memory, 1, bytes, "test") != OK) die("%s", error_text());
  memset(memory, 0, bytes);
  return memory;
}

static struct kernel_case case_of(int unit, int d, int tiles, int count, enum precision precision, enum isa isa) {
  struct kernel_case c = {.unit = unit, .d = d, .tiles = tiles, .count = count, .precision = precision, .isa = isa};
  c.kernel = kernel_find(unit, precision, isa);
  c.spec = (struct unit_spec){.type = unit, .alpha = 0.3, .train = 7};
  const size_t numbers = (size_t)tiles * TILE * (size_t)(d + 2);
  const struct rng rng = {(uint64_t)(unit * 1000 + d), RNG_INIT_A, (uint64_t)count, 0};
  c.tile = aligned(sizeof(double) * numbers);
  c.direction = aligned(sizeof(double) * numbers);
  c.x = aligned(sizeof(double) * (size_t)(count * d));
  c.q = aligned(sizeof(double) * (size_t)count);
  c.r = aligned(sizeof(double) * (size_t)count);
  rng_normal(&rng, 1, (int)numbers, c.tile);
  for (size_t i = 0; i < numbers; i++) c.tile[i] = as_real(precision, c.tile[i] * (d > 30 ? 0.3 : 1));
  rng_normal(&rng, 3, (int)numbers, c.direction);
  for (size_t i = 0; i < numbers; i++) {
    const bool none = unit_table[unit].manifold == MANIFOLD_SPHERE && i / TILE % (size_t)(tile_rows(d)) == ROW_B;
    c.direction[i] = none ? 0 : as_real(precision, c.direction[i]);
  }
  for (int p = 0; p < count; p++) rng_sphere(&rng, (uint64_t)(10 + p), d, c.x + p * d);
  rng_normal(&rng, 2, count, c.r);
  for (int p = 0; p < count; p++) c.r[p] = as_real(precision, c.r[p]);
  assert_int_equal(points_alloc(&c.points, precision, count, d), OK);
  points_set(&c.points, precision, &c.spec, count, d, c.x);
  const size_t real = precision_real(precision);
  for (size_t i = 0; i < (size_t)(count * d); i++) c.x[i] = number_get(real, c.points.x, i);
  for (size_t i = 0; i < (size_t)count; i++) c.q[i] = number_get(real, c.points.q, i);
  c.real_tile = aligned(sizeof(double) * numbers);
  fill_real(precision, c.real_tile, c.tile, numbers);
  c.real_direction = aligned(sizeof(double) * numbers);
  fill_real(precision, c.real_direction, c.direction, numbers);
  c.real_r = aligned(sizeof(double) * (size_t)(count + POINT_PAD));
  fill_real(precision, c.real_r, c.r, (size_t)count);
  const size_t a = forward_scratch(count), b = gradient_sums(d);
  c.scratch = aligned(a > b ? a : b);
  return c;
}

static void case_free(struct kernel_case *c) {
  points_free(&c->points);
  free(c->tile);
  free(c->direction);
  free(c->real_direction);
  free(c->x);
  free(c->q);
  free(c->r);
  free(c->real_tile);
  free(c->real_r);
  free(c->scratch);
}

static void check_case(struct kernel_case *c) {
  const double eps = precision_real(c->precision) == 4 ? 0x1p-24 : 0x1p-53;
  static double sum[COUNT_MAX], naive[COUNT_MAX], grad[FIELDS_MAX * TILE], twin[FIELDS_MAX * TILE];
  c->kernel->forward(c->tiles, c->real_tile, &c->points, false, c->scratch, NULL, sum);
  naive_forward(c->unit, c->tiles, c->tile, c->count, c->d, c->x, c->q, naive);
  for (int p = 0; p < c->count; p++) {
    /* TILE * tiles terms of size up to |c| max h, each with relative error eps times the argument of h */
    const double scale = 400 * eps * c->tiles * sqrt(c->d + 2) * 8;
    if (!(fabs(sum[p] - naive[p]) <= scale * fmax(1, fabs(naive[p])))) {
      print_error("%s %s %s d %d tiles %d count %d: sum[%d] = %.17g, naive %.17g\n", unit_table[c->unit].name,
                  precision_names[c->precision], isa_names[c->isa], c->d, c->tiles, c->count, p, sum[p], naive[p]);
      fail();
    }
  }
  memset(grad, 0, sizeof grad);
  memset(twin, 0, sizeof twin);
  c->kernel->squares(c->real_tile, &c->points, grad);
  naive_squares(c->unit, c->tile, c->count, c->d, c->x, c->q, twin);
  for (int i = 0; i < TILE; i++) { /* count terms, each with relative error eps times the argument of h */
    const double scale = 60 * eps * sqrt(c->d + 2) * 8;
    if (!(fabs(grad[i] - twin[i]) <= scale * fmax(c->count, twin[i]))) {
      print_error("%s %s %s d %d count %d: square[%d] = %.17g, naive %.17g\n", unit_table[c->unit].name,
                  precision_names[c->precision], isa_names[c->isa], c->d, c->count, i, grad[i], twin[i]);
      fail();
    }
  }
  memset(grad, 0, sizeof grad);
  memset(twin, 0, sizeof twin);
  c->kernel->gradient(c->real_tile, &c->points, c->real_r, NULL, false, c->scratch, grad);
  naive_gradient(c->unit, c->tile, c->count, c->d, c->x, c->q, c->r, twin);
  for (int i = 0; i < (c->d + 2) * TILE; i++) {
    const double scale = 60 * eps * sqrt((double)c->count * (c->d + 2)) * 8;
    if (!(fabs(grad[i] - twin[i]) <= scale * fmax(1, fabs(twin[i])))) {
      print_error("%s %s %s d %d count %d: grad[%d][%d] = %.17g, naive %.17g\n", unit_table[c->unit].name,
                  precision_names[c->precision], isa_names[c->isa], c->d, c->count, i / TILE, i % TILE, grad[i],
                  twin[i]);
      fail();
    }
  }
}

/* The outputs, and the gradient of each tile, have the same bits with and without kept activations. */
static void check_activations(const struct kernel_case *c) {
  static double sum[COUNT_MAX], kept_sum[COUNT_MAX], grad[FIELDS_MAX * TILE], kept_grad[FIELDS_MAX * TILE];
  const size_t real = precision_real(c->precision), numbers = tile_numbers(c->d);
  const size_t of_tile = real * TILE * (size_t)c->count * (size_t)c->kernel->kept;
  char *activations = aligned(of_tile * (size_t)c->tiles);
  c->kernel->forward(c->tiles, c->real_tile, &c->points, false, c->scratch, NULL, sum);
  c->kernel->forward(c->tiles, c->real_tile, &c->points, false, c->scratch, activations, kept_sum);
  assert_memory_equal(sum, kept_sum, sizeof *sum * (size_t)c->count);
  for (size_t t = 0; t < (size_t)c->tiles; t++) {
    const char *tile = (const char *)c->real_tile + real * numbers * t;
    for (size_t i = 0; i < numbers; i++) grad[i] = kept_grad[i] = 1;
    c->kernel->gradient(tile, &c->points, c->real_r, NULL, false, c->scratch, grad);
    c->kernel->gradient(tile, &c->points, c->real_r, activations + of_tile * t, false, c->scratch, kept_grad);
    assert_memory_equal(grad, kept_grad, sizeof *grad * numbers);
  }
  free(activations);
}

/* The outputs have the same bits if the tiles are added one by one, and the gradient of a tile has the same bits if its
 * points are added in pieces. */
static void check_pieces(const struct kernel_case *c) {
  static double sum[COUNT_MAX], pieces_sum[COUNT_MAX], grad[FIELDS_MAX * TILE], pieces_grad[FIELDS_MAX * TILE];
  const size_t real = precision_real(c->precision), numbers = tile_numbers(c->d);
  c->kernel->forward(c->tiles, c->real_tile, &c->points, false, c->scratch, NULL, sum);
  for (int t = 0; t < c->tiles; t++)
    c->kernel->forward(1, (const char *)c->real_tile + real * numbers * (size_t)t, &c->points, t > 0, c->scratch, NULL,
                       t == c->tiles - 1 ? pieces_sum : NULL);
  assert_memory_equal(sum, pieces_sum, sizeof *sum * (size_t)c->count);
  for (size_t i = 0; i < numbers; i++) grad[i] = pieces_grad[i] = 1;
  c->kernel->gradient(c->real_tile, &c->points, c->real_r, NULL, false, c->scratch, grad);
  for (int first = 0; first < c->count; first += POINT_GROUP) {
    struct points piece = c->points;
    const bool last = c->count - first <= POINT_GROUP;
    piece.count = last ? c->count - first : POINT_GROUP;
    piece.x = (char *)piece.x + real * (size_t)(first * c->d);
    piece.q = (char *)piece.q + real * (size_t)first;
    c->kernel->gradient(c->real_tile, &piece, (const char *)c->real_r + real * (size_t)first, NULL, first > 0,
                        c->scratch, last ? pieces_grad : NULL);
  }
  assert_memory_equal(grad, pieces_grad, sizeof *grad * numbers);
}

/* along equals its naive twin, and it is the transpose of the gradient: sum_p r_p (J.g)_p = (J^T r).g. */
static void check_along(struct kernel_case *c) {
  const double eps = precision_real(c->precision) == 4 ? 0x1p-24 : 0x1p-53;
  static double sum[COUNT_MAX], naive[COUNT_MAX], grad[FIELDS_MAX * TILE];
  c->kernel->directional(c->tiles, c->real_tile, c->real_direction, &c->points, c->scratch, sum);
  naive_directional(c->unit, c->tiles, c->tile, c->direction, c->count, c->d, c->x, c->q, naive);
  for (int p = 0; p < c->count; p++) {
    const double scale = 400 * eps * c->tiles * (c->d + 2) * 8;
    if (!(fabs(sum[p] - naive[p]) <= scale * fmax(1, fabs(naive[p])))) {
      print_error("%s %s %s d %d tiles %d count %d: along[%d] = %.17g, naive %.17g\n", unit_table[c->unit].name,
                  precision_names[c->precision], isa_names[c->isa], c->d, c->tiles, c->count, p, sum[p], naive[p]);
      fail();
    }
  }
  double left = 0, right = 0, size = 0;
  const int numbers = tile_rows(c->d) * TILE;
  c->kernel->directional(1, c->real_tile, c->real_direction, &c->points, c->scratch, sum);
  memset(grad, 0, sizeof grad);
  c->kernel->gradient(c->real_tile, &c->points, c->real_r, NULL, false, c->scratch, grad);
  for (int p = 0; p < c->count; p++) left += c->r[p] * sum[p];
  for (int i = 0; i < numbers; i++) right += grad[i] * c->direction[i];
  for (int i = 0; i < numbers; i++) size += fabs(grad[i] * c->direction[i]);
  assert_true(fabs(left - right) <= 1000 * eps * (size + 1));
}

static void kernels_equal_their_naive_twins(void **state) {
  (void)state;
  const int ds[] = {1, 2, 3, 5, 8, 25, 130}, counts[] = {1, 5, 6, 7, 48, 49, 333};
  for (int isa = 0; isa < ISA_LEVELS; isa++) {
    if (!isa_available((enum isa)isa)) continue;
    print_message("level %s\n", isa_names[isa]);
    for (int unit = 0; unit < UNIT_TYPES; unit++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int i = 0; i < 7; i++) {
          struct kernel_case c = case_of(unit, ds[i], 1 + i % BLOCK_TILES, counts[(i + unit) % 7],
                                         (enum precision)precision, (enum isa)isa);
          check_case(&c);
          check_along(&c);
          check_activations(&c);
          check_pieces(&c);
          case_free(&c);
        }
  }
}

static void non_finite_parameters_give_non_finite_outputs(void **state) {
  (void)state;
  for (int isa = 0; isa < ISA_LEVELS; isa++)
    for (int unit = 0; unit < UNIT_TYPES && isa_available((enum isa)isa); unit++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int field = 0; field < 5; field++) {
          if (unit_table[unit].manifold == MANIFOLD_SPHERE && field == ROW_B) continue;
          struct kernel_case c = case_of(unit, 3, 1, 9, (enum precision)precision, (enum isa)isa);
          double sum[9];
          number_put(precision_real(c.precision), c.real_tile, (size_t)(field * TILE + 5), NAN);
          c.kernel->forward(1, c.real_tile, &c.points, false, c.scratch, NULL, sum);
          for (int p = 0; p < 9; p++) assert_true(!isfinite(sum[p]));
          case_free(&c);
        }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_equal_their_naive_twins),
      cmocka_unit_test(non_finite_parameters_give_non_finite_outputs),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
