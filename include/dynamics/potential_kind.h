/* potential_kind: the data that the exact potentials of all unit types have in common, and the descriptor of the
 * potential of one unit type.
 *
 *   V(theta; mu) = -c F(z) + c int c' K(z, z') dmu(theta')
 *
 * In the population loss (1/2) E (f_n - f)^2, F = E[f phi(., z)] and K = E[phi(., z) phi(., z')] (RVE section 2), where
 * E is the mean over x; z is the inner parameter a of flat units. Each kind is defined in a file potential_<unit>.c;
 * potential.c has the table of all kinds. */
#ifndef MCKEAN_DYNAMICS_POTENTIAL_KIND_H
#define MCKEAN_DYNAMICS_POTENTIAL_KIND_H

#include <stdint.h>

#include "data/target.h"
#include "particles/kernel.h"

enum potential_loss { POTENTIAL_POPULATION, POTENTIAL_RKHS };

struct potential {
  const struct potential_kind *kind;
  const struct target *target; /* not owned */
  int d;
  int64_t teachers; /* units of the teacher; 0: the target is of another type */
  double *teacher;  /* [teachers][d + 1]: c, z */
  double *still;    /* [teachers][d + 1]: zeros; the direction of the units of the teacher */
  double zero;      /* the loss of f_n = 0 */
  /* potential_rbf only: */
  int terms;
  double alpha;
  double (*coefficient)[2]; /* [terms]: of u^m in K, and in the factor of z' in grad_z K; highest m first */
  double lam_1, lam_3;      /* of the population loss */
  double part_1, part_3;    /* spin: factors of d L.z and of H3 in F */
  double *L;                /* [d], spin */
};

/* The functions are local. Arguments: dynamics/potential.h. */
struct potential_kind {
  enum unit_type unit;

  /* Completes the members that the other functions need. The caller has set kind, target and d, and frees the arrays;
   * for a teacher it sets teachers, teacher and zero. USAGE: the theory does not cover alpha or the target. FAILED: no
   * memory. */
  int (*create)(struct potential *potential, double alpha, enum potential_loss loss);

  /* Computes F and grad F of a target that is not a teacher; NULL: the theory covers only teachers. */
  void (*field)(const struct potential *potential, const double *z, double *F, double *grad_F);

  /* Computes the sums of potential_pairs. */
  void (*pairs)(const struct potential *potential, const double *z, int64_t count, const double *particle, double *sum);

  /* Compute the derivatives of potential_field_along, for a target that is not a teacher, and of potential_pairs_along.
   * NULL: the loss of H is not covered. */
  void (*field_along)(const struct potential *potential, const double *z, const double *u, double *work,
                      double *along_F, double *along_grad);
  void (*pairs_along)(const struct potential *potential, const double *z, const double *u, int64_t count,
                      const double *particle, const double *direction, double *sum);
};

#endif
