/* manifold: the table of spaces in which the inner parameters of a unit live.
 *
 *   flat     a in R^d, with a bias b. Gradient and position stay as they are.
 *   sphere   z with |z|^2 = d, held in the field a; no b. A gradient g is projected on the tangent space at z,
 *            v = g - z (g.z)/d; after a step z is scaled back to |z|^2 = d (retraction).
 *
 * The step applies project and retract to whole tiles: struct kernel (particles/kernel.h) has their vector forms. The
 * functions here handle one unit in double precision.
 *
 * To add a manifold: a name in enum manifold_id, a row in manifold.c, its vector forms in
 * src/particles/kernel_isa.c. */
#ifndef MCKEAN_PARTICLES_MANIFOLD_H
#define MCKEAN_PARTICLES_MANIFOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum manifold_id { MANIFOLD_FLAT, MANIFOLD_SPHERE, MANIFOLDS };

/* Mean and standard deviation of an iid normal law. */
struct normal_law {
  double mean, std;
};

struct manifold {
  const char *name;
  const char *symbol; /* of the inner parameters in messages: a or z */
  unsigned fields;    /* set of fields (FIELD_BIT_*): the fields that a unit on it has */
  int d_min;          /* smallest dimension */

  /* Local. a [d] = a draw from the initial law: number `unit` of the random stream. */
  void (*draw)(const struct rng *rng, uint64_t unit, int d, const struct normal_law *law, double *a);

  /* Local. Projects v on the tangent space at a. Component k of v and a is at index k * stride. NULL: nothing to do. */
  void (*project)(int d, size_t stride, const double *a, double *v);
};

extern const struct manifold manifold_table[MANIFOLDS]; /* indexed by enum manifold_id */

#endif
