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

static void fill_real(enum precision precision, void *to, const double *from, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    if (precision_real(precision) == sizeof(float))
      ((float *)to)[i] = (float)from[i];
    else
      ((double *)to)[i] = from[i];
}

static void *aligned(size_t bytes) {
  void *memory;
  if (alloc_array(&memory, 1, bytes, "test") != OK) die("%s", error_text());
  memset(memory, 0, bytes);
  return memory;
}

static struct kernel_case case_of(int unit, int d, int tiles, int count, enum precision precision, enum isa isa) {
  struct kernel_case s = {.unit = unit, .d = d, .tiles = tiles, .count = count, .precision = precision, .isa = isa};
  s.kernel = kernel_find(unit, precision, isa);
  s.spec = (struct unit_spec){.type = unit, .alpha = 0.3, .train = 7};
  const size_t numbers = (size_t)tiles * TILE * (size_t)(d + 2);
  const struct rng rng = {(uint64_t)(unit * 1000 + d), RNG_INIT_A, (uint64_t)count, 0};
  s.tile = aligned(sizeof(double) * numbers);
  s.direction = aligned(sizeof(double) * numbers);
  s.x = aligned(sizeof(double) * (size_t)(count * d));
  s.q = aligned(sizeof(double) * (size_t)count);
  s.r = aligned(sizeof(double) * (size_t)count);
  rng_normal(&rng, 1, (int)numbers, s.tile);
  for (size_t i = 0; i < numbers; i++) s.tile[i] = as_real(precision, s.tile[i] * (d > 30 ? 0.3 : 1));
  rng_normal(&rng, 3, (int)numbers, s.direction);
  for (size_t i = 0; i < numbers; i++) {
    const bool none = unit_table[unit].manifold == MANIFOLD_SPHERE && i / TILE % (size_t)(tile_rows(d)) == ROW_B;
    s.direction[i] = none ? 0 : as_real(precision, s.direction[i]);
  }
  for (int p = 0; p < count; p++) rng_sphere(&rng, (uint64_t)(10 + p), d, s.x + p * d);
  rng_normal(&rng, 2, count, s.r);
  for (int p = 0; p < count; p++) s.r[p] = as_real(precision, s.r[p]);
  assert_int_equal(points_alloc(&s.points, precision, count, d), OK);
  points_set(&s.points, precision, &s.spec, count, d, s.x);
  for (int i = 0; i < count * d; i++)
    s.x[i] = precision_real(precision) == 4 ? ((float *)s.points.x)[i] : ((double *)s.points.x)[i];
  for (int i = 0; i < count; i++)
    s.q[i] = precision_real(precision) == 4 ? ((float *)s.points.q)[i] : ((double *)s.points.q)[i];
  s.real_tile = aligned(sizeof(double) * numbers);
  fill_real(precision, s.real_tile, s.tile, (int64_t)numbers);
  s.real_direction = aligned(sizeof(double) * numbers);
  fill_real(precision, s.real_direction, s.direction, (int64_t)numbers);
  s.real_r = aligned(sizeof(double) * (size_t)(count + POINT_PAD));
  fill_real(precision, s.real_r, s.r, count);
  const size_t a = forward_scratch(count), b = gradient_scratch(d);
  s.scratch = aligned(a > b ? a : b);
  return s;
}

static void case_free(struct kernel_case *s) {
  points_free(&s->points);
  free(s->tile);
  free(s->direction);
  free(s->real_direction);
  free(s->x);
  free(s->q);
  free(s->r);
  free(s->real_tile);
  free(s->real_r);
  free(s->scratch);
}

static void check_case(struct kernel_case *s) {
  const double eps = precision_real(s->precision) == 4 ? 0x1p-24 : 0x1p-53;
  static double sum[COUNT_MAX], naive[COUNT_MAX], grad[FIELDS_MAX * TILE], twin[FIELDS_MAX * TILE];
  s->kernel->forward(s->tiles, s->real_tile, &s->points, s->scratch, sum);
  naive_forward(s->unit, s->tiles, s->tile, s->count, s->d, s->x, s->q, naive);
  for (int p = 0; p < s->count; p++) {
    /* TILE * tiles terms of size up to |c| max h, each with relative error eps times the argument of h */
    const double scale = 400 * eps * s->tiles * sqrt(s->d + 2) * 8;
    if (!(fabs(sum[p] - naive[p]) <= scale * fmax(1, fabs(naive[p])))) {
      print_error("%s %s %s d %d tiles %d count %d: sum[%d] = %.17g, naive %.17g\n", unit_table[s->unit].name,
                  precision_names[s->precision], isa_names[s->isa], s->d, s->tiles, s->count, p, sum[p], naive[p]);
      fail();
    }
  }
  memset(grad, 0, sizeof grad);
  memset(twin, 0, sizeof twin);
  s->kernel->squares(s->real_tile, &s->points, grad);
  naive_squares(s->unit, s->tile, s->count, s->d, s->x, s->q, twin);
  for (int i = 0; i < TILE; i++) { /* count terms, each with relative error eps times the argument of h */
    const double scale = 60 * eps * sqrt(s->d + 2) * 8;
    if (!(fabs(grad[i] - twin[i]) <= scale * fmax(s->count, twin[i]))) {
      print_error("%s %s %s d %d count %d: square[%d] = %.17g, naive %.17g\n", unit_table[s->unit].name,
                  precision_names[s->precision], isa_names[s->isa], s->d, s->count, i, grad[i], twin[i]);
      fail();
    }
  }
  memset(grad, 0, sizeof grad);
  memset(twin, 0, sizeof twin);
  s->kernel->gradient(s->real_tile, &s->points, s->real_r, s->scratch, grad);
  naive_gradient(s->unit, s->tile, s->count, s->d, s->x, s->q, s->r, twin);
  for (int i = 0; i < (s->d + 2) * TILE; i++) {
    const double scale = 60 * eps * sqrt((double)s->count * (s->d + 2)) * 8;
    if (!(fabs(grad[i] - twin[i]) <= scale * fmax(1, fabs(twin[i])))) {
      print_error("%s %s %s d %d count %d: grad[%d][%d] = %.17g, naive %.17g\n", unit_table[s->unit].name,
                  precision_names[s->precision], isa_names[s->isa], s->d, s->count, i / TILE, i % TILE, grad[i],
                  twin[i]);
      fail();
    }
  }
}

