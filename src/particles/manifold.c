#include "particles/manifold.h"

#include "particles/fields.h"

static void draw_flat(const struct rng *rng, uint64_t unit, int d, const struct normal_law *law, double *a) {
  rng_normal(rng, unit, d, a);
  for (int k = 0; k < d; k++) a[k] = law->mean + law->std * a[k];
}

static void draw_sphere(const struct rng *rng, uint64_t unit, int d, const struct normal_law *law, double *a) {
  (void)law; /* uniform */
  rng_sphere(rng, unit, d, a);
}

static void project_sphere(int d, size_t stride, const double *a, double *v) {
  double along = 0;
  for (size_t k = 0; k < (size_t)d; k++) along += v[k * stride] * a[k * stride] / d;
  for (size_t k = 0; k < (size_t)d; k++) v[k * stride] -= a[k * stride] * along;
}

const struct manifold manifold_table[MANIFOLDS] = {
    [MANIFOLD_FLAT] = {"flat", "a", FIELD_BIT_C | FIELD_BIT_A | FIELD_BIT_B, 1, draw_flat, NULL},
    [MANIFOLD_SPHERE] = {"sphere", "z", FIELD_BIT_C | FIELD_BIT_A, 2, draw_sphere, project_sphere},
};
