// ranks: 1
/* portable_exp: equals the exponential function within 1 unit in the last place, and has its limits. */
#include <math.h>

#include "base/portable_exp.h"
#include "harness.h"

static void values_are_within_one_ulp(void **state) {
  (void)state;
  for (double x = -700; x < 709; x += 0.00737) {
    const long double expected = expl((long double)x);
    const double ulp = nextafter((double)expected, INFINITY) - (double)expected;
    if (fabsl((long double)portable_exp(x) - expected) > (long double)ulp)
      fail_msg("e^%.17g = %.17g", x, portable_exp(x));
  }
}

static void limits_are_reached(void **state) {
  (void)state;
  assert_true(portable_exp(0) == 1 && portable_exp(-INFINITY) == 0 && portable_exp(-800) == 0);
  assert_true(isinf(portable_exp(INFINITY)) && isinf(portable_exp(710)) && isnan(portable_exp(NAN)));
  assert_true(portable_exp(-745) > 0 && portable_exp(709) < INFINITY);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_within_one_ulp),
      cmocka_unit_test(limits_are_reached),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
