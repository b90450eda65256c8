// ranks: 1 2
/* target: the spin model equals its definition and has its exact moments; teachers equal their definition; checksums
 * distinguish targets; all ranks receive a user's file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "data/inputs.h"
#include "data/target.h"
#include "data/target_file.h"
#include "data/target_hermite.h"
#include "data/target_spin.h"
#include "fixture.h"
#include "io/h5.h"

static struct target *spin(int d, uint64_t seed) {
  struct target *target;
  assert_ok(target_create(&world, &(struct target_spec){.type = TARGET_SPIN, .d = d, .seed = seed}, &target));
  return target;
}

/* f(x) = (1/d) sum_pqr a_pqr x_p x_q x_r, with the same random numbers as the model. */
static double spin_by_definition(int d, uint64_t seed, const double *x) {
  const struct rng rng = {seed, RNG_TARGET, 0, 0};
  double f = 0, *a = malloc(sizeof *a * (size_t)d);
  for (int p = 0; p < d; p++)
    for (int q = 0; q < d; q++) {
      rng_normal(&rng, (uint64_t)(p * d + q), d, a);
      for (int r = 0; r < d; r++) f += a[r] * x[p] * x[q] * x[r] / d;
    }
  free(a);
  return f;
}

static void spin_follows_its_definition(void **state) {
  (void)state;
  enum { COUNT = 2 * POINT_LANES - 5 }; /* all lanes, then several groups of LABEL_LANES */
  const struct rng rng = {.seed = 2, .stream = RNG_DATA_TEST};
  for (int d = 1; d <= 13; d += 3) {
    struct target *target = spin(d, 5);
    assert_all_for(target_spin_count(d) == d * (d + 1) * (d + 2) / 6, "d = %d", d);
    double x[COUNT * 13], y[COUNT], one;
    for (int p = 0; p < COUNT; p++) rng_sphere(&rng, (uint64_t)p, d, x + p * d);
    target_eval(target, COUNT, x, y);
    for (int p = 0; p < COUNT; p++) {
      assert_near(y[p], spin_by_definition(d, 5, x + p * d), 1e-12);
      target_eval(target, 1, x + p * d, &one);
      assert_true(one == y[p]); /* a label does not depend on the other points of the call */
    }
    target_free(target);
  }
}

/* From N points of a law: E f^2 within 5 standard deviations (probability of a false alarm: 6e-7), and the linear
 * fraction, from the regression on x, within 7. */
static void check_moments(const struct target_spec *spec) {
  enum { D = 5, N = 100000, PART = 100 };
  const int inputs = spec->inputs;
  struct target *target;
  assert_ok(target_create(&world, spec, &target));
  const struct rng rng = {.seed = 9, .stream = RNG_DATA_TEST};
  double sum = 0, square = 0, linear[D] = {0}, x[PART * D], y[PART];
  for (int first = 0; first < N; first += PART) {
    for (int p = 0; p < PART; p++) inputs_table[inputs].draw(&rng, (uint64_t)(first + p), D, x + p * D);
    target_eval(target, PART, x, y);
    for (int p = 0; p < PART; p++) {
      sum += y[p] * y[p];
      square += pow(y[p], 4);
      for (int k = 0; k < D; k++) linear[k] += y[p] * x[p * D + k];
    }
  }
  const double mean = sum / N, sd = sqrt((square / N - mean * mean) / N);
  assert_true(fabs(mean - 2 * target->C_f) < 5 * sd);
  double fraction = 0; /* E x x' = I: the coefficient is E f x, and its squared norm the linear part of E f^2 */
  for (int k = 0; k < D; k++) fraction += linear[k] * linear[k] / ((double)N * N) / mean;
  assert_near(fraction, target->linear_fraction, inputs == INPUTS_SPHERE ? 0.02 : 0.05);
  target_free(target);
}

