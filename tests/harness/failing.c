// ranks: 2
/* A test that fails on one rank only: tests/program/program_harness proves that this is reported. Not part of the suite. */
#include "harness.h"

static void holds_on_rank_0_only(void **state) {
  (void)state;
  assert_all(world.rank == 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(holds_on_rank_0_only)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
