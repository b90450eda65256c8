// ranks: 1
/* arithmetic: the check accepts this build and detects the modes of a process that would change results.
 * tests/program/program_arithmetic tests compiler options. */
#include <fenv.h>
#include <string.h>

#include "base/arithmetic.h"
#include "base/error.h"
#include "base/subnormals.h"
#include "harness.h"

static void this_build_is_right(void **state) {
  (void)state;
  assert_ok(arithmetic_check());
}

static void rounding_modes_are_found(void **state) {
  (void)state;
  const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    assert_int_equal(fesetround(modes[i]), 0);
    const int status = arithmetic_check();
    fesetround(FE_TONEAREST);
    assert_int_equal(status, USAGE);
    assert_non_null(strstr(error_text(), "rounding to nearest"));
  }
  assert_ok(arithmetic_check());
}

static void flushing_to_zero_is_found(void **state) {
  (void)state;
  const unsigned flush[] = {SUBNORMAL_RESULTS, SUBNORMAL_OPERANDS}, mode = subnormals_mode();
  for (size_t i = 0; i < sizeof flush / sizeof *flush; i++) {
    subnormals_restore(mode | flush[i]);
    const int status = arithmetic_check();
    subnormals_restore(mode);
    assert_int_equal(status, USAGE);
    assert_non_null(strstr(error_text(), "subnormal"));
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(this_build_is_right),
      cmocka_unit_test(rounding_modes_are_found),
      cmocka_unit_test(flushing_to_zero_is_found),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
