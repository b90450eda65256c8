// ranks: 1
/* unit: the table's h and h' are a function and its derivative; the kernels' h and h' agree with long double within
 * stated units in the last place over their range, at every level this processor runs. */
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
      assert_ptr_equal(unit_find(unit_table[unit].name), &unit_table[unit]);
    }
  assert_null(unit_find("sigmoidal"));
}

static long double exact_h(int unit, long double s) {
  switch (unit) {
  case UNIT_SIGMOID:
    return 1 / (1 + expl(-s));
  case UNIT_TANH:
    return tanhl(s);
  case UNIT_RELU:
    return s > 0 ? s : 0;
  case UNIT_SOFTPLUS:
    return fmaxl(s, 0) + log1pl(expl(-fabsl(s)));
  case UNIT_ERF:
    return erfl(s / sqrtl(2));
  case UNIT_COSINE:
    return cosl(s);
  default:
    return expl(s);
  }
}

static long double exact_dh(int unit, long double s) {
  switch (unit) {
  case UNIT_SIGMOID:
    return 1 / ((1 + expl(-s)) * (1 + expl(s)));
  case UNIT_TANH:
    return 1 / (coshl(s) * coshl(s));
  case UNIT_RELU:
    return s > 0;
  case UNIT_SOFTPLUS:
    return 1 / (1 + expl(-s));
  case UNIT_ERF:
    return sqrtl(2 / acosl(-1)) * expl(-s * s / 2);
  case UNIT_COSINE:
    return -sinl(s);
  default:
    return expl(s);
  }
}

static void put(size_t size, void *reals, int i, double value) {
  const float single = (float)value;
  memcpy((char *)reals + size * (size_t)i, size == sizeof single ? (const void *)&single : &value, size);
}

/* h and h' of a kernel at TILE values of s: units with c = 1, a = 0, b = s, whose gradients are h and h'. For the
 * sphere s comes with the point. */
static void kernel_values(const struct kernel *kernel, const double *s, double *h, double *dh) {
  double grad[3 * TILE];
  static struct {
    double tile[3 * TILE], x[POINT_PAD], q[POINT_PAD], r[POINT_PAD], scratch[64];
  } space __attribute__((aligned(64)));
  const bool sphere = unit_table[kernel->unit].sphere;
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
    kernel->gradient(space.tile, &points, space.r, space.scratch, grad);
    for (int lane = sphere ? at : 0; lane < (sphere ? at + 1 : TILE); lane++) {
      h[lane] = grad[lane];
      dh[lane] = grad[2 * TILE + lane]; /* c h' x, x = 1 */
    }
  }
}

static double ulps(double value, long double exact, bool is_float) {
  /* Results below the normal numbers are held to the last place of the smallest of them. */
  const double size = fmax(fabs((double)exact), is_float ? FLT_MIN : DBL_MIN);
  if (isinf((double)exact) || (is_float && fabsl(exact) > FLT_MAX)) return isinf(value) ? 0 : INFINITY;
  return (double)(fabsl((long double)value - exact) / (size * (is_float ? FLT_EPSILON : DBL_EPSILON)));
}

/* Bounds in units of epsilon times the value; h' of tanh in single precision, and near zeros of cos and sin (their
 * argument is rounded), in units of epsilon. */
static const struct {
  double low, high, float_bound, double_bound;
} range[UNIT_TYPES] = {
    [UNIT_SIGMOID] = {-43, 86.5, 4.5, 4.5}, [UNIT_TANH] = {-30, 30, 6, 4}, [UNIT_RELU] = {-1e4, 1e4, 0, 0},
    [UNIT_SOFTPLUS] = {-86.5, 1e3, 4.5, 4}, [UNIT_ERF] = {-12, 12, 4, 5},  [UNIT_COSINE] = {-1e4, 1e4, 4, 4},
    [UNIT_RBF] = {-86.5, 86.5, 4.5, 4},
};

static double error_of(int unit, bool is_float, double s, bool derivative, double found, long double exact) {
  const double absolute = fabs(found - (double)exact) / (is_float ? FLT_EPSILON : DBL_EPSILON);
  if (unit == UNIT_COSINE || (unit == UNIT_TANH && is_float && derivative)) return absolute;
  /* Exponentials carry the rounding of their argument times its size. */
  double allowance = 1;
  if (unit == UNIT_SIGMOID || unit == UNIT_SOFTPLUS || unit == UNIT_RBF) allowance += fmin(fabs(s), 354) / 8;
  if (unit == UNIT_ERF && derivative) allowance += s * s / 2;
  if (unit == UNIT_TANH && derivative) allowance += fabs(s) / 8;
  return ulps(found, exact, is_float) / allowance;
}