static void spin_moments_are_exact(void **state) {
  (void)state;
  check_moments(&(struct target_spec){.type = TARGET_SPIN, .d = 5, .seed = 3, .inputs = INPUTS_SPHERE});
  check_moments(&(struct target_spec){.type = TARGET_SPIN, .d = 5, .seed = 3, .inputs = INPUTS_GAUSSIAN});
  struct target *target;
  const struct target_spec signs = {.type = TARGET_SPIN, .d = 5, .inputs = INPUTS_RADEMACHER};
  assert_ok(target_create(&world, &signs, &target));
  assert_true(isnan(target->C_f) && isnan(target->linear_fraction)); /* unknown */
  target_free(target);
}

/* he_2(x.u_0) - 0.7 he_1(x.u_1) he_3(x.u_2) + 0.5 he_1(x.u_0) he_1(x.u_1) he_2(x.u_2) + 0.6 he_1(x.u_1) + 0.2
 * he_2(x.u_0) + 0.3: with equal products, products that are not orthogonal on the sphere, and a constant. */
static const struct hermite_spec HERMITE = {.directions = 3,
                                            .terms = 6,
                                            .term = {{1, 1, {{0, 2}}},
                                                     {-0.7, 2, {{1, 1}, {2, 3}}},
                                                     {0.5, 3, {{0, 1}, {1, 1}, {2, 2}}},
                                                     {0.6, 1, {{1, 1}}},
                                                     {0.2, 1, {{0, 2}}},
                                                     {0.3, 0, {{0, 0}}}}};

static struct target_spec hermite_spec(int inputs, int axes) {
  struct target_spec spec = {.type = TARGET_HERMITE, .d = 5, .seed = 3, .inputs = inputs, .hermite = HERMITE};
  spec.hermite.axes = axes;
  return spec;
}

/* he_k from its definition, in long double. */
static long double he(int k, long double v) {
  static const long double he3 = 2.44948974278317809820L; /* sqrt(6) */
  return k == 1 ? v : k == 2 ? (v * v - 1) / sqrtl(2) : (v * v * v - 3 * v) / he3;
}

static void hermite_targets_equal_their_definition(void **state) {
  (void)state;
  enum { D = 5, POINTS = 70, TERMS = 6 };
  for (int axes = 0; axes < HERMITE_AXES; axes++) {
    const struct target_spec spec = hermite_spec(INPUTS_GAUSSIAN, axes);
    const struct rng rng = {.seed = 1, .stream = RNG_DATA_TEST}, own = {spec.seed, RNG_TARGET, 0, 0};
    struct target *target;
    double x[POINTS * D], y[POINTS], psi[TERMS * POINTS], one, u[3][D] = {{1}, {0, 1}, {0, 0, 1}};
    assert_ok(target_create(&world, &spec, &target));
    for (int i = 0; i < 3 && axes == HERMITE_RANDOM; i++) { /* Gram-Schmidt */
      rng_normal(&own, (uint64_t)i, D, u[i]);
      double square = 0;
      for (int j = 0; j < i; j++) {
        double dot = 0;
        for (int k = 0; k < D; k++) dot += u[i][k] * u[j][k];
        for (int k = 0; k < D; k++) u[i][k] -= dot * u[j][k];
      }
      for (int k = 0; k < D; k++) square += u[i][k] * u[i][k];
      for (int k = 0; k < D; k++) u[i][k] /= sqrt(square);
    }
    for (int p = 0; p < POINTS; p++) rng_normal(&rng, (uint64_t)p, D, x + p * D);
    target_eval(target, POINTS, x, y);
    target_terms(target, POINTS, x, psi);
    for (int p = 0; p < POINTS; p++) {
      long double v[3] = {0};
      double sum = 0;
      for (int i = 0; i < 3; i++)
        for (int k = 0; k < D; k++) v[i] += u[i][k] * x[p * D + k];
      const long double f =
          1.2L * he(2, v[0]) - 0.7L * v[1] * he(3, v[2]) + 0.5L * v[0] * v[1] * he(2, v[2]) + 0.6L * v[1] + 0.3L;
      expect(fabsl(y[p] - f) <= 1e-13L * (1 + fabsl(f)), "axes %d, point %d", axes, p);
      target_eval(target, 1, x + p * D, &one);
      for (int t = 0; t < TERMS; t++) sum += HERMITE.term[t].coefficient * psi[t * POINTS + p];
      expect(one == y[p] && sum == y[p], "axes %d, point %d", axes, p); /* whatever the other points of the call */
    }
    target_free(target);
  }
  assert_expected();
}

