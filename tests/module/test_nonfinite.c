// ranks: 1 2 3 4
/* nonfinite: all ranks report the same text with step, network, block and unit, whichever rank owns the unit. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "harness.h"
#include "particles/nonfinite.h"

/* Networks 0 .. 3 have n = 300 and 4 .. 7 have n = 900: two initial conditions with two streams each. */
static const struct ensemble_spec ensemble = {.members = 2, .n = {300, 900}, .replicas = 4, .streams = 2};

static struct particles *create(enum precision precision) {
  const struct unit_spec unit = {.type = UNIT_TANH, .c = {0, 1}, .a = {0, 1}, .b = {0, 1}, .train = FIELD_BIT_C};
  struct particles *particles;
  assert_ok(particles_create(&world, &ensemble, &unit, 3, precision, (double[]){1, 1}, &particles));
  particles_init(particles, 5);
  return particles;
}

/* Sets c (is_c) or a_2 of a unit to value, on the rank that owns it. */
static void set(struct particles *particles, int64_t network, int64_t unit, bool is_c, double value) {
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t inside = unit - local_network_first_unit(local);
    if (local->network != network || inside < 0 || inside >= local_network_units(local)) continue;
    const double a[3] = {0, 0, value};
    const float a_float[3] = {0, 0, (float)value}, c_float = (float)value;
    const bool single = particles->precision == PRECISION_SINGLE;
    const void *c = single ? (const void *)&c_float : &value, *row = single ? (const void *)a_float : a;
    local_network_set(particles, local, unit, 1, is_c ? c : NULL, is_c ? NULL : row, NULL);
  }
}

static void assert_error_contains(const char *text) {
  assert_all_for(strstr(error_text(), text) != NULL, "\"%s\", received \"%s\"", text, error_text());
}

static void a_unit_that_is_not_finite_is_named(void **state) {
  (void)state;
  for (int precision = 0; precision < PRECISIONS; precision++)
    for (int i = 0; i < 2; i++) {
      const struct nonfinite none = {0};
      struct particles *particles = create((enum precision)precision);
      assert_ok(nonfinite_check(&none, particles, 12, true));
      set(particles, 7, 300, false, i ? NAN : -INFINITY);
      set(particles, 6, 899, i, i ? INFINITY : NAN);
      set(particles, 6, 1, true, 1e30);
      assert_ok(nonfinite_check(&none, particles, 12, false));
      assert_status(FAILED, nonfinite_check(&none, particles, 12, true));
      assert_error_contains(
          "step 12: the network of n = 900, replica 2 (initial condition 1, stream 0) diverged (non-finite values): ");
      assert_error_contains("In block 3 of this network (units 768 to 899, on rank ");
      assert_error_contains(i ? "unit 899 has c = inf." : "unit 899 has a_2 = nan.");
      particles_free(particles);
    }
}

/* If all parameters are finite, the report names the largest one, whichever rank owns it. */
static void a_sum_out_of_range_names_the_largest(void **state) {
  (void)state;
  struct particles *particles = create(PRECISION_MIXED);
  struct nonfinite fault = {0};
  set(particles, 5, 260, true, -3e13);
  set(particles, 1, 260, true, 1e200); /* no non-finite sum was noted for this network */
  for (int s = particles->locals - 1; s >= 0; s--)
    if (particles->local[s].network >= 5)
      nonfinite_note(&fault, particles->local[s].network == 6 ? 8 : 9, &particles->local[s]);
  for (int s = 0; s < particles->locals; s++)
    if (particles->local[s].network == 5) nonfinite_note(&fault, 7, &particles->local[s]);
  assert_status(FAILED, nonfinite_check(&fault, particles, 12, false));
  assert_error_contains(
      "step 7: the network of n = 900, replica 1 (initial condition 0, stream 1) diverged (non-finite values): ");
  assert_error_contains("In block 1 of this network (units 256 to 511, on rank ");
  assert_error_contains("unit 260 has c = -3e+13, the largest parameter of the network.");
  particles_free(particles);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_unit_that_is_not_finite_is_named),
                                     cmocka_unit_test(a_sum_out_of_range_names_the_largest)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
