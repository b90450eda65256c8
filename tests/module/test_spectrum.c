// ranks: 1 2 3 4
/* Spectra against LAPACK on one rank; the choice of networks and points; the best readout against the normal equations
 * in n x n form. */
#include "spectrum/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "parallel/dist_matrix.h"
#include "spectrum/tangent_matrix.h"
#include "tangent/tangent_kernel.h"

void dsyev_(const char *job, const char *triangle, const int *n, double *a, const int *leading, double *w, double *work,
            const int *work_size, int *info);
void dposv_(const char *triangle, const int *n, const int *columns, double *a, const int *leading, double *b,
            const int *leading_b, int *info);

enum { D = 4, STEP = 7, LARGE = 190, SMALL = 30 };

static struct fixture *fixture_of(const char *unit, const char *data, const char *dynamics) {
  return fixture_create("run: {precision: double, seed: 3}\n"
                        "ensemble: {n: [%d, %d], replicas: 2}\n"
                        "unit: {type: %s, alpha: 0.5}\n"
                        "target: {type: spin, d: %d}\n"
                        "data: {%s}\n"
                        "dynamics: {%s}\n",
                        LARGE, SMALL, unit, D, data, dynamics);
}

static const char fixed[] = "mode: fixed, samples: 150, test: 70", online[] = "mode: online, test: 70, shared: false";
static const char gd[] = "scheme: gd, stages: [{steps: 9, dt: 0.5}]",
                  sgd[] = "scheme: sgd, stages: [{steps: 9, dt: 0.5, batch: 20}]";

static struct problem problem_of(const struct fixture *fixture) {
  return (struct problem){.info = {.step = STEP},
                          .config = fixture->config,
                          .target = fixture->target,
                          .data = fixture->data,
                          .particles = fixture->particles};
}

/* Eigenvalues ascending and eigenvectors of M/P on every rank. */
static void by_lapack(const struct fixture *problem, const struct spectrum *seen, double *values, double *vectors) {
  const int P = (int)seen->P;
  struct dist_grid grid;
  struct dist_matrix *m;
  dist_grid_create(&world, &grid);
  assert_ok(tangent_matrix_form(&grid, problem->particles, seen->network, problem->config->unit.train, P, seen->x, &m));
  dist_matrix_get(m, 0, P, vectors);
  double sup = 0;
  for (int p = 0; p < P; p++) sup = fmax(sup, vectors[p * P + p]);
  assert_all(fabs(sup - seen->sup) <= 1e-15 * sup);
  for (int i = 0; i < P * P; i++) vectors[i] /= P;
  int info;
  const int work_size = 64 * P;
  double *work = malloc(sizeof *work * (size_t)work_size);
  dsyev_("V", "L", &P, vectors, &P, values, work, &work_size, &info);
  assert_all(info == 0);
  free(work);
  dist_matrix_free(m);
  dist_grid_free(&grid);
}

static void check_spectrum(const struct fixture *problem, const struct spectrum *seen) {
  const int P = (int)seen->P;
  double *values = malloc(sizeof *values * (size_t)P), *vectors = malloc(sizeof *vectors * (size_t)(P * P));
  by_lapack(problem, seen, values, vectors);
  const double largest = values[P - 1];
  double worst = 0, parts = 0, norm2 = 0;
  for (int p = 0; p < P; p++) norm2 += (seen->f[p] - seen->y[p]) * (seen->f[p] - seen->y[p]);
  for (int k = 0; k < P; k++) {
    worst = fmax(worst, fabs(seen->lambda[k] - values[P - 1 - k]));
    parts += seen->fraction[k];
  }
  assert_all(worst < 1e-12 * largest);
  assert_all(fabs(parts - 1) < 1e-12);
  assert_all(fabs(seen->loss - norm2 / (2 * P)) <= 1e-14 * seen->loss);
  for (int k = 0; k < seen->options.vectors; k++) { /* these are simple eigenvalues */
    const double *v = vectors + (P - 1 - k) * P, *w = seen->vector + k * P;
    double overlap = 0, projection = 0, fourth = 0;
    for (int p = 0; p < P; p++) {
      overlap += v[p] * w[p];
      projection += v[p] * (seen->f[p] - seen->y[p]);
      fourth += v[p] * v[p] * v[p] * v[p];
    }
    assert_all(fabs(fabs(overlap) - 1) < 1e-9);
    assert_all(fabs(seen->fraction[k] - projection * projection / norm2) < 1e-9);
    assert_all(fabs(seen->participation[k] * P * fourth - 1) < 1e-9);
  }
  assert_all(fabs(seen->limit_gd * largest / 2 - 1) < 1e-12);
  free(values);
  free(vectors);
}

