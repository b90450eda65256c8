#include "tangent/tangent_kernel.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Converts `count` floats to doubles in place, from the last to the first, so that no float is overwritten before it is
 * read. */
static void widen(int64_t count, double *numbers) {
  for (int64_t i = count - 1; i >= 0; i--) {
    float single;
    memcpy(&single, (const char *)numbers + sizeof single * (size_t)i, sizeof single);
    numbers[i] = (double)single;
  }
}

void tangent_kernel_units(const struct particles *particles, const struct local_network *local, int64_t first,
                          int count, double *c, double *a, double *b) {
  local_network_get(particles, local, first, count, c, a, b);
  if (precision_stored(particles->precision) == sizeof(double)) return;
  widen(count, c);
  widen((int64_t)count * particles->d, a);
  widen(count, b);
}

/* dot [units][count] = a.x for all units and points. */
static void dots(int d, int units, const double *a, int count, const double *x, double *dot) {
  cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, count, units, d, 1, x, d, a, d, 0, dot, count);
}

static void flat(const struct unit *unit, int units, const double *c, const double *b, int count, double *phi,
                 double *w) {
  for (int i = 0; i < units; i++)
    for (size_t k = (size_t)i * (size_t)count, p = 0; p < (size_t)count; p++) {
      const double s = phi[k + p] + b[i];
      phi[k + p] = unit->h(s);
      if (w) w[k + p] = c[i] * unit->dh(s);
    }
}

static void sphere(const struct unit *unit, double alpha, int d, int units, const double *c, int count, const double *x,
                   double *phi, double *w, double *v) {
  double *q = alloc_small(sizeof *q * (size_t)count); /* (|x|^2 + d)/2 */
  for (int p = 0; p < count; p++)
    q[p] = (cblas_ddot(d, x + (size_t)p * (size_t)d, 1, x + (size_t)p * (size_t)d, 1) + d) / 2;
  for (int i = 0; i < units; i++)
    for (size_t k = (size_t)i * (size_t)count, p = 0; p < (size_t)count; p++) {
      const double dot = phi[k + p], s = alpha * (dot - q[p]);
      phi[k + p] = unit->h(s);
      if (!w) continue;
      w[k + p] = alpha * c[i] * unit->dh(s);
      if (v) v[k + p] = dot * w[k + p];
    }
  free(q);
}

void tangent_kernel_features(const struct unit_spec *spec, int d, int units, const double *c, const double *a,
                             const double *b, int count, const double *x, double *phi, double *w, double *v) {
  const struct unit *unit = &unit_table[spec->type];
  if (units == 0 || count == 0) return;
  dots(d, units, a, count, x, phi);
  if (unit->manifold == MANIFOLD_SPHERE)
    sphere(unit, spec->alpha, d, units, c, count, x, phi, w, v);
  else
    flat(unit, units, c, b, count, phi, w);
}
