/* potential_rbf_isa: the sums of dynamics/potential_rbf.h for the instruction-set levels. The Makefile compiles
 * potential_rbf_isa.c once per level, without contraction to FMA: all versions give the same bits. */
#ifndef POTENTIAL_RBF_ISA_H
#define POTENTIAL_RBF_ISA_H

#include <stdint.h>

#include "base/isa.h"

/* Arrays with TILE columns are 64-byte aligned. */
struct potential_functions {
  /* gradient [d][TILE] = grad f, where f is the sum of entry z_p z_q z_r over the packed entries; indices may be equal.
   * z [d][TILE]. */
  void (*spin_gradient)(int d, const double *entry, const double *z, double *gradient);
  /* sum [d + 1][TILE] += the terms of `count` particles; arguments as in potential_pairs. coefficient [terms][2]: of
   * struct potential. */
  void (*pairs)(int d, int terms, const double (*coefficient)[2], const double *z, int64_t count,
                const double *particle, double *sum);
  /* sum [d + 1][TILE] += the terms of `count` particles; arguments as in potential_pairs_along. */
  void (*pairs_along)(int d, int terms, double alpha, const double (*coefficient)[2], const double *z, const double *u,
                      int64_t count, const double *particle, const double *direction, double *sum);
};

ISA_DECLARE(const struct potential_functions, potential_functions)

#endif
