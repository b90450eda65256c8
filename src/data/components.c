#include "data/components.h"

#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"

struct components {
  const struct dataset *data;
  double *q, *residual; /* [terms][K], [K] */
};

/* A term whose part orthogonal to those before it is smaller than this, relative to the term, depends on them. */
#define INDEPENDENT 1e-10

static double mean_product(int64_t points, const double *a, const double *b) {
  double sum = 0;
  for (int64_t k = 0; k < points; k++) sum += a[k] * b[k];
  return sum / (double)points;
}

/* Subtracts from v [points] its part along q. Returns the component <v q>. */
static double split(int64_t points, const double *q, double *v) {
  const double component = mean_product(points, q, v);
  for (int64_t k = 0; k < points; k++) v[k] -= component * q[k];
  return component;
}

static void scale(int64_t points, double factor, double *v) {
  for (int64_t k = 0; k < points; k++) v[k] *= factor;
}

/* Turns the terms into q: twice, so that rounding leaves them orthogonal. */
static void orthonormalize(int64_t points, int terms, double *q) {
  for (int t = 0; t < terms; t++) {
    double *v = q + t * points;
    const double norm = sqrt(mean_product(points, v, v));
    scale(points, norm > 0 ? 1 / norm : 0, v);
    for (int pass = 0; pass < 2; pass++)
      for (int s = 0; s < t; s++) split(points, q + s * points, v);
    const double rest = sqrt(mean_product(points, v, v));
    scale(points, rest > INDEPENDENT ? 1 / rest : 0, v);
  }
}

static int allocate(struct components *components) {
  const struct dataset *data = components->data;
  TRY(alloc_array((void **)&components->q, data->target->terms * data->tests, sizeof(double),
                  "the terms of the target at the test points"));
  return alloc_array((void **)&components->residual, data->tests, sizeof(double), "residuals at the test points");
}

int components_create(const struct dataset *data, struct components **out) {
  struct components *components = alloc_small(sizeof *components);
  *components = (struct components){.data = data};
  const int status = allocate(components);
  if (status != OK) {
    components_free(components);
    return status;
  }
  target_terms(data->target, (int)data->tests, data->test_x, components->q);
  orthonormalize(data->tests, data->target->terms, components->q);
  *out = components;
  return OK;
}

void components_free(struct components *components) {
  if (!components) return;
  free(components->q);
  free(components->residual);
  free(components);
}

void components_of(const struct components *components, const double *f, double *out) {
  const struct dataset *data = components->data;
  const int terms = data->target->terms;
  double *g = components->residual;
  for (int64_t k = 0; k < data->tests; k++) g[k] = f[k] - data->test_y[k];
  for (int t = 0; t < terms; t++) out[t] = split(data->tests, components->q + t * data->tests, g);
  out[terms] = mean_product(data->tests, g, g) / 2;
}
