// ranks: 1 2 3 4
/* spectrum: eigenvalues and eigenvectors equal those of LAPACK on one rank; networks and points are those selected; the
 * best readout equals the solution of the n x n normal equations. */
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

/* values [P], ascending, and vectors [P][P]: eigenvalues and eigenvectors of M/P, on every rank. Collective. */
static void diagonalize_by_lapack(const struct fixture *fixture, const struct spectrum *spectrum, double *values,
                                  double *vectors) {
  const int P = (int)spectrum->P;
  struct dist_grid grid;
  struct dist_matrix *m;
  dist_grid_create(&world, &grid);
  assert_ok(tangent_matrix_form(&grid, fixture->particles, spectrum->network, fixture->config->unit.train, P,
                                spectrum->x, &m));
  dist_matrix_get(m, 0, P, vectors);
  double sup = 0;
  for (int p = 0; p < P; p++) sup = fmax(sup, vectors[p * P + p]);
  assert_all(fabs(sup - spectrum->sup) <= 1e-15 * sup);
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

static void check_spectrum(const struct fixture *fixture, const struct spectrum *spectrum) {
  const int P = (int)spectrum->P;
  double *values = malloc(sizeof *values * (size_t)P), *vectors = malloc(sizeof *vectors * (size_t)(P * P));
  diagonalize_by_lapack(fixture, spectrum, values, vectors);
  const double largest = values[P - 1];
  double worst = 0, parts = 0, norm2 = 0;
  for (int p = 0; p < P; p++) norm2 += (spectrum->f[p] - spectrum->y[p]) * (spectrum->f[p] - spectrum->y[p]);
  for (int k = 0; k < P; k++) {
    worst = fmax(worst, fabs(spectrum->lambda[k] - values[P - 1 - k]));
    parts += spectrum->fraction[k];
  }
  assert_all_for(worst < 1e-12 * largest, "n = %lld, P = %d", (long long)spectrum->n, P);
  assert_all_for(fabs(parts - 1) < 1e-12, "n = %lld, P = %d", (long long)spectrum->n, P);
  assert_all(fabs(spectrum->loss - norm2 / (2 * P)) <= 1e-14 * spectrum->loss);
  for (int k = 0; k < spectrum->options.vectors; k++) { /* these eigenvalues are simple */
    const double *v = vectors + (P - 1 - k) * P, *w = spectrum->vector + k * P;
    double overlap = 0, projection = 0, fourth = 0;
    for (int p = 0; p < P; p++) {
      overlap += v[p] * w[p];
      projection += v[p] * (spectrum->f[p] - spectrum->y[p]);
      fourth += v[p] * v[p] * v[p] * v[p];
    }
    assert_all_for(fabs(fabs(overlap) - 1) < 1e-9, "n = %lld, P = %d, eigenvector %d", (long long)spectrum->n, P, k);
    assert_all_for(fabs(spectrum->fraction[k] - projection * projection / norm2) < 1e-9,
                   "n = %lld, P = %d, eigenvector %d", (long long)spectrum->n, P, k);
    assert_all_for(fabs(spectrum->participation[k] * P * fourth - 1) < 1e-9, "n = %lld, P = %d, eigenvector %d",
                   (long long)spectrum->n, P, k);
  }
  assert_all(fabs(spectrum->limit_gd * largest / 2 - 1) < 1e-12);
  free(values);
  free(vectors);
}

/* The outputs equal (1/n) sum_i c_i phi(x, z_i), with h by libm. */
static void check_outputs(const struct fixture *fixture, const struct spectrum *spectrum) {
  double *f = calloc((size_t)spectrum->P, sizeof *f);
  const struct unit_spec *unit = &fixture->config->unit;
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    if (local->network != spectrum->network) continue;
    for (int64_t i = 0; i < local_network_units(local); i++) {
      double theta[D + 2];
      fixture_get(fixture, s, local_network_first_unit(local) + i, theta);
      for (int64_t p = 0; p < spectrum->P; p++)
        f[p] += theta[0] * naive_phi(unit, D, theta, spectrum->x + p * D) / (double)local->n;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, f, (int)spectrum->P, MPI_DOUBLE, MPI_SUM, world.mpi);
  double worst = 0;
  for (int64_t p = 0; p < spectrum->P; p++) worst = fmax(worst, fabs(f[p] - spectrum->f[p]));
  assert_all_for(worst < 1e-13, "n = %lld, P = %lld", (long long)spectrum->n, (long long)spectrum->P);
  free(f);
}

static void spectra_at_training_and_test_points(void **state) {
  (void)state;
  const char *units[] = {"tanh", "rbf"};
  for (int u = 0; u < 2; u++) {
    struct fixture *fixture = fixture_of(units[u], fixed, gd);
    const struct problem problem = problem_of(fixture);
    struct spectrum_options options = {.vectors = 3, .seed = -1, .ridge = 1e-8, .replica = 1};
    struct spectrum *spectrum;
    assert_ok(spectrum_create(&world, &problem, &options, &spectrum));
    assert_all_for(spectrum->n == LARGE && spectrum->network == 1 && spectrum->P == 150 &&
                       spectrum->kind == SPECTRUM_TRAIN,
                   "unit %s", units[u]);
    assert_all_for(memcmp(spectrum->x, fixture->data->x, sizeof(double) * 150 * D) == 0, "unit %s", units[u]);
    assert_all_for(isnan(spectrum->limit_sgd) && spectrum->dt == 0.5, "unit %s", units[u]);
    check_spectrum(fixture, spectrum);
    check_outputs(fixture, spectrum);
    spectrum_free(spectrum);

    for (int64_t points = 65; points > 0; points -= 55) { /* with 10 points, most ranks own no block */
      options = (struct spectrum_options){
          .n = SMALL, .test = true, .points = points, .seed = -1, .ridge = 1e-8, .vectors = 1};
      assert_ok(spectrum_create(&world, &problem, &options, &spectrum));
      assert_all_for(spectrum->n == SMALL && spectrum->network == 2 && spectrum->P == points &&
                         spectrum->kind == SPECTRUM_TEST,
                     "unit %s, %d points", units[u], (int)points);
      check_spectrum(fixture, spectrum);
      check_outputs(fixture, spectrum);
      spectrum_free(spectrum);
    }
    fixture_free(fixture);
  }
}

/* The fresh points are those that the run uses at this step; another seed gives other points. */
static void spectra_at_fresh_points(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of("sigmoid", online, sgd);
  const struct problem problem = problem_of(fixture);
  struct spectrum_options options = {.points = 100, .seed = -1, .ridge = 1e-8, .vectors = 2};
  struct spectrum *spectrum, *other;
  assert_ok(spectrum_create(&world, &problem, &options, &spectrum));
  double x[100 * D], y[100];
  const struct batch_position position = {.network = network_key(LARGE, 0), .step = STEP, .batch = 100};
  dataset_points(fixture->data, &position, 0, 100, x, y);
  assert_all(spectrum->kind == SPECTRUM_FRESH && memcmp(x, spectrum->x, sizeof x) == 0 &&
             memcmp(y, spectrum->y, sizeof y) == 0);
  check_spectrum(fixture, spectrum);
  assert_all(spectrum->batch == 20);
  assert_all(fabs(spectrum->limit_sgd * (spectrum->lambda[0] * 0.95 + spectrum->sup / 20) / 2 - 1) < 1e-12);
  options.seed = 5;
  assert_ok(spectrum_create(&world, &problem, &options, &other));
  assert_all(memcmp(other->x, spectrum->x, sizeof x) != 0 && fabs(other->lambda[0] - spectrum->lambda[0]) > 1e-6);
  spectrum_free(spectrum);
  spectrum_free(other);
  fixture_free(fixture);
}

/* phi [n][count] and c [n] of a network of n <= LARGE units, on all ranks. Collective. */
static void features(const struct fixture *fixture, int64_t network, int64_t n, int count, const double *x, double *phi,
                     double *c) {
  memset(phi, 0, sizeof *phi * (size_t)(n * count));
  memset(c, 0, sizeof *c * (size_t)n);
  for (int s = 0; s < fixture->particles->locals; s++) {
    const struct local_network *local = &fixture->particles->local[s];
    if (local->network != network) continue;
    const int64_t first = local_network_first_unit(local);
    double a[LARGE * D], b[LARGE];
    tangent_kernel_units(fixture->particles, local, first, (int)local_network_units(local), c + first, a, b);
    tangent_kernel_features(&fixture->config->unit, D, (int)local_network_units(local), c + first, a, b, count, x,
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

/* The change u of c solves (Phi^T Phi / (n P) + mu) u = -Phi^T r / P, n x n, for n smaller and larger than P. */
static void the_best_readout_solves_the_normal_equations(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of("tanh", fixed, gd);
  const struct problem problem = problem_of(fixture);
  const int64_t sizes[] = {LARGE, SMALL};
  for (int k = 0; k < 2; k++) {
    const int n = (int)sizes[k], P = 150, K = 70, one = 1;
    const struct spectrum_options options = {.n = n, .seed = -1, .ridge = 1e-4};
    struct spectrum *spectrum;
    assert_ok(spectrum_create(&world, &problem, &options, &spectrum));
    double *phi = malloc(sizeof *phi * (size_t)(n * P)), *normal = calloc((size_t)(n * n), sizeof *normal);
    double c[LARGE], u[LARGE], trace = 0, square = 0;
    features(fixture, spectrum->network, n, P, fixture->data->x, phi, c);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++)
        for (int p = 0; p < P; p++) normal[i * n + j] += phi[i * P + p] * phi[j * P + p] / (n * P);
      trace += normal[i * n + i];
      u[i] = 0;
      for (int p = 0; p < P; p++) u[i] -= phi[i * P + p] * (spectrum->f[p] - spectrum->y[p]) / P;
    }
    for (int i = 0; i < n; i++) normal[i * n + i] += 1e-4 * trace;
    assert_all_for(fabs(spectrum->best.mu / (1e-4 * trace) - 1) < 1e-12, "n = %d", n);
    int info;
    dposv_("L", &n, &one, normal, &n, u, &n, &info);
    assert_all_for(info == 0, "n = %d", n);
    for (int i = 0; i < n; i++) {
      square += u[i] * u[i] / n;
      c[i] += u[i];
    }
    assert_all_for(fabs(spectrum->best.change / sqrt(square) - 1) < 1e-9, "n = %d", n);
    assert_all_for(fabs(spectrum->best.loss / loss_of(n, P, phi, c, fixture->data->y) - 1) < 1e-9, "n = %d", n);
    assert_all_for(spectrum->best.loss < spectrum->loss, "n = %d", n);
    double unused[LARGE];
    features(fixture, spectrum->network, n, K, fixture->data->test_x, phi, unused);
    assert_all_for(fabs(spectrum->best.test_loss / loss_of(n, K, phi, c, fixture->data->test_y) - 1) < 1e-9, "n = %d",
                   n);
    assert_all_for(fabs(spectrum->test_loss / loss_of(n, K, phi, unused, fixture->data->test_y) - 1) < 1e-9, "n = %d",
                   n);
    spectrum_free(spectrum);
    free(phi);
    free(normal);
  }
  fixture_free(fixture);
}

static void wrong_options_are_refused(void **state) {
  (void)state;
  struct fixture *fixture = fixture_of("tanh", fixed, gd);
  const struct problem problem = problem_of(fixture);
  struct spectrum *spectrum;
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
    assert_status(USAGE, spectrum_create(&world, &problem, &cases[i].options, &spectrum));
    assert_all_for(strstr(error_text(), cases[i].text) != NULL, "\"%s\", received \"%s\"", cases[i].text, error_text());
  }
  fixture->config->unit.train = 0;
  assert_status(USAGE, spectrum_create(&world, &problem, &(struct spectrum_options){.ridge = 1}, &spectrum));
  fixture_free(fixture);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spectra_at_training_and_test_points),
      cmocka_unit_test(spectra_at_fresh_points),
      cmocka_unit_test(the_best_readout_solves_the_normal_equations),
      cmocka_unit_test(wrong_options_are_refused),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
