/* unit: the table of unit types (types of neurons).
 *
 * A network is f_n(x) = (1/n) sum_i c_i phi(x, z_i), where phi = h(s) is a function of a linear form s. So one kernel
 * template serves all unit types:
 *
 *   flat     z = (a, b)               s = a.x + b                         dphi/da = h'(s) x    dphi/db = h'(s)
 *   sphere   |z|^2 = d, stored in a   s = alpha (x.z - (|x|^2 + d)/2)     dphi/dz = h'(s) alpha x
 *
 * On the sphere, h = exp gives phi = exp(-alpha |x - z|^2 / 2) (RVE section 5), and gradients are projected onto the
 * tangent space at z (particles/manifold.h).
 *
 * To add a unit type: add a name to the list of its manifold below; h, h', h'' and an entry in unit.c; the same
 * functions on vectors in src/particles/unit_simd.h; two lines in src/particles/kernel_precision.h. If it needs a
 * polynomial or quotient, tools/minimax generates the coefficients (unit_series.h). The tests run over all entries; add
 * h and h' in long double to tests/module/test_unit.c. */
#ifndef MCKEAN_PARTICLES_UNIT_H
#define MCKEAN_PARTICLES_UNIT_H

#include "particles/fields.h"
#include "particles/manifold.h"

/* ENTRY(constant, name): one per unit type, by manifold. */
#define UNIT_LIST_FLAT(ENTRY)                                                                                          \
  ENTRY(UNIT_SIGMOID, sigmoid)                                                                                         \
  ENTRY(UNIT_TANH, tanh)                                                                                               \
  ENTRY(UNIT_RELU, relu)                                                                                               \
  ENTRY(UNIT_SOFTPLUS, softplus)                                                                                       \
  ENTRY(UNIT_ERF, erf)                                                                                                 \
  ENTRY(UNIT_COSINE, cosine)                                                                                           \
  ENTRY(UNIT_SQUARE, square)
#define UNIT_LIST_SPHERE(ENTRY) ENTRY(UNIT_RBF, rbf)

#define UNIT_CONSTANT(constant, name) constant,
enum unit_type { UNIT_LIST_FLAT(UNIT_CONSTANT) UNIT_LIST_SPHERE(UNIT_CONSTANT) UNIT_TYPES };
#undef UNIT_CONSTANT

struct unit {
  const char *name;
  enum manifold_id manifold;
  /* h, h' and h'' in double precision by libm: for tests and analysis, never for a trajectory. ddh NULL: h is not twice
   * differentiable. */
  double (*h)(double s);
  double (*dh)(double s);
  double (*ddh)(double s);
  const char *help; /* the formula, for `mckean help` */
};

extern const struct unit unit_table[UNIT_TYPES]; /* indexed by enum unit_type */

/* Local. Returns the unit type with this name, or NULL if there is none. */
const struct unit *unit_find(const char *name);

/* Local. Returns the manifold of the inner parameters of a unit type. */
const struct manifold *unit_manifold(int type);

/* Whether each initial condition takes its own random subset of the units of a file, or all of one n take the same. */
enum subsample { UNITS_OWN, UNITS_SHARED, SUBSAMPLES };

/* The file from which initial particles are read (particles/particle_file.h). */
struct unit_import {
  char path[4096];   /* "": no file */
  int subsample;     /* enum subsample */
  uint64_t seed;     /* of the subsets; 0: run.seed */
  char checksum[16]; /* of the initial particles, 8 hexadecimal digits; "": not known */
};

/* Section `unit` of the input. */
struct unit_spec {
  int type;                  /* enum unit_type */
  double alpha;              /* sphere: the inverse squared width of phi */
  unsigned train;            /* the trained parameters, as a set (FIELD_BIT_*): a subset of those of the manifold */
  int rule_fields;           /* fields of the update rule per trained parameter (dynamics/update.h) */
  struct normal_law c, a, b; /* the initial laws */
  bool mirror;               /* units 2j and 2j + 1 start with the same a and b and opposite c, so that f = 0 */
  struct unit_import import;
};

#endif