static void kernels_are_accurate_over_their_range(void **state) {
  (void)state;
  for (int isa = 0; isa <= (int)isa_best(); isa++)
    for (int unit = 0; unit < UNIT_TYPES; unit++)
      for (int precision = 0; precision < PRECISIONS; precision += PRECISION_DOUBLE) {
        const bool is_float = precision != PRECISION_DOUBLE;
        const struct kernel *kernel = kernel_find(unit, (enum precision)precision, (enum isa)isa);
        double worst[2] = {0, 0}, where[2] = {0, 0};
        enum { SAMPLES = 20000 };
        for (int i = 0; i < SAMPLES; i += TILE) {
          double s[TILE], h[TILE], dh[TILE];
          for (int lane = 0; lane < TILE; lane++) {
            /* half of the samples evenly over the range, half within +-4 */
            const double u = (i + lane + 0.37) / SAMPLES;
            const double low = unit == UNIT_SIGMOID && !is_float ? -354 : range[unit].low; /* shared divisions */
            const double value = lane % 2 ? low + (range[unit].high - low) * u : 8 * u - 4;
            s[lane] = is_float ? (float)value : value;
          }
          kernel_values(kernel, s, h, dh);
          for (int lane = 0; lane < TILE; lane++) {
            long double exact[2] = {exact_h(unit, s[lane]), exact_dh(unit, s[lane])};
            const double found[2] = {h[lane], dh[lane]};
            for (int which = 0; which < 2; which++) {
              const double error = error_of(unit, is_float, s[lane], which == 1, found[which], exact[which]);
              if (!(error <= worst[which])) {
                worst[which] = error;
                where[which] = s[lane];
              }
            }
          }
        }
        const double bound = is_float ? range[unit].float_bound : range[unit].double_bound;
        if (isa == (int)isa_best())
          print_message("%s %s %s: h within %.2f ulp (at %g), h' within %.2f (at %g)\n", unit_table[unit].name,
                        is_float ? "float" : "double", isa_names[isa], worst[0], where[0], worst[1], where[1]);
        for (int which = 0; which < 2; which++)
          expect(worst[which] <= bound, "%s of unit %s, %s, %s at %g: %.2f ulp", which ? "h'" : "h",
                 unit_table[unit].name, is_float ? "float" : "double", isa_names[isa], where[which], worst[which]);
      }
  assert_expected();
}

/* Tails end where products of two denominators are finite; h' of tanh in single precision is good to the last place
 * of 1. Infinities may arrive as large numbers, or as NaN through padding points of weight 0: the exact sum refuses all
 * that is beyond 2^39 alike. */
static bool is_limit(int unit, bool is_float, bool derivative, double found, double want) {
  const double huge = is_float ? 1e37 : 1e300;
  if (!(fabs(want) < huge)) return !(fabs(found) < huge);
  const double absolute = !is_float ? 1e-150 : unit == UNIT_TANH && derivative ? 6 * FLT_EPSILON : 1e-18;
  return fabs(found - want) <= (is_float ? 1e-6 : 1e-12) * fabs(want) + absolute;
}

static void extreme_arguments_give_limits(void **state) {
  (void)state;
  const double s[9] = {-1e30, 1e30, -INFINITY, INFINITY, NAN, -200, 200, -1000, 1000};
  const struct {
    int unit;
    double h[9], dh[9];
  } limit[] = {
      {UNIT_SIGMOID,
       {0, 1, 0, 1, NAN, 1.3838965267367376e-87, 1, 0, 1},
       {0, 0, 0, 0, NAN, 1.3838965267367376e-87, 1.3838965267367376e-87, 0, 0}},
      {UNIT_TANH,
       {-1, 1, -1, 1, NAN, -1, 1, -1, 1},
       {0, 0, 0, 0, NAN, 7.660678386856023e-174, 7.660678386856023e-174, 0, 0}},
      {UNIT_RELU, {0, 1e30, 0, INFINITY, NAN, 0, 200, 0, 1000}, {0, 1, 0, 1, 0, 0, 1, 0, 1}},
      {UNIT_SOFTPLUS,
       {0, 1e30, 0, INFINITY, NAN, 1.3838965267367376e-87, 200, 0, 1000},
       {0, 1, 0, 1, NAN, 1.3838965267367376e-87, 1, 0, 1}},
      {UNIT_ERF, {-1, 1, -1, 1, NAN, -1, 1, -1, 1}, {0, 0, 0, 0, NAN, 0, 0, 0, 0}},
      {UNIT_RBF,
       {0, INFINITY, 0, INFINITY, NAN, 1.3838965267367376e-87, 7.2259737681257497e86, 0, INFINITY},
       {0, INFINITY, 0, INFINITY, NAN, 1.3838965267367376e-87, 7.2259737681257497e86, 0, INFINITY}},
  };
  for (int isa = 0; isa <= (int)isa_best(); isa++)
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
      for (int k = 0; k < 18; k++) {
        const bool is_float = k >= 9;
        double same_s[TILE], h[TILE], dh[TILE];
        for (int lane = 0; lane < TILE; lane++) same_s[lane] = s[k % 9];
        kernel_values(kernel_find(limit[i].unit, is_float ? PRECISION_SINGLE : PRECISION_DOUBLE, (enum isa)isa), same_s,
                      h, dh);
        const double want[2] = {limit[i].h[k % 9], limit[i].dh[k % 9]}, found[2] = {h[0], dh[0]};
        for (int which = 0; which < 2; which++) {
          const bool same = is_limit(limit[i].unit, is_float, which == 1, found[which], want[which]);
          if (!same)
            print_error("%s %s %s at %g: %g, expected %g\n", isa_names[isa], unit_table[limit[i].unit].name,
                        which ? "h'" : "h", s[k % 9], found[which], want[which]);
          assert_true(same);
        }
      }
    }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_match_central_differences),
      cmocka_unit_test(kernels_are_accurate_over_their_range),
      cmocka_unit_test(extreme_arguments_give_limits),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
