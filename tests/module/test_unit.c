// ranks: 1
/* unit: h' and h'' in the unit table are derivatives of h and h'; h and h' of the kernels equal functions in long
 * double within the stated number of ulp, and their h'' that of the table within a bound, at every ISA level of this
 * processor. A new unit type needs one row in `reference`. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "particles/kernel.h"

static void derivatives_match_central_differences(void **state) {
  (void)state;
  for (int unit = 0; unit < UNIT_TYPES; unit++)
    for (double s = -6; s < 3; s += 0.0713) {
      const double eps = 1e-5;
      const double difference = (unit_table[unit].h(s + eps) - unit_table[unit].h(s - eps)) / (2 * eps);
      assert_near(unit_table[unit].dh(s), difference, 1e-8);
      if (unit_table[unit].ddh)
        assert_near(unit_table[unit].ddh(s), (unit_table[unit].dh(s + eps) - unit_table[unit].dh(s - eps)) / (2 * eps),
                    1e-8);
      assert_ptr_equal(unit_find(unit_table[unit].name), &unit_table[unit]);
    }
  assert_null(unit_find("sigmoidal"));
}

/* ---- reference functions in long double ---- */

static long double sigmoid(long double s) {
  return 1 / (1 + expl(-s));
}

static long double sigmoid_dh(long double s) {
  return 1 / ((1 + expl(-s)) * (1 + expl(s)));
}

static long double tanh_dh(long double s) {
  return 1 / (coshl(s) * coshl(s));
}

static long double relu(long double s) {
  return s < 0 ? 0 : s; /* NaN for NaN */
}

static long double relu_dh(long double s) {
  return s > 0;
}

static long double softplus(long double s) {
  return fmaxl(s, 0) + log1pl(expl(-fabsl(s)));
}

static long double erf_h(long double s) {
  return erfl(s / sqrtl(2));
}

static long double erf_dh(long double s) {
  return sqrtl(2 / acosl(-1)) * expl(-s * s / 2);
}

static long double cosine_dh(long double s) {
  return -sinl(s);
}

static long double square(long double s) {
  return s * s;
}

static long double square_dh(long double s) {
  return 2 * s;
}

/* The tested range of s, and the accuracy of h and h' of the kernels there. Errors are in ulp, divided by 1 + linear
 * min(|s|, 354) + square s^2, because an exponential multiplies the rounding error of its argument by the size of the
 * argument. linear and square are [h, h'], low and bound [float, double]. */
static const struct reference {
  long double (*h)(long double), (*dh)(long double);
  double low[2], high; /* range of s */
  double bound[2];     /* largest error */
  double linear[2], square[2];
  bool absolute;    /* error in units of epsilon: near zeros of h and h' the rounding of s dominates */
  bool absolute_dh; /* the same for h' if s > absolute_from: h' is a difference of functions of h there */
  double absolute_from;
  bool without_limits; /* h and h' have no limits at infinity */
} reference[UNIT_TYPES] = {
    [UNIT_SIGMOID] = {sigmoid,
                      sigmoid_dh,
                      {-43, -354},
                      86.5,
                      {4.5, 4.5},
                      {0.125, 0.125},
                      .absolute_dh = true}, /* two vectors share a division */
    [UNIT_TANH] = {tanhl, tanh_dh, {-30, -30}, 30, {6, 4}, {0, 0.125}, .absolute_dh = true, .absolute_from = -INFINITY},
    [UNIT_RELU] = {relu, relu_dh, {-1e4, -1e4}, 1e4, .bound = {0, 0}},
    [UNIT_SOFTPLUS] = {softplus, sigmoid, {-86.5, -86.5}, 1e3, {4.5, 4}, .linear = {0.125, 0.125}},
    [UNIT_ERF] = {erf_h, erf_dh, {-12, -12}, 12, {4, 5}, .square = {0, 0.5}},
    [UNIT_COSINE] = {cosl, cosine_dh, {-1e4, -1e4}, 1e4, {4, 4}, .absolute = true, .without_limits = true},
    [UNIT_SQUARE] = {square, square_dh, {-1e4, -1e4}, 1e4, .bound = {0.51, 0.51}},
    [UNIT_RBF] = {expl, expl, {-86.5, -86.5}, 86.5, {4.5, 4}, .linear = {0.125, 0.125}},
};

/* ---- values of the kernels ---- */

static void put(size_t size, void *reals, int i, double value) {
  const float single = (float)value;
  memcpy((char *)reals + size * (size_t)i, size == sizeof single ? (const void *)&single : &value, size);
}

/* h [TILE] and h' [TILE] of a kernel at s [TILE]: the gradients of units with c = 1, a = 0, b = s at one point. On the
 * sphere, q of the point is s, so each call gives one value. */