/* sum c phi / n at a point, by libm. */
static void check_outputs(const struct fixture *problem, const struct spectrum *seen) {
  double *f = calloc((size_t)seen->P, sizeof *f);
  const struct unit_spec *unit = &problem->config->unit;
  for (int s = 0; s < problem->particles->locals; s++) {
    const struct local_network *local = &problem->particles->local[s];
    if (local->network != seen->network) continue;
    for (int64_t i = 0; i < local_network_units(local); i++) {
      double c, a[D], b;
      tangent_kernel_units(problem->particles, local, local_network_first_unit(local) + i, 1, &c, a, &b);
      for (int64_t p = 0; p < seen->P; p++) {
        double s_i = b;
        for (int k = 0; k < D; k++) s_i += a[k] * seen->x[p * D + k];
        if (unit_table[unit->type].sphere) s_i = unit->alpha * (s_i - D);
        f[p] += c * unit_table[unit->type].h(s_i) / (double)local->n;
      }
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, f, (int)seen->P, MPI_DOUBLE, MPI_SUM, world.mpi);
  double worst = 0;
  for (int64_t p = 0; p < seen->P; p++) worst = fmax(worst, fabs(f[p] - seen->f[p]));
  assert_all(worst < 1e-13);
  free(f);
}

static void test_fixed(void **state) {
  (void)state;
  const char *units[] = {"tanh", "rbf"};
  for (int u = 0; u < 2; u++) {
    struct fixture *problem = fixture_of(units[u], fixed, gd);
    const struct problem setup = problem_of(problem);
    struct spectrum_options options = {.vectors = 3, .seed = -1, .ridge = 1e-8, .replica = 1};
    struct spectrum *seen;
    assert_ok(spectrum_create(&world, &setup, &options, &seen));
    assert_all(seen->n == LARGE && seen->network == 1 && seen->P == 150 && seen->kind == SPECTRUM_TRAIN);
    assert_all(memcmp(seen->x, problem->data->x, sizeof(double) * 150 * D) == 0);
    assert_all(isnan(seen->limit_sgd) && seen->dt == 0.5);
    check_spectrum(problem, seen);
    check_outputs(problem, seen);
    spectrum_free(seen);

    for (int64_t points = 65; points > 0; points -= 55) { /* with 10, most ranks hold nothing */
      options = (struct spectrum_options){
          .n = SMALL, .test = true, .points = points, .seed = -1, .ridge = 1e-8, .vectors = 1};
      assert_ok(spectrum_create(&world, &setup, &options, &seen));
      assert_all(seen->n == SMALL && seen->network == 2 && seen->P == points && seen->kind == SPECTRUM_TEST);
      check_spectrum(problem, seen);
      check_outputs(problem, seen);
      spectrum_free(seen);
    }
    fixture_free(problem);
  }
}

/* Fresh points are those of the run at this step; a seed of one's own gives others. */
static void test_online(void **state) {
  (void)state;
  struct fixture *problem = fixture_of("sigmoid", online, sgd);
  const struct problem setup = problem_of(problem);
  struct spectrum_options options = {.points = 100, .seed = -1, .ridge = 1e-8, .vectors = 2};
  struct spectrum *seen, *other;
  assert_ok(spectrum_create(&world, &setup, &options, &seen));
  double x[100 * D], y[100];
  const struct batch_place place = {.network = network_key(LARGE, 0), .step = STEP, .batch = 100};
  dataset_points(problem->data, &place, 0, 100, x, y);
  assert_all(seen->kind == SPECTRUM_FRESH && memcmp(x, seen->x, sizeof x) == 0 && memcmp(y, seen->y, sizeof y) == 0);
  check_spectrum(problem, seen);
  assert_all(seen->batch == 20);
  assert_all(fabs(seen->limit_sgd * (seen->lambda[0] * 0.95 + seen->sup / 20) / 2 - 1) < 1e-12);
  options.seed = 5;
  assert_ok(spectrum_create(&world, &setup, &options, &other));
  assert_all(memcmp(other->x, seen->x, sizeof x) != 0 && fabs(other->lambda[0] - seen->lambda[0]) > 1e-6);
  spectrum_free(seen);
  spectrum_free(other);
  fixture_free(problem);
}

/* phi [n][count] of a network of this many units that wholly fits into a panel; every rank its own, then summed. */
static void features(const struct fixture *problem, int64_t network, int64_t n, int count, const double *x, double *phi,
                     double *c) {
  memset(phi, 0, sizeof *phi * (size_t)(n * count));
  memset(c, 0, sizeof *c * (size_t)n);
  for (int s = 0; s < problem->particles->locals; s++) {
    const struct local_network *local = &problem->particles->local[s];
    if (local->network != network) continue;
    const int64_t first = local_network_first_unit(local);
    double a[LARGE * D], b[LARGE];
    tangent_kernel_units(problem->particles, local, first, (int)local_network_units(local), c + first, a, b);
    tangent_kernel_features(&problem->config->unit, D, (int)local_network_units(local), c + first, a, b, count, x,
                            phi + first * count, NULL, NULL);
  }
  MPI_Allreduce(MPI_IN_PLACE, phi, (int)n * count, MPI_DOUBLE, MPI_SUM, world.mpi);
  MPI_Allreduce(MPI_IN_PLACE, c, (int)n, MPI_DOUBLE, MPI_SUM, world.mpi);
}

static double loss_of(int64_t n, int count, const double *phi, const double *c, const double *y) {
  double loss = 0;
  for (int p = 0; p < count; p++) {
    double f = 0;
    for (int64_t i = 0; i < n; i++) f += c[i] * phi[i * count + p] / (double)n;
    loss += (f - y[p]) * (f - y[p]) / (2 * count);
  }
  return loss;
}

/* (Phi^T Phi / (n P) + mu) u = -Phi^T r / P, n x n, for n below and above P. */
static void test_best_readout(void **state) {
  (void)state;
  struct fixture *problem = fixture_of("tanh", fixed, gd);
  const struct problem setup = problem_of(problem);
  const int64_t sizes[] = {LARGE, SMALL};
  for (int k = 0; k < 2; k++) {
    const int n = (int)sizes[k], P = 150, K = 70, one = 1;
    const struct spectrum_options options = {.n = n, .seed = -1, .ridge = 1e-4};
    struct spectrum *seen;
    assert_ok(spectrum_create(&world, &setup, &options, &seen));
    double *phi = malloc(sizeof *phi * (size_t)(n * P)), *normal = calloc((size_t)(n * n), sizeof *normal);
    double c[LARGE], u[LARGE], trace = 0, square = 0;
    features(problem, seen->network, n, P, problem->data->x, phi, c);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++)
        for (int p = 0; p < P; p++) normal[i * n + j] += phi[i * P + p] * phi[j * P + p] / (n * P);
      trace += normal[i * n + i];
      u[i] = 0;
      for (int p = 0; p < P; p++) u[i] -= phi[i * P + p] * (seen->f[p] - seen->y[p]) / P;
    }
    for (int i = 0; i < n; i++) normal[i * n + i] += 1e-4 * trace;
    assert_all(fabs(seen->best.mu / (1e-4 * trace) - 1) < 1e-12);
    int info;
    dposv_("L", &n, &one, normal, &n, u, &n, &info);
    assert_all(info == 0);
    for (int i = 0; i < n; i++) {
      square += u[i] * u[i] / n;
      c[i] += u[i];
    }
    assert_all(fabs(seen->best.change / sqrt(square) - 1) < 1e-9);
    assert_all(fabs(seen->best.loss / loss_of(n, P, phi, c, problem->data->y) - 1) < 1e-9);
    assert_all(seen->best.loss < seen->loss);
    double unused[LARGE];
    features(problem, seen->network, n, K, problem->data->test_x, phi, unused);
    assert_all(fabs(seen->best.test_loss / loss_of(n, K, phi, c, problem->data->test_y) - 1) < 1e-9);
    assert_all(fabs(seen->test_loss / loss_of(n, K, phi, unused, problem->data->test_y) - 1) < 1e-9);
    spectrum_free(seen);
    free(phi);
    free(normal);
  }
  fixture_free(problem);
}

static void test_refused(void **state) {
  (void)state;
  struct fixture *problem = fixture_of("tanh", fixed, gd);
  const struct problem setup = problem_of(problem);
  struct spectrum *seen;
  const struct {
    struct spectrum_options options;
    const char *text;
  } cases[] = {
      {{.n = 31}, "n = 190 30"},
      {{.replica = 2}, "replicas 0 to 1"},
      {{.points = 151}, "150 training points"},
      {{.points = 71, .test = true}, "70 test points"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_status(USAGE, spectrum_create(&world, &setup, &cases[i].options, &seen));
    assert_all(strstr(error_text(), cases[i].text) != NULL);
  }
  problem->config->unit.train = 0;
  assert_status(USAGE, spectrum_create(&world, &setup, &(struct spectrum_options){.ridge = 1}, &seen));
  fixture_free(problem);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_fixed),
      cmocka_unit_test(test_online),
      cmocka_unit_test(test_best_readout),
      cmocka_unit_test(test_refused),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
