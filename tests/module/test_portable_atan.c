// ranks: 1
/* portable_atan: equals atan2 within 2 units in the last place, on both sides of all changes of formula. */
#include <math.h>
#include <string.h>

#include "base/portable_atan.h"
#include "harness.h"

enum { W = VECTOR_BYTES / 8 };

static double largest = 0; /* error in ulp */

/* Lane `lane` has (y, x), the others a different point. */
static double angle(int lane, double y, double x) {
  vdouble all_y = (vdouble){0} + 0.7, all_x = (vdouble){0} + 1.3;
  all_y[lane] = y;
  all_x[lane] = x;
  const vdouble result = portable_atan2(all_y, all_x);
  return result[lane];
}

static void check(double y, double x) {
  const long double expected = atan2l(y, x);
  const double magnitude = fabs((double)expected), ulp = nextafter(magnitude, INFINITY) - magnitude;
  for (int lane = 0; lane < W; lane++) {
    const double value = angle(lane, y, x), error = (double)(fabsl((long double)value - expected) / (long double)ulp);
    if (!(error <= 2)) fail_msg("atan2(%.17g, %.17g) = %.17g, expected %.21Lg", y, x, value, expected);
    assert_true(angle(lane, -y, x) == -value);
    largest = fmax(largest, error);
  }
}

static void values_are_within_two_ulp(void **state) {
  (void)state;
  for (int i = 0; i <= 2000000; i++) { /* all angles, and lengths that differ */
    const double t = M_PI / 2 * i / 2000000.5, length = 0.5 + 3 * fmod(0.6180339887498949 * i, 1);
    check(length * sin(t), length * cos(t));
  }
  for (double ratio = 1e-300; ratio < 1e300; ratio *= 1.37) check(ratio, 1);
  for (int i = -100; i <= 100; i++)
    for (int edge = 0; edge < 3; edge++) {
      const double ratio[] = {sqrt(2) - 1, 1, sqrt(2) + 1};
      check(ratio[edge] * (1 + i * 0x1p-52), 1);
    }
  print_message("largest error: %.3f ulp\n", largest);
}

static void limits_are_reached(void **state) {
  (void)state;
  assert_true(angle(0, 0, 1) == 0 && angle(0, 1e300, 1e-300) == M_PI / 2 && angle(0, -1, 1) == -M_PI / 4);
  assert_true(angle(0, 0x1p-1060, 1) == 0x1p-1060);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_within_two_ulp),
      cmocka_unit_test(limits_are_reached),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
