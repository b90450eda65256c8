// ranks: 2
/* Tests that fail on one rank only, or lack an assert_expected. tests/program/program_harness checks that the harness
 * reports each of them; they are not part of the suite. Argument: the index of one test, from 0; default: all tests. */
#include "harness.h"

#include <stdlib.h>

static void assert_all_fails_on_rank_1(void **state) {
  (void)state;
  assert_all(world.rank == 0);
}

static void assert_all_for_fails_on_rank_1(void **state) {
  (void)state;
  assert_all_for(world.rank == 0, "unit %s, n = %d", "tanh", 17);
}

static void expect_fails_for_two_cases_on_rank_1(void **state) {
  (void)state;
  for (int n = 0; n < 5; n++) expect(world.rank == 0 || n < 3, "n = %d", n);
  assert_expected();
}

static void expect_without_assert_expected(void **state) {
  (void)state;
  expect(world.rank == 0, "no case");
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(assert_all_fails_on_rank_1),
      cmocka_unit_test(assert_all_for_fails_on_rank_1),
      cmocka_unit_test(expect_fails_for_two_cases_on_rank_1),
      cmocka_unit_test(expect_without_assert_expected),
  };
  const size_t count = sizeof tests / sizeof *tests, chosen = argc > 1 ? (size_t)atoi(argv[1]) : 0;
  return harness_run(argc, argv, tests + chosen, argc > 1 ? 1 : count);
}