/* Degrees 4 to 8, alone and as factors of a product, against their polynomials in long double; E f^2 of one factor of
 * degree 8 on the sphere, from E x_1^(2 k) = d^k (2 k - 1)!! / (d (d + 2) .. (d + 2 k - 2)). */
static void hermite_factors_of_high_degree(void **state) {
  (void)state;
  enum { D = 3, POINTS = 70, TERMS = 6 };
  static const long double he[9][9] = {[4] = {3, 0, -6, 0, 1},
                                       [5] = {0, 15, 0, -10, 0, 1},
                                       [6] = {-15, 0, 45, 0, -15, 0, 1},
                                       [7] = {0, -105, 0, 105, 0, -21, 0, 1},
                                       [8] = {105, 0, -420, 0, 210, 0, -28, 0, 1}};
  struct target_spec spec = {.type = TARGET_HERMITE,
                             .d = D,
                             .inputs = INPUTS_GAUSSIAN,
                             .hermite = {.directions = D,
                                         .terms = TERMS,
                                         .term = {{1, 1, {{0, 4}}},
                                                  {1, 1, {{1, 5}}},
                                                  {1, 1, {{2, 6}}},
                                                  {1, 1, {{0, 7}}},
                                                  {1, 1, {{1, 8}}},
                                                  {-2, 2, {{2, 8}, {0, 5}}}}}};
  const struct rng rng = {.seed = 1, .stream = RNG_DATA_TEST};
  struct target *target;
  double x[POINTS * D], y[POINTS], psi[TERMS * POINTS];
  assert_ok(target_create(&world, &spec, &target));
  for (int p = 0; p < POINTS; p++) rng_normal(&rng, (uint64_t)p, D, x + p * D);
  for (int k = 0; k < D; k++) x[k] = 0, x[D + k] = 4; /* the constant of each polynomial, and its leading term */
  target_eval(target, POINTS, x, y);
  target_terms(target, POINTS, x, psi);
  for (int p = 0; p < POINTS; p++) {
    long double f = 0, size = 1;
    for (int t = 0; t < TERMS; t++) {
      long double product = 1, scale = 1; /* scale: the sum of the absolute values of the monomials */
      for (int j = 0; j < spec.hermite.term[t].factors; j++) {
        const struct hermite_factor factor = spec.hermite.term[t].factor[j];
        const long double v = x[p * D + factor.direction], norm = sqrtl(tgammal(factor.degree + 1));
        long double value = 0, sum = 0, power = 1;
        for (int k = 0; k <= factor.degree; k++, power *= v) {
          value += he[factor.degree][k] * power / norm;
          sum += fabsl(he[factor.degree][k] * power) / norm;
        }
        product *= value;
        scale *= sum;
      }
      expect(fabsl(psi[t * POINTS + p] - product) <= 1e-14L * scale, "term %d, point %d", t, p);
      f += spec.hermite.term[t].coefficient * product;
      size += fabs(spec.hermite.term[t].coefficient) * scale;
    }
    expect(fabsl(y[p] - f) <= 1e-14L * size, "point %d", p);
  }
  assert_expected();
  assert_near(target->C_f, (5 + 4) / 2.0, 1e-14);
  target_free(target);
  double C_f, linear;
  long double moment[9] = {1}, square = 0;
  for (int k = 1; k <= 8; k++) moment[k] = moment[k - 1] * D * (2 * k - 1) / (D + 2 * k - 2);
  for (int i = 0; i <= 8; i += 2)
    for (int j = 0; j <= 8; j += 2) square += he[8][i] * he[8][j] * moment[(i + j) / 2] / 40320;
  spec.inputs = INPUTS_SPHERE;
  spec.hermite.terms = 1;
  spec.hermite.term[0] = (struct hermite_term){1, 1, {{1, 8}}};
  target_hermite_moments(&spec, &C_f, &linear);
  assert_near(C_f, (double)square / 2, 1e-12);
}

