// ranks: 1
/* A step changes each parameter by -dt n times the derivative of the loss (RVE section 2), for every loss, unit type
 * and parameter; fields that are not trained keep their bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dynamics/outputs.h"
#include "fixture.h"

enum { D = 4, N = 70, PARAMETERS = D + 2 };

static struct fixture *fixture_of(const char *unit, const char *train, int samples, double dt) {
  return fixture_create("run: {precision: double, seed: 3}\n"
                        "ensemble: {n: %d}\n"
                        "unit: {type: %s, alpha: 0.8, train: %s}\n"
                        "target: {type: spin, d: %d}\n"
                        "loss: {threshold: 0.7}\n"
                        "data: {mode: fixed, samples: %d, test: 0}\n"
                        "dynamics: {scheme: gd, stages: [{steps: 10, dt: %.17g}]}\n",
                        N, unit, train, D, samples, dt);
}

/* The same with another loss. Labels become -1 or 1 if the loss does not accept all labels. */
static struct fixture *fixture_with_loss(int loss, const char *unit, const char *train, int samples, double dt) {
  struct fixture *fixture = fixture_of(unit, train, samples, dt);
  fixture->data->spec.loss.type = loss;
  for (int64_t p = 0; p < fixture->data->samples && loss_table[loss].label; p++)
    fixture->data->y[p] = fixture->data->y[p] > 0 ? 1 : -1;
  return fixture;
}

static void follows_the_gradient(int loss, int type, int samples) {
  const double dt = 1e-6;
  const bool sphere = unit_table[type].manifold == MANIFOLD_SPHERE;
  const char *train = sphere ? "[c, a]" : "[c, a, b]";
  struct fixture *fixture = fixture_with_loss(loss, unit_table[type].name, train, samples, dt);
  struct fixture *moved = fixture_with_loss(loss, unit_table[type].name, train, samples, dt);
  fixture_steps(moved, 0, 1);
  for (int64_t unit = 0; unit < N; unit += 23)
    for (int k = 0; k < PARAMETERS; k++) {
      if (sphere && k == 1) continue;
      double theta[PARAMETERS], after[PARAMETERS];
      fixture_get(fixture, 0, unit, theta);
      fixture_get(moved, 0, unit, after);
      const double difference = fixture_derivative(fixture, unit, k);
      /* The velocity is a difference of parameters divided by dt; its rounding error is 1e-16 / dt. */
      if (fabs((theta[k] - after[k]) / dt - difference) > 1e-7 * fmax(1, fabs(difference)) + 1e-9) {
        print_error("%s, %s, unit %d, parameter %d: step %.12g, difference %.12g\n", loss_table[loss].name,
                    unit_table[type].name, (int)unit, k, (theta[k] - after[k]) / dt, difference);
        fail();
      }
    }
  fixture_free(fixture);
  fixture_free(moved);
}

static void the_step_follows_the_gradient(void **state) {
  (void)state;
  for (int loss = 0; loss < LOSS_TYPES; loss++)
    for (int type = 0; type < UNIT_TYPES; type++) follows_the_gradient(loss, type, 60);
}

/* With more points than a chunk holds, for a unit type that keeps h and one that also keeps h'. */
static void several_chunks_of_points_follow_the_gradient(void **state) {
  (void)state;
  assert_true(batch_chunk_size(D, PRECISION_DOUBLE) < 5000);
  follows_the_gradient(LOSS_SQUARED, UNIT_SIGMOID, 5000);
  follows_the_gradient(LOSS_SQUARED, UNIT_ERF, 5000);
}

static void frozen_fields_keep_every_bit(void **state) {
  (void)state;
  const char *sets[] = {"[c]", "[a]", "[b]", "[c, b]", "[a, b]", "[]"};
  const unsigned flags[] = {
      FIELD_BIT_C, FIELD_BIT_A, FIELD_BIT_B, FIELD_BIT_C | FIELD_BIT_B, FIELD_BIT_A | FIELD_BIT_B, 0};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    struct fixture *fixture = fixture_of("tanh", sets[i], 60, 0.1);
    double before[N][PARAMETERS], after[N][PARAMETERS];
    for (int u = 0; u < N; u++) fixture_get(fixture, 0, u, before[u]);
    fixture_steps(fixture, 0, 10);
    bool moved[PARAMETERS] = {0};
    for (int u = 0; u < N; u++) {
      fixture_get(fixture, 0, u, after[u]);
      for (int k = 0; k < PARAMETERS; k++) moved[k] |= memcmp(&before[u][k], &after[u][k], sizeof(double)) != 0;
    }
    assert_int_equal(moved[0], (flags[i] & FIELD_BIT_C) != 0);
    assert_int_equal(moved[1], (flags[i] & FIELD_BIT_B) != 0);
    for (int k = 2; k < PARAMETERS; k++) assert_int_equal(moved[k], (flags[i] & FIELD_BIT_A) != 0);
    fixture_free(fixture);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_step_follows_the_gradient),
      cmocka_unit_test(several_chunks_of_points_follow_the_gradient),
      cmocka_unit_test(frozen_fields_keep_every_bit),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
