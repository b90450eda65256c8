/* readout: outputs of one network, and the best readout on its present features: the convex floor of the loss.
 *
 *   minimize over u:  (1/2P) sum_p (f_n(x_p) + (1/n) sum_i u_i phi_i(x_p) - y_p)^2 + (mu/2n) sum_i u_i^2
 *
 * u is the change of c. With r = f_n - y and G = Phi Phi^T / (n P), the matrix of training with frozen inner
 * parameters, the normal equations in point space are
 *
 *   (G + mu) q = r,   u_i = -(1/P) sum_p phi_i(x_p) q_p,   and the residual becomes mu q:
 *
 * a mode of G of eigenvalue lambda keeps the part mu/(lambda + mu), about what training c alone for a time 1/mu would
 * leave. P x P whatever n is: with n < P, G has zero eigenvalues, which mu makes harmless. */
#ifndef MCKEAN_SPECTRUM_READOUT_H
#define MCKEAN_SPECTRUM_READOUT_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/particles.h"

/* P points x [count][d] and labels y, the same on all ranks. */
struct readout_set {
  int64_t count;
  const double *x, *y;
};

/* Collective. f [count] = f_n at points, on all ranks; with u (own units of the network, NULL: zeros) added to c.
 * FAILED: no memory. Cost: n count (2 d + 2) flops and h over all ranks. */
int readout_outputs(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                    int64_t count, const double *x, double *f);

/* (1/2 count) sum (f - y)^2; NAN without points. Local. */
double readout_loss(int64_t count, const double *f, const double *y);

struct readout {
  double mu;
  double loss, test_loss; /* of the best readout; test_loss NAN without test points */
  double change;          /* root mean square of u_i */
};

/* Collective. mu = ridge times the sum of G's eigenvalues; test may have no points. The losses are those of outputs
 * with c + u, not of the formula for the residual. FAILED: no memory; ridge too small for G + mu to be positive
 * definite. Cost: tangent_matrix_form for c alone, P^3/3 flops of Cholesky, three times readout_outputs. */
int readout_best(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                 const struct readout_set *train, const struct readout_set *test, double ridge,
                 struct readout *readout);

#endif
