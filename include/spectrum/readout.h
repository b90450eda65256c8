/* readout: outputs of one network, and the best readout on its current features, which is the minimum of the loss over
 * c.
 *
 *   minimize over u:  (1/2P) sum_p (f_n(x_p) + (1/n) sum_i u_i phi_i(x_p) - y_p)^2 + (mu/2n) sum_i u_i^2
 *
 * u is the change of c. Let r = f_n - y and G = Phi Phi^T / (n P), the matrix of training with frozen inner parameters.
 * The normal equations at the points are
 *
 *   (G + mu) q = r,   u_i = -(1/P) sum_p phi_i(x_p) q_p,   and the residual becomes mu q.
 *
 * Of a mode of G with eigenvalue lambda the fraction mu/(lambda + mu) remains, about as much as after training c alone
 * for a time 1/mu. The equations are P x P for every n. For n < P, G has zero eigenvalues, and mu makes the equations
 * solvable. */
#ifndef MCKEAN_SPECTRUM_READOUT_H
#define MCKEAN_SPECTRUM_READOUT_H

#include <stdint.h>

#include "parallel/dist_matrix.h"
#include "particles/particles.h"

/* Points x [count][d] and labels y [count], equal on all ranks. */
struct readout_set {
  int64_t count;
  const double *x, *y;
};

/* Collective. f [count] = f_n at points x [count][d], on all ranks, after adding u to c: u [own units of the network],
 * NULL: zeros. FAILED: no memory. Cost: n count (2 d + 2) flops and h, divided among all ranks. */
int readout_outputs(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                    int64_t count, const double *x, double *f);

/* Local. (1/2 count) sum (f - y)^2; NAN without points. */
double readout_loss(int64_t count, const double *f, const double *y);

struct readout {
  double mu;
  double loss, test_loss; /* of the best readout; test_loss NAN without test points */
  double change;          /* root mean square of u_i */
};

/* Collective. mu = ridge times the sum of the eigenvalues of G; test may have no points. The losses are those of
 * outputs with c + u, not of the formula for the residual. FAILED: no memory; ridge too small for G + mu to be positive
 * definite. Cost: tangent_matrix_form for c alone, P^3/3 flops of Cholesky, three times readout_outputs. */
int readout_best(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                 const struct readout_set *train, const struct readout_set *test, double ridge,
                 struct readout *readout);

#endif
