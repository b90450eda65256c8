// ranks: 1 2 3 4
/* tangent_matrix: the tangent kernel equals plain loops over units and products of finite differences of f_n, for every
 * unit type and every set of trained fields. n is not a multiple of the panel size, and P is not a multiple of the
 * block size. */
#include "spectrum/tangent_matrix.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { D = 3, N = 700, P = 150, NETWORK = 3, PARAMETERS = D + 2 };

static const double ALPHA = 0.8;
static const unsigned flags[FIELDS] = {FIELD_BIT_C, FIELD_BIT_B, FIELD_BIT_A};

static struct fixture *fixture_of(const char *unit, const char *precision) {
  return fixture_create("run: {precision: %s, seed: 3}\n"
                        "ensemble: {n: [300, %d], replicas: 2}\n"
                        "unit: {type: %s, alpha: %.17g, train: [c]}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {mode: fixed, samples: %d, test: 0}\n"
                        "dynamics: {scheme: gd, stages: [{steps: 1, dt: 1}]}\n",
                        precision, N, unit, ALPHA, D, P);
}

/* theta [N][PARAMETERS] = c, b, a of all units of the network, on every rank. Collective. */
static void all_units(const struct fixture *fixture, double (*theta)[PARAMETERS]) {
  const struct particles *particles = fixture->particles;
  memset(theta, 0, sizeof *theta * N);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    if (local->network != NETWORK) continue;
    for (int64_t i = local_network_first_unit(local); i < local_network_first_unit(local) + local_network_units(local);
         i++)
      fixture_get(fixture, s, i, theta[i]);
  }
  MPI_Allreduce(MPI_IN_PLACE, theta, N * PARAMETERS, MPI_DOUBLE, MPI_SUM, world.mpi);
}

/* d(c phi)/d(parameter k) by central differences. On the sphere the squares of the derivatives in a sum to those in an
 * orthonormal basis of the tangent space. */
static double difference(const struct unit_spec *unit, const double *theta, int k, const double *x) {
  const double eps = 1e-5;
  double value[2];
  for (int side = 0; side < 2; side++) {
    double moved[PARAMETERS];
    naive_move(unit, D, theta, k, side ? eps : -eps, moved);
    value[side] = moved[0] * naive_phi(unit, D, moved, x);
  }
  return (value[1] - value[0]) / (2 * eps);
}

/* Adds to expected[field] [P][P] the part of n grad f_n(x_p).grad f_n(x_q) from the parameters of the field. */
static void by_differences(const struct unit_spec *unit, double (*theta)[PARAMETERS], const double *x,
                           double *expected[FIELDS]) {
  for (int i = 0; i < N; i++)
    for (int k = 0; k < PARAMETERS; k++) {
      if (unit_table[unit->type].manifold == MANIFOLD_SPHERE && k == 1) continue;
      double gradient[P], *m = expected[k < 2 ? k : 2];
      for (int p = 0; p < P; p++) gradient[p] = difference(unit, theta[i], k, x + p * D);
      for (int p = 0; p < P; p++)
        for (int q = 0; q < P; q++) m[p * P + q] += gradient[p] * gradient[q] / N;
    }
}

/* The same, by the formulas of tangent/tangent_kernel.h. */
static void by_loops(const struct unit_spec *spec, double (*theta)[PARAMETERS], const double *x,
                     double *expected[FIELDS]) {
  const struct unit *unit = &unit_table[spec->type];
  for (int i = 0; i < N; i++) {
    const double c = theta[i][0], *z = theta[i] + 2;
    double phi[P], w[P], xz[P];
    for (int p = 0; p < P; p++) {
      const double s = naive_argument(spec, D, theta[i], x + p * D);
      xz[p] = 0;
      for (int k = 0; k < D; k++) xz[p] += z[k] * x[p * D + k];
      phi[p] = unit->h(s);
      w[p] = c * unit->dh(s) * (unit->manifold == MANIFOLD_SPHERE ? ALPHA : 1);
    }
    for (int p = 0; p < P; p++)
      for (int q = 0; q < P; q++) {
        double xx = unit->manifold == MANIFOLD_SPHERE ? -xz[p] * xz[q] / D : 0;
        for (int k = 0; k < D; k++) xx += x[p * D + k] * x[q * D + k];
        expected[0][p * P + q] += phi[p] * phi[q] / N;
        if (unit->manifold != MANIFOLD_SPHERE) expected[1][p * P + q] += w[p] * w[q] / N;
        expected[2][p * P + q] += w[p] * w[q] * xx / N;
      }
  }
}

/* Largest difference of local elements on and below the diagonal, relative to the largest expected element.
 * Collective. */
static double deviation(const struct dist_matrix *m, unsigned train, double *const expected[FIELDS]) {
  double worst = 0, largest = 0;
  for (int j = 0; j < m->local_columns; j++)
    for (int i = 0; i < m->local_rows; i++) {
      const int p = dist_matrix_row(m, i), q = dist_matrix_column(m, j);
      double value = 0;
      for (int f = 0; f < FIELDS; f++) value += train & flags[f] ? expected[f][p * P + q] : 0;
      largest = fmax(largest, fabs(value));
      if (p >= q) worst = fmax(worst, fabs(m->local[(int64_t)j * m->local_rows + i] - value));
    }
  return worst / comm_max(&world, largest);
}

static void the_kernel_equals_loops_and_differences(void **state) {
  (void)state;
  struct dist_grid grid;
  dist_grid_create(&world, &grid);
  static double theta[N][PARAMETERS];
  double *loops[FIELDS], *differences[FIELDS];
  for (int f = 0; f < FIELDS; f++) {
    loops[f] = malloc(sizeof(double) * P * P);
    differences[f] = malloc(sizeof(double) * P * P);
  }
  for (int type = 0; type < UNIT_TYPES; type++) {
    /* Units on the sphere are tested in double: in single |z|^2 = d holds to 1e-7 only, and the two forms of phi in
     * this test differ by as much. */
    const bool single = type % 2 && unit_table[type].manifold != MANIFOLD_SPHERE;
    struct fixture *fixture = fixture_of(unit_table[type].name, single ? "single" : "double");
    for (int f = 0; f < FIELDS; f++) {
      memset(loops[f], 0, sizeof(double) * P * P);
      memset(differences[f], 0, sizeof(double) * P * P);
    }
    all_units(fixture, theta);
    by_loops(&fixture->config->unit, theta, fixture->data->x, loops);
    by_differences(&fixture->config->unit, theta, fixture->data->x, differences);
    for (unsigned train = 1; train < 8; train++) {
      if (unit_table[type].manifold == MANIFOLD_SPHERE && train & FIELD_BIT_B) continue;
      struct dist_matrix *m;
      assert_ok(tangent_matrix_form(&grid, fixture->particles, NETWORK, train, P, fixture->data->x, &m));
      assert_all_for(deviation(m, train, loops) < 1e-13, "unit %s, trained fields %u", unit_table[type].name, train);
      /* The rounding error of the differences is 1e-16 / 1e-5. */
      assert_all_for(deviation(m, train, differences) < 1e-8, "unit %s, trained fields %u", unit_table[type].name,
                     train);
      dist_matrix_free(m);
    }
    fixture_free(fixture);
  }
  for (int f = 0; f < FIELDS; f++) {
    free(loops[f]);
    free(differences[f]);
  }
  dist_grid_free(&grid);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_kernel_equals_loops_and_differences)};
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
