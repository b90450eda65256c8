/* components: the part of each term of a target in the residual g = f_n - f at the test points.
 *
 * Let <.> be the mean over the K test points, and psi_1, psi_2, ... the terms of f (evaluate_terms in
 * data/target_kind.h). Gram-Schmidt turns them, in this order, into functions q_t with <q_s q_t> = 1 if s = t, else 0.
 * The component of term t is <g q_t>, and the remainder is <r^2>/2 with r = g - sum_t <g q_t> q_t, so that
 *
 *   <g^2>/2 = (1/2) sum_t component_t^2 + remainder
 *
 * to rounding. This is the test loss if the loss is squared. As K -> infinity, q_t -> psi_t if the terms are
 * orthonormal for the law of x, which they are for Gaussian x if they are different; component_t is then E g psi_t, and
 * -coefficient_t where f_n = 0. A term that is a linear combination of those before it at the test points has the
 * component 0. */
#ifndef MCKEAN_DATA_COMPONENTS_H
#define MCKEAN_DATA_COMPONENTS_H

#include "data/dataset.h"

struct components;

/* Computes the q_t. data: not owned; its target has terms, and it has test points. Local. Memory: K numbers per term.
 * FAILED: no memory. */
int components_create(const struct dataset *data, struct components **components);
void components_free(struct components *components); /* accepts NULL */

/* out [target->terms + 1] = the components, and the remainder, of a network with the outputs f [K] at the test points.
 * NAN if an output is NAN. Local. Cost: 4 K flops per term. */
void components_of(const struct components *components, const double *f, double *out);

#endif
