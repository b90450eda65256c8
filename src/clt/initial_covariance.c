#include "clt/initial_covariance.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

/* Integrals over g extend to |g| = FAR, in two panels with NODES nodes each. |He_k(g)| e^{-g^2/2} / sqrt(k!) is at most
 * 1.09 e^{-g^2/4}, which is below 1e-18 at FAR. */
enum { NODES = 256 };
#define FAR 13.0

static double dot(int d, const double *a, const double *b) {
  double sum = 0;
  for (int k = 0; k < d; k++) sum += a[k] * b[k];
  return sum;
}

/* ---- ridge units ---- */

/* coefficient [INITIAL_COVARIANCE_TERMS] = h_k for all k; *square = E phi^2. The panels meet at s = 0, where relu has
 * its kink and sigmoids are steepest. */
static void expand(const gsl_integration_glfixed_table *table, double (*h)(double), double mean, double sigma,
                   double *coefficient, double *square) {
  const double split = sigma > 0 ? fmin(fmax(-mean / sigma, -FAR), FAR) : 0;
  memset(coefficient, 0, sizeof *coefficient * INITIAL_COVARIANCE_TERMS);
  *square = 0;
  for (int node = 0; node < 2 * NODES; node++) {
    double g, weight;
    gsl_integration_glfixed_point(node < NODES ? -FAR : split, node < NODES ? split : FAR, (size_t)(node % NODES), &g,
                                  &weight, table);
    const double value = h(mean + sigma * g);
    weight *= exp(-g * g / 2) / sqrt(2 * M_PI);
    *square += weight * value * value;
    double before = 0, now = weight * value; /* weight * value * He_k(g) / sqrt(k!) for k - 1 and k */
    for (int k = 0; k < INITIAL_COVARIANCE_TERMS; k++) {
      coefficient[k] += now;
      const double next = (g * now - sqrt(k) * before) / sqrt(k + 1);
      before = now;
      now = next;
    }
  }
}

static int expand_all(struct initial_covariance *initial) {
  const struct unit_spec *unit = &initial->unit;
  TRY(alloc_array((void **)&initial->sigma, initial->points, sizeof *initial->sigma, "the initial law"));
  TRY(alloc_array((void **)&initial->coefficient, initial->points * INITIAL_COVARIANCE_TERMS,
                  sizeof *initial->coefficient, "Hermite coefficients of the initial law"));
  gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(NODES);
  if (!table) die("no memory for %d nodes of quadrature", NODES);
  for (int64_t i = 0; i < initial->points; i++) {
    const double *x = initial->x + i * initial->d;
    double *coefficient = initial->coefficient + i * INITIAL_COVARIANCE_TERMS, mean = unit->b.mean;
    for (int k = 0; k < initial->d; k++) mean += unit->a.mean * x[k];
    initial->sigma[i] = sqrt(unit->a.std * unit->a.std * dot(initial->d, x, x) + unit->b.std * unit->b.std);
    expand(table, unit_table[unit->type].h, mean, initial->sigma[i], coefficient, &initial->square[i]);
    initial->mean[i] = coefficient[0];
    const double tail = 1 - dot(INITIAL_COVARIANCE_TERMS, coefficient, coefficient) / initial->square[i];
    if (tail > initial->tail) initial->tail = tail;
  }
  gsl_integration_glfixed_table_free(table);
  if (initial->tail > INITIAL_COVARIANCE_TAIL)
    return FAIL(
        FAILED,
        "exact covariance at t = 0: expected %d terms to omit at most %g of E phi^2, but they omit %.2g: unit.init "
        "makes %s units too steep for this series",
        INITIAL_COVARIANCE_TERMS, INITIAL_COVARIANCE_TAIL, initial->tail, unit_table[unit->type].name);
  return OK;
}

static double ridge_kernel(const struct initial_covariance *initial, int64_t i, int64_t j) {
  const struct unit_spec *unit = &initial->unit;
  const double *p = initial->coefficient + i * INITIAL_COVARIANCE_TERMS,
               *q = initial->coefficient + j * INITIAL_COVARIANCE_TERMS;
  const double covariance = unit->a.std * unit->a.std *
                                dot(initial->d, initial->x + i * initial->d, initial->x + j * initial->d) +
                            unit->b.std * unit->b.std,
               scale = initial->sigma[i] * initial->sigma[j];
  const double rho = scale > 0 ? fmin(fmax(covariance / scale, -1), 1) : 0;
  double sum = 0;
  for (int k = INITIAL_COVARIANCE_TERMS - 1; k >= 0; k--) sum = sum * rho + p[k] * q[k];
  return sum;
}

