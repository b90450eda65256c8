// ranks: 1
/* update: an Euler step equals plain loops for every unit type, precision, ISA level and set of trained fields. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "dynamics/update.h"
#include "harness.h"
#include "particles/number.h"

enum { D = 6, UNITS = 50, ROWS = D + ROW_A, NUMBERS = ROWS * TILE };

static struct particles *particles_of(int type, int precision, unsigned train) {
  const struct ensemble_spec ensemble = {.members = 1, .n = {UNITS}, .replicas = 1};
  const struct unit_spec unit = {
      .type = type, .alpha = 0.5, .train = train, .c = {0.5, 2}, .a = {0, 1}, .b = {0.25, 1}};
  const double cost = 1;
  struct particles *particles;
  assert_ok(particles_create(&world, &ensemble, &unit, D, (enum precision)precision, &cost, &particles));
  particles_init(particles, 7);
  return particles;
}

/* g [ROWS] = grad V of the unit in a lane, projected on the tangent space; zero for fields that are not trained. */
static void expected_gradient(bool sphere, unsigned train, const double *theta, const double *grad, int lane,
                              double g[ROWS]) {
  double along = 0;
  for (int row = ROW_A; row < ROWS && sphere; row++) along += grad[row * TILE + lane] * theta[row * TILE + lane] / D;
  for (int row = 0; row < ROWS; row++) {
    const unsigned bit = row == ROW_C ? FIELD_BIT_C : row == ROW_B ? FIELD_BIT_B : FIELD_BIT_A;
    const bool moves = train & bit && !(sphere && row == ROW_B);
    g[row] = moves ? grad[row * TILE + lane] - (row >= ROW_A ? along * theta[row * TILE + lane] : 0) : 0;
  }
}

static void check_tile(const struct particles *particles, const double *before, const double *grad, double rate) {
  const size_t stored = precision_stored(particles->precision);
  const unsigned train = particles->unit.train;
  const bool sphere = unit_table[particles->unit.type].manifold == MANIFOLD_SPHERE;
  for (int lane = 0; lane < TILE; lane++) {
    double g[ROWS] = {0}, moved[ROWS], norm2 = 0;
    if (lane < UNITS) expected_gradient(sphere, train, before, grad, lane, g);
    for (int row = 0; row < ROWS; row++) moved[row] = before[row * TILE + lane] - rate * g[row];
    for (int row = ROW_A; row < ROWS; row++) norm2 += moved[row] * moved[row];
    for (int row = 0; row < ROWS; row++) {
      const double now = number_get(stored, particles->tiles, (size_t)(row * TILE + lane));
      const bool back = sphere && row >= ROW_A && train & FIELD_BIT_A && norm2 > 0;
      const double expected = back ? moved[row] * sqrt(D / norm2) : moved[row];
      if (lane >= UNITS || g[row] == 0)
        assert_true(now == before[row * TILE + lane] || back);
      else
        assert_near(now, expected, stored == 4 ? 1e-6 : 1e-14);
    }
  }
}

static void check_case(int type, int precision, unsigned train, enum isa isa) {
  struct particles *particles = particles_of(type, precision, train);
  const size_t stored = precision_stored(particles->precision);
  struct update update = {.kernel = kernel_find(type, particles->precision, isa), .particles = particles};
  const struct rng rng = {5, RNG_INIT_A, 0, 0};
  struct particle_sums sums = {0};
  struct observation observation;
  const struct update_move rest = {0}, move = {.dt = 0.02};
  double grad[NUMBERS], used[NUMBERS], before[NUMBERS], expected = 0;
  rng_normal(&rng, 0, NUMBERS, grad);
  for (int i = 0; i < NUMBERS; i++) before[i] = number_get(stored, particles->tiles, (size_t)i);

  memcpy(used, grad, sizeof grad);
  update_tile(&update, particles->local, 0, used, 2, &rest, &sums); /* dt 0: no unit moves */
  for (int i = 0; i < NUMBERS; i++) assert_true(number_get(stored, particles->tiles, (size_t)i) == before[i]);
  update_means(particles->local, 1, &sums, &observation);
  for (int lane = 0; lane < UNITS; lane++) {
    double g[ROWS];
    expected_gradient(unit_table[type].manifold == MANIFOLD_SPHERE, train, before, grad, lane, g);
    for (int row = 0; row < ROWS; row++) expected += 0.25 * g[row] * g[row] / UNITS;
  }
  assert_near(observation.mean[MEAN_GRAD2], expected, 1e-13);

  memcpy(used, grad, sizeof grad);
  update_tile(&update, particles->local, 0, used, 2, &move, NULL);
  check_tile(particles, before, grad, 0.01);
  particles_free(particles);
}

static void euler_moves_trained_fields_alone_and_keeps_the_manifold(void **state) {
  (void)state;
  for (int isa = 0; isa < ISA_LEVELS; isa++)
    for (int type = 0; type < UNIT_TYPES && isa_available((enum isa)isa); type++)
      for (int precision = 0; precision < PRECISIONS; precision++)
        for (unsigned train = 0; train < 1u << FIELDS; train++) check_case(type, precision, train, (enum isa)isa);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(euler_moves_trained_fields_alone_and_keeps_the_manifold),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
