/* unit: the table of unit types.
 *
 * A network is f_n(x) = (1/n) sum_i c_i phi(x, z_i). Ridge units have z = (a, b) and phi = h(a.x + b); units on the
 * sphere have |z| = sqrt d and phi = h(alpha (x.z - (|x|^2 + d)/2)) = exp(-alpha |x - z|^2 / 2) (RVE section
 * 5). z is held in the fields a. Both are "h of a linear form", so one kernel serves all:
 *
 *   ridge    s = b + a.x              dphi/da = h'(s) x          dphi/db = h'(s)
 *   sphere   s = q(x) + z.(alpha x)   dphi/dz = h'(s) alpha x, projected on the tangent space at z
 *
 * To add a unit type: a row in unit.c with its name, h and h', and its vector form in src/particles/unit_simd.h. */
#ifndef MCKEAN_PARTICLES_UNIT_H
#define MCKEAN_PARTICLES_UNIT_H

#include <stdbool.h>

enum unit_type { UNIT_SIGMOID, UNIT_TANH, UNIT_RELU, UNIT_SOFTPLUS, UNIT_ERF, UNIT_COSINE, UNIT_RBF, UNIT_TYPES };

enum unit_train { TRAIN_C = 1, TRAIN_A = 2, TRAIN_B = 4 };

struct unit {
  const char *name;
  bool sphere;           /* parameters z on the sphere of radius sqrt d, no b */
  double (*h)(double s); /* reference in double precision, by libm: for tests and documents, never the trajectory */
  double (*dh)(double s);
  const char *help;
};

extern const struct unit unit_table[UNIT_TYPES]; /* indexed by enum unit_type */

/* Row of that name, NULL if there is none. */
const struct unit *unit_find(const char *name);

/* Mean and standard deviation of an iid normal law. */
struct unit_law {
  double mean, std;
};

/* unit.* of the input: which unit, which fields move, from which law they start (sphere: z uniform, laws a, b unused).
 */
struct unit_spec {
  int type;       /* enum unit_type */
  double alpha;   /* sphere units: inverse square width */
  unsigned train; /* enum unit_train flags */
  struct unit_law c, a, b;
};

#endif