/* ---- units on the sphere ---- */

/* Returns log 0F1(; b; y) for y >= 0. All terms are positive; the sum is scaled down before it overflows. */
static double log_0F1(double b, double y) {
  const double huge = 0x1p600;
  double term = 1, sum = 1, scale = 0;
  for (double m = 0; term > 1e-17 * sum || y > (m + 1) * (b + m); m++) {
    term *= y / ((m + 1) * (b + m));
    sum += term;
    if (sum < huge) continue;
    term /= huge;
    sum /= huge;
    scale += log(huge);
  }
  return scale + log(sum);
}

/* Returns E exp(v.z - shift) for z uniform on the sphere |z|^2 = d. */
static double sphere_mean(int d, double square_of_v, double shift) {
  return exp(log_0F1(d / 2.0, d * square_of_v / 4) - shift);
}

static double sphere_kernel(const struct initial_covariance *initial, int64_t i, int64_t j) {
  const double alpha = initial->unit.alpha, *x = initial->x + i * initial->d, *y = initial->x + j * initial->d;
  const double xx = dot(initial->d, x, x), yy = dot(initial->d, y, y), xy = dot(initial->d, x, y);
  return sphere_mean(initial->d, alpha * alpha * fmax(xx + 2 * xy + yy, 0), alpha * (xx + yy + 2 * initial->d) / 2);
}

static void sphere_all(struct initial_covariance *initial) {
  const double alpha = initial->unit.alpha;
  for (int64_t i = 0; i < initial->points; i++) {
    const double *x = initial->x + i * initial->d, square = dot(initial->d, x, x);
    initial->mean[i] = sphere_mean(initial->d, alpha * alpha * square, alpha * (square + initial->d) / 2);
    initial->square[i] = sphere_kernel(initial, i, i);
  }
}

/* ---- both ---- */

static int fill(struct initial_covariance *initial) {
  TRY(alloc_array((void **)&initial->mean, initial->points, sizeof *initial->mean, "the initial law"));
  TRY(alloc_array((void **)&initial->square, initial->points, sizeof *initial->square, "the initial law"));
  if (unit_table[initial->unit.type].manifold != MANIFOLD_SPHERE) return expand_all(initial);
  sphere_all(initial);
  return OK;
}

int initial_covariance_create(const struct unit_spec *unit, int d, int64_t points, const double *x,
                              struct initial_covariance **out) {
  if (*unit->import.path)
    return FAIL(FAILED, "the initial particles come from a file (unit.init.path), so their distribution is unknown");
  if (unit->mirror) return FAIL(FAILED, "the units are not independent (unit.init.mirror), and f_n = 0 at step 0");
  struct initial_covariance *initial = alloc_small(sizeof *initial);
  *initial = (struct initial_covariance){.unit = *unit, .d = d, .points = points, .x = x};
  const int status = fill(initial);
  if (status != OK) {
    initial_covariance_free(initial);
    return status;
  }
  *out = initial;
  return OK;
}

void initial_covariance_free(struct initial_covariance *initial) {
  if (!initial) return;
  free(initial->mean);
  free(initial->square);
  free(initial->sigma);
  free(initial->coefficient);
  free(initial);
}

double initial_covariance_kernel(const struct initial_covariance *initial, int64_t i, int64_t j) {
  if (i == j) return initial->square[i];
  return unit_table[initial->unit.type].manifold == MANIFOLD_SPHERE ? sphere_kernel(initial, i, j)
                                                                    : ridge_kernel(initial, i, j);
}

double initial_covariance_between(const struct initial_covariance *initial, int64_t i, int64_t j) {
  const struct normal_law *c = &initial->unit.c;
  return (c->mean * c->mean + c->std * c->std) * initial_covariance_kernel(initial, i, j) -
         initial_covariance_output(initial, i) * initial_covariance_output(initial, j);
}

double initial_covariance_output(const struct initial_covariance *initial, int64_t i) {
  return initial->unit.c.mean * initial->mean[i];
}

int initial_covariance_matrix(const struct dist_grid *grid, const struct initial_covariance *initial,
                              double (*entry)(const struct initial_covariance *initial, int64_t i, int64_t j),
                              double factor, struct dist_matrix **out) {
  struct dist_matrix *matrix;
  TRY(dist_matrix_create(grid, initial->points, initial->points, &matrix));
  for (int j = 0; j < matrix->local_columns; j++)
    for (int i = 0; i < matrix->local_rows; i++)
      matrix->local[(int64_t)j * matrix->local_rows + i] =
          factor * entry(initial, dist_matrix_row(matrix, i), dist_matrix_column(matrix, j));
  *out = matrix;
  return OK;
}