static void kernel_values(const struct kernel *kernel, const double *s, double *h, double *dh) {
  double grad[3 * TILE];
  static struct {
    double tile[3 * TILE], x[POINT_PAD], q[POINT_PAD], r[POINT_PAD], sums[3 * TILE];
  } space __attribute__((aligned(64)));
  const bool sphere = unit_table[kernel->unit].manifold == MANIFOLD_SPHERE;
  const size_t size = precision_real(kernel->precision);
  for (int at = 0; at < TILE; at += sphere ? 1 : TILE) {
    memset(&space, 0, sizeof space);
    for (int lane = 0; lane < TILE; lane++) {
      put(size, space.tile, lane, 1);
      put(size, space.tile, TILE + lane, s[lane]);
    }
    put(size, space.q, 0, s[at]);
    put(size, space.r, 0, 1);
    put(size, space.x, 0, 1);
    memset(grad, 0, sizeof grad);
    const struct points points = {.count = 1, .d = 1, .x = space.x, .q = space.q};
    kernel->gradient(space.tile, &points, space.r, NULL, false, space.sums, grad);
    for (int lane = sphere ? at : 0; lane < (sphere ? at + 1 : TILE); lane++) {
      h[lane] = grad[lane];
      dh[lane] = grad[2 * TILE + lane]; /* c h' x, x = 1 */
    }
  }
}

static double ulps(double value, long double exact, bool is_float) {
  /* For results below the smallest normal number, an ulp is that of this number. */
  const double size = fmax(fabs((double)exact), is_float ? FLT_MIN : DBL_MIN);
  if (isinf((double)exact) || (is_float && fabsl(exact) > FLT_MAX)) return isinf(value) ? 0 : INFINITY;
  return (double)(fabsl((long double)value - exact) / (size * (is_float ? FLT_EPSILON : DBL_EPSILON)));
}

static double error_of(const struct reference *unit, bool is_float, double s, int which, double found,
                       long double exact) {
  if (unit->absolute || (unit->absolute_dh && s > unit->absolute_from && which == 1))
    return fabs(found - (double)exact) / (is_float ? FLT_EPSILON : DBL_EPSILON);
  return ulps(found, exact, is_float) / (1 + unit->linear[which] * fmin(fabs(s), 354) + unit->square[which] * s * s);
}

/* worst [2], where [2]: the largest errors of h and h' over the range, and the s at which they occur. */
static void largest_errors(int unit, bool is_float, enum isa isa, double worst[2], double where[2]) {
  enum { SAMPLES = 20000 };
  const struct reference *row = &reference[unit];
  const struct kernel *kernel = kernel_find(unit, is_float ? PRECISION_SINGLE : PRECISION_DOUBLE, isa);
  for (int i = 0; i < SAMPLES; i += TILE) {
    double s[TILE], h[TILE], dh[TILE];
    for (int lane = 0; lane < TILE; lane++) { /* half of the samples evenly over the range, half within +-4 */
      const double u = (i + lane + 0.37) / SAMPLES, low = row->low[!is_float];
      const double value = lane % 2 ? low + (row->high - low) * u : 8 * u - 4;
      s[lane] = is_float ? (float)value : value;
    }
    kernel_values(kernel, s, h, dh);
    for (int lane = 0; lane < TILE; lane++) {
      const long double exact[2] = {row->h(s[lane]), row->dh(s[lane])};
      const double found[2] = {h[lane], dh[lane]};
      for (int which = 0; which < 2; which++) {
        const double error = error_of(row, is_float, s[lane], which, found[which], exact[which]);
        if (isnan(worst[which]) || error <= worst[which]) continue;
        worst[which] = error;
        where[which] = s[lane];
      }
    }
  }
}

static void kernels_are_accurate_over_their_range(void **state) {
  (void)state;
  for (int isa = 0; isa < ISA_LEVELS; isa++)
    for (int unit = 0; unit < UNIT_TYPES && isa_available((enum isa)isa); unit++)
      for (int is_float = 0; is_float < 2; is_float++) {
        double worst[2] = {0, 0}, where[2] = {0, 0};
        assert_non_null(reference[unit].h); /* a unit type without a row */
        largest_errors(unit, is_float, (enum isa)isa, worst, where);
        if (isa == (int)isa_best())
          print_message("%s %s %s: h within %.2f ulp (at %g), h' within %.2f (at %g)\n", unit_table[unit].name,
                        is_float ? "float" : "double", isa_names[isa], worst[0], where[0], worst[1], where[1]);
        for (int which = 0; which < 2; which++)
          expect(worst[which] <= reference[unit].bound[!is_float], "%s of unit %s, %s, %s at %g: %.2f ulp",
                 which ? "h'" : "h", unit_table[unit].name, is_float ? "float" : "double", isa_names[isa], where[which],
                 worst[which]);
      }
  assert_expected();
}

