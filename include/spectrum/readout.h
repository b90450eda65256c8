/* readout: the outputs of one network, and its best readout, which is the c that minimizes the loss on its current
 * features.
 *
 *   minimize over u:  (1/2P) sum_p (f_n(x_p) + (1/n) sum_i u_i phi_i(x_p) - y_p)^2 + (mu/2n) sum_i u_i^2
 *
 * Here u is the change of c, and the ridge mu keeps u small. Let r = f_n - y, Phi_pi = phi_i(x_p), and
 * G = Phi Phi^T / (n P), which is M/P for the tangent kernel M of c alone. The normal equations at the points are
 *
 *   (G + mu) q = r,   u_i = -(1/P) sum_p phi_i(x_p) q_p,   and the residual becomes mu q.
 *
 * In a mode of G with eigenvalue lambda, the fraction mu/(lambda + mu) of the residual remains: about as much as after
 * training c alone for a time 1/mu. The system has P equations, whatever n is. For n < P, G has zero eigenvalues,
 * and mu makes the system solvable. */
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

/* Collective. f [count] = outputs of a network with c + u in place of c, at points x [count][d], on all ranks. u [local
 * units of the network], or NULL: zeros. FAILED: no memory. Cost: 2 d + 2 flops and one h per unit and point, divided
 * among the owners of the units. */
int readout_outputs(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                    int64_t count, const double *x, double *f);

/* Local. Returns 1/(2 count) sum (f - y)^2 over f, y [count]; NAN for count 0. */
double readout_loss(int64_t count, const double *f, const double *y);

/* Collective. *loss = loss of a network with c + u in place of c, at the points of a set; NAN for a set without points.
 * u, errors, cost: as for readout_outputs. */
int readout_set_loss(const struct dist_grid *grid, const struct particles *particles, int64_t network, const double *u,
                     const struct readout_set *set, double *loss);

struct readout {
  double mu;
  double loss, test_loss; /* with the best readout, at the points of train and test; NAN without test points */
  double change;          /* root mean square of u_i */
};

/* Collective. Finds the best readout at the points of train; test may have no points. mu = ridge times the sum of the
 * eigenvalues of G, or ridge if this sum is 0. The losses are computed from outputs with c + u, not from mu q. FAILED:
 * no memory; ridge is too small for G + mu to be positive definite in double precision. Cost: tangent_matrix_form for c
 * alone; P^3/3 flops of Cholesky factorization; about four times readout_outputs. */
int readout_best(const struct dist_grid *grid, const struct particles *particles, int64_t network,
                 const struct readout_set *train, const struct readout_set *test, double ridge,
                 struct readout *readout);

#endif
