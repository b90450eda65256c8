/* manifold: the table of the spaces in which the inner parameters of a unit lie.
 *
 *   flat     a in R^d, with a bias b. A step needs neither projection nor retraction.
 *   sphere   z with |z|^2 = d, stored in the field a; no b. A gradient g is projected onto the tangent space at z:
 *            v = g - z (g.z)/d. After a step z is scaled to |z|^2 = d (retraction).
 *
 * A step projects and retracts whole tiles with the functions of struct kernel (particles/kernel.h). The functions here
 * process one unit in double precision, with plain IEEE operations.
 *
 * To add a manifold: add a constant to enum manifold_id; an entry in manifold.c; project and retract on tiles, and a
 * macro ROWS_<NAME>, in src/particles/kernel_isa.c; a list UNIT_LIST_<NAME> of its unit types in particles/unit.h; the
 * linear form s of its unit types in src/particles/kernel_loops.h and in points_set and linear_form of kernel.c; the
 * law of teacher units in src/data/target_teacher.c. Analyses that are valid only for some manifolds test
 * unit_table[].manifold; make them refuse the new one. */
#ifndef MCKEAN_PARTICLES_MANIFOLD_H
#define MCKEAN_PARTICLES_MANIFOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

enum manifold_id { MANIFOLD_FLAT, MANIFOLD_SPHERE, MANIFOLDS };

/* Independent normal components. */
struct normal_law {
  double mean, std;
};

struct manifold {
  const char *name;
  const char *symbol; /* symbol of the inner parameters in messages: a or z */
  unsigned fields;    /* the parameters of its units, as a set (FIELD_BIT_*) */
  int d_min;          /* the smallest dimension */

  /* Local. Draws the inner parameters a [d] of unit number `unit` from the random stream rng. They follow `law`; on the
   * sphere they are uniform and `law` is unused. */
  void (*draw)(const struct rng *rng, uint64_t unit, int d, const struct normal_law *law, double *a);

  /* Local. Projects v [d] onto the tangent space at a [d]; component k of both is at index k * stride. NULL on a
   * manifold that needs no projection. */
  void (*project)(int d, size_t stride, const double *a, double *v);
};

extern const struct manifold manifold_table[MANIFOLDS]; /* indexed by enum manifold_id */

#endif