static void derivatives_of_kernels_are_those_of_the_table(void **state) {
  (void)state;
  static union {
    double d[4][TILE];
    float f[4][TILE];
  } values __attribute__((aligned(64)));
  for (int isa = 0; isa < ISA_LEVELS; isa++)
    for (int unit = 0; unit < UNIT_TYPES && isa_available((enum isa)isa); unit++)
      for (int i = 0; i < 400; i++) {
        const bool is_float = i % 2;
        const struct unit *row = &unit_table[unit];
        const size_t size = is_float ? sizeof(float) : sizeof(double);
        for (int lane = 0; lane < TILE; lane++) put(size, &values, lane, -6 + 12 * (i * TILE + lane) / (400.0 * TILE));
        char *s = (char *)&values;
        kernel_find(unit, is_float ? PRECISION_SINGLE : PRECISION_DOUBLE, (enum isa)isa)
            ->derivatives(TILE, s, s + size * TILE, s + 2 * size * TILE, s + 3 * size * TILE);
        for (int lane = 0; lane < TILE; lane++) {
          double found[4];
          for (int k = 0; k < 4; k++) found[k] = is_float ? values.f[k][lane] : values.d[k][lane];
          const double exact[] = {row->h(found[0]), row->dh(found[0]), row->ddh ? row->ddh(found[0]) : 0};
          const double most = 16 * (is_float ? FLT_EPSILON : DBL_EPSILON) *
                              (1 + (fabs(exact[0]) + fabs(exact[1])) * (1 + pow(found[0], 2)));
          for (int k = 0; k < 3; k++)
            expect(fabs(found[k + 1] - exact[k]) <= most, "derivative %d of unit %s, %s at %g: %g, expected %g", k,
                   row->name, isa_names[isa], found[0], found[k + 1], exact[k]);
        }
      }
  assert_expected();
}

/* Whether found is the limit of h or h' (which = 0, 1). Arguments are clamped so that the product of two denominators
 * is finite, which leaves tails of about 1e-18 (float); h' of sigmoid and tanh has an absolute error of a few ulp of 1.
 * An infinite limit may appear as a large number, or as NaN because of padding points with weight 0: the exact sum
 * rejects all terms beyond 2^39. */
static bool is_limit(const struct reference *unit, bool is_float, int which, double found, double limit) {
  const double huge = is_float ? 1e37 : 1e300;
  if (!(fabs(limit) < huge)) return !(fabs(found) < huge);
  const double eps = is_float ? FLT_EPSILON : DBL_EPSILON;
  const double absolute = unit->absolute_dh && which == 1 ? 6 * eps : is_float ? 1e-18 : 1e-150;
  return fabs(found - limit) <= (is_float ? 1e-6 : 1e-12) * fabs(limit) + absolute;
}

static void extreme_arguments_give_limits(void **state) {
  (void)state;
  const double extremes[] = {-1e30, 1e30, -INFINITY, INFINITY, NAN, -200, 200, -1000, 1000};
  for (int isa = 0; isa < ISA_LEVELS; isa++)
    for (int unit = 0; unit < UNIT_TYPES && isa_available((enum isa)isa); unit++)
      for (size_t i = 0; i < 2 * sizeof extremes / sizeof *extremes && !reference[unit].without_limits; i++) {
        const bool is_float = i % 2;
        const double at = extremes[i / 2];
        double s[TILE], h[TILE], dh[TILE];
        for (int lane = 0; lane < TILE; lane++) s[lane] = at;
        kernel_values(kernel_find(unit, is_float ? PRECISION_SINGLE : PRECISION_DOUBLE, (enum isa)isa), s, h, dh);
        const double limit[2] = {(double)reference[unit].h(at), (double)reference[unit].dh(at)},
                     found[2] = {h[0], dh[0]};
        for (int which = 0; which < 2; which++)
          expect(is_limit(&reference[unit], is_float, which, found[which], limit[which]),
                 "%s of unit %s, %s, %s at %g: %g, expected %g", which ? "h'" : "h", unit_table[unit].name,
                 is_float ? "float" : "double", isa_names[isa], at, found[which], limit[which]);
      }
  assert_expected();
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_match_central_differences),
      cmocka_unit_test(kernels_are_accurate_over_their_range),
      cmocka_unit_test(derivatives_of_kernels_are_those_of_the_table),
      cmocka_unit_test(extreme_arguments_give_limits),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