/* C_f from sampling; on the corners of a cube exactly; on the sphere from E x_i^2 x_j^2 = d / (d + 2), E x_i^4 = 3 d /
 * (d + 2); unknown for signs and random directions, and for degrees at which the sum loses its digits. */
static void hermite_moments_are_exact(void **state) {
  (void)state;
  enum { D = 5 };
  for (int inputs = 0; inputs < INPUTS_TYPES; inputs++)
    for (int axes = 0; axes < HERMITE_AXES; axes++) {
      const struct target_spec spec = hermite_spec(inputs, axes);
      if (inputs != INPUTS_RADEMACHER || axes == HERMITE_IDENTITY) check_moments(&spec);
    }
  struct target_spec spec = hermite_spec(INPUTS_RADEMACHER, HERMITE_IDENTITY);
  struct target *target;
  double square = 0, C_f, linear;
  assert_ok(target_create(&world, &spec, &target));
  for (int corner = 0; corner < 1 << D; corner++) {
    double x[D], y;
    for (int k = 0; k < D; k++) x[k] = corner >> k & 1 ? 1 : -1;
    target_eval(target, 1, x, &y);
    square += y * y / (1 << D);
  }
  assert_near(target->C_f, square / 2, 1e-14);
  target_free(target);
  spec.hermite.axes = HERMITE_RANDOM;
  target_hermite_moments(&spec, &C_f, &linear);
  assert_true(isnan(C_f) && isnan(linear));
  spec = (struct target_spec){.inputs = INPUTS_SPHERE, .d = 7, .hermite = {3, 0, 1, {{3, 2, {{0, 1}, {2, 1}}}}}};
  target_hermite_moments(&spec, &C_f, &linear);
  assert_near(C_f, 9 * 7.0 / 9 / 2, 1e-14);
  spec.hermite.term[0] = (struct hermite_term){3, 1, {{1, 2}}};
  target_hermite_moments(&spec, &C_f, &linear);
  assert_near(C_f, 9 * (3 * 7.0 / 9 - 1) / 2 / 2, 1e-14);
  spec.hermite.term[0] = (struct hermite_term){1, 3, {{0, 8}, {1, 8}, {2, 8}}};
  target_hermite_moments(&spec, &C_f, &linear);
  assert_true(isnan(C_f));
}

/* f(x) = (1/m) sum_i c_i phi(x, z_i), with the same random units as the teacher. */
static double teacher_by_definition(const struct target_spec *spec, const double *x) {
  const struct rng rng = {spec->seed, RNG_TEACHER, 0, 0};
  const struct unit_spec *unit = &spec->teacher;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  double f = 0, normal[2 + 8];
  for (int i = 0; i < spec->teacher_units; i++) {
    rng_normal(&rng, (uint64_t)i, spec->d + 2, normal);
    double theta[2 + 8] = {unit->c.mean + unit->c.std * normal[0], unit->b.mean + unit->b.std * normal[1]}, z2 = 0;
    for (int k = 2; k < spec->d + 2; k++) z2 += normal[k] * normal[k];
    for (int k = 2; k < spec->d + 2; k++) theta[k] = normal[k] * (sphere ? sqrt(spec->d / z2) : unit->a.std);
    f += theta[0] * naive_phi(unit, spec->d, theta, x);
  }
  return f / (double)spec->teacher_units;
}

static void teachers_equal_their_definition(void **state) {
  (void)state;
  enum { D = 3, M = 130, POINTS = 60 };
  for (int type = 0; type < UNIT_TYPES; type++) {
    const struct target_spec spec = {.type = TARGET_TEACHER,
                                     .d = D,
                                     .seed = 4,
                                     .teacher_units = M,
                                     .teacher = {.type = type, .alpha = 0.7, .c = {1, 2}, .a = {0, 3}, .b = {2, 1}}};
    struct target *target;
    assert_ok(target_create(&world, &spec, &target));
    const struct rng rng = {.seed = 1, .stream = RNG_DATA_TEST};
    double x[POINTS * D], y[POINTS], one;
    for (int p = 0; p < POINTS; p++) rng_sphere(&rng, (uint64_t)p, D, x + p * D);
    target_eval(target, POINTS, x, y);
    for (int p = 0; p < POINTS; p++) {
      assert_near(y[p], teacher_by_definition(&spec, x + p * D), 1e-12);
      target_eval(target, 1, x + p * D, &one);
      assert_true(one == y[p]); /* a label does not depend on the other points */
    }
    target_free(target);
  }
}