/* along equals its naive twin, and it is the transpose of the gradient: sum_p r_p (J.g)_p = (J^T r).g. */
static void check_along(struct kernel_case *s) {
  const double eps = precision_real(s->precision) == 4 ? 0x1p-24 : 0x1p-53;
  static double sum[COUNT_MAX], naive[COUNT_MAX], grad[FIELDS_MAX * TILE];
  s->kernel->directional(s->tiles, s->real_tile, s->real_direction, &s->points, s->scratch, sum);
  naive_directional(s->unit, s->tiles, s->tile, s->direction, s->count, s->d, s->x, s->q, naive);
  for (int p = 0; p < s->count; p++) {
    const double scale = 400 * eps * s->tiles * (s->d + 2) * 8;
    if (!(fabs(sum[p] - naive[p]) <= scale * fmax(1, fabs(naive[p])))) {
      print_error("%s %s %s d %d tiles %d count %d: along[%d] = %.17g, naive %.17g\n", unit_table[s->unit].name,
                  precision_names[s->precision], isa_names[s->isa], s->d, s->tiles, s->count, p, sum[p], naive[p]);
      fail();
    }
  }
  double left = 0, right = 0, size = 0;
  const int numbers = tile_rows(s->d) * TILE;
  s->kernel->directional(1, s->real_tile, s->real_direction, &s->points, s->scratch, sum);
  memset(grad, 0, sizeof grad);
  s->kernel->gradient(s->real_tile, &s->points, s->real_r, s->scratch, grad);
  for (int p = 0; p < s->count; p++) left += s->r[p] * sum[p];
  for (int i = 0; i < numbers; i++) right += grad[i] * s->direction[i];
  for (int i = 0; i < numbers; i++) size += fabs(grad[i] * s->direction[i]);
  assert_true(fabs(left - right) <= 1000 * eps * (size + 1));
}

static void kernels_equal_their_naive_twins(void **state) {
  (void)state;
  const int ds[] = {1, 2, 3, 5, 8, 25, 130}, counts[] = {1, 5, 6, 7, 48, 49, 333};
  for (int isa = 0; isa < ISA_LEVELS; isa++) {
    if (isa > (int)isa_best()) {
      print_message("this processor has no level %s: not tested\n", isa_names[isa]);
      continue;
    }
    for (int unit = 0; unit < UNIT_TYPES; unit++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int i = 0; i < 7; i++) {
          struct kernel_case s = case_of(unit, ds[i], 1 + i % BLOCK_TILES, counts[(i + unit) % 7],
                                         (enum precision)precision, (enum isa)isa);
          check_case(&s);
          check_along(&s);
          case_free(&s);
        }
  }
}

static void non_finite_parameters_give_non_finite_outputs(void **state) {
  (void)state;
  for (int isa = 0; isa <= (int)isa_best(); isa++)
    for (int unit = 0; unit < UNIT_TYPES; unit++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (int field = 0; field < 5; field++) {
          if (unit_table[unit].manifold == MANIFOLD_SPHERE && field == ROW_B) continue;
          struct kernel_case s = case_of(unit, 3, 1, 9, (enum precision)precision, (enum isa)isa);
          double sum[9];
          if (precision_real(s.precision) == 4)
            ((float *)s.real_tile)[field * TILE + 5] = NAN;
          else
            ((double *)s.real_tile)[field * TILE + 5] = NAN;
          s.kernel->forward(1, s.real_tile, &s.points, s.scratch, sum);
          for (int p = 0; p < 9; p++) assert_true(!isfinite(sum[p]));
          case_free(&s);
        }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernels_equal_their_naive_twins),
      cmocka_unit_test(non_finite_parameters_give_non_finite_outputs),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
