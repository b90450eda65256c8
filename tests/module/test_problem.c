// ranks: 1 2 3
/* problem: the input is refused on all ranks if a rank computes different points or coefficients from rank 0. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "harness.h"
#include "run/problem.h"

static void points_and_coefficients_must_have_the_same_bits_on_all_ranks(void **state) {
  (void)state;
  static const char *const input[] = {
      "{ensemble: {n: 8}, target: {type: spin, d: 3}, data: {mode: fixed, samples: 9, test: 5, seed: %d}, "
      "dynamics: {stages: [{steps: 1, dt: 1}]}}",
      "{ensemble: {n: 8}, target: {type: spin, d: 3, seed: %d}, data: {mode: online, test: 0}, "
      "dynamics: {scheme: sgd, stages: [{steps: 1, dt: 1, batch: 2}]}}"};
  for (int i = 0; i < 2; i++)
    for (int odd = 0; odd < 2; odd++) {
      char text[512];
      struct problem problem = {.comm = &world};
      snprintf(text, sizeof text, input[i], odd && world.rank == world.size - 1 ? 2 : 1);
      assert_ok(config_parse("test", text, &problem.config));
      const bool alike = !odd || world.size == 1;
      assert_status(alike ? OK : USAGE, problem_data(&problem));
      assert_all_for(alike ||
                         strstr(error_text(), "the target's coefficients and of the points: expected that of rank 0"),
                     "input %d, another seed %d", i, odd);
      problem_free(&problem);
    }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(points_and_coefficients_must_have_the_same_bits_on_all_ranks)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