/* A checksum depends on every number that defines f, and on the checksum that it continues. */
static void checksums_tell_targets_apart(void **state) {
  (void)state;
  struct hermite_spec other = HERMITE;
  other.term[2].factor[1].degree = 2;
  const struct unit_spec tanh = {.type = UNIT_TANH, .c = {0, 1}, .a = {0, 1}, .b = {0, 1}};
  const struct target_spec specs[] = {{.type = TARGET_SPIN, .d = 3, .seed = 1},
                                      {.type = TARGET_SPIN, .d = 3, .seed = 2},
                                      {.type = TARGET_TEACHER, .d = 3, .seed = 1, .teacher_units = 65, .teacher = tanh},
                                      {.type = TARGET_TEACHER, .d = 3, .seed = 2, .teacher_units = 65, .teacher = tanh},
                                      hermite_spec(INPUTS_SPHERE, HERMITE_IDENTITY),
                                      hermite_spec(INPUTS_SPHERE, HERMITE_RANDOM),
                                      {.type = TARGET_HERMITE, .d = 5, .hermite = other}};
  enum { TARGETS = sizeof specs / sizeof *specs };
  uint32_t crc[TARGETS], again;
  for (int i = 0; i < TARGETS; i++) {
    struct target *target;
    assert_ok(target_create(&world, &specs[i], &target));
    crc[i] = target_checksum(target, 0);
    again = target_checksum(target, 0);
    assert_all(crc[i] == again && target_checksum(target, 1) != again);
    for (int j = 0; j < i; j++) assert_all(crc[i] != crc[j]);
    target_free(target);
  }
}

static void files_reach_all_ranks(void **state) {
  (void)state;
  const double x[6] = {1, 2, 3, 4, 5, 6}, y[3] = {7, 8, 9}, test_x[2] = {10, 11}, test_y[1] = {12};
  struct target_spec spec = {.type = TARGET_FILE};
  snprintf(spec.path, sizeof spec.path, "%s/data.h5", harness_folder());
  int status = OK;
  if (world.rank == 0) {
    struct h5 *file;
    status = h5_create(spec.path, 0, &file);
    if (status == OK) status = h5_write(file, "/x", H5_DOUBLE, 2, (int64_t[]){3, 2}, x);
    if (status == OK) status = h5_write(file, "/y", H5_DOUBLE, 1, (int64_t[]){3}, y);
    if (status == OK) status = h5_write(file, "/test_x", H5_DOUBLE, 2, (int64_t[]){1, 2}, test_x);
    if (status == OK) status = h5_write(file, "/test_y", H5_DOUBLE, 1, (int64_t[]){1}, test_y);
    if (status == OK) status = h5_close(file);
  }
  assert_ok(status);
  struct target *target;
  assert_ok(target_create(&world, &spec, &target));
  const struct target_rows *rows = target_file_rows(target), *test = target_file_test_rows(target);
  assert_all(target->d == 2 && rows->count == 3 && test->count == 1);
  assert_all(rows->x[5] == 6 && rows->y[2] == 9 && test->x[1] == 11 && test->y[0] == 12);
  assert_all(isnan(target->C_f));
  target_free(target);
  snprintf(spec.path, sizeof spec.path, "%s/none.h5", harness_folder());
  assert_status(USAGE, target_create(&world, &spec, &target));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spin_follows_its_definition),
      cmocka_unit_test(spin_moments_are_exact),
      cmocka_unit_test(teachers_equal_their_definition),
      cmocka_unit_test(checksums_tell_targets_apart),
      cmocka_unit_test(hermite_targets_equal_their_definition),
      cmocka_unit_test(hermite_factors_of_high_degree),
      cmocka_unit_test(hermite_moments_are_exact),
      cmocka_unit_test(files_reach_all_ranks),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
