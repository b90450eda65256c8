/* stability: the largest stable step size of the networks of a run in their current state.
 *
 *   d r/dt = -(1/P) l'' M r,   lambda = largest eigenvalue of M/P,   l'' <= kappa (data/loss.h; 1 for the squared loss)
 *   gd, the whole set each step:  stable for rates up to  kappa lambda;  Euler: below dt = 2 / (kappa lambda)
 *   sgd, batches of P points:     certainly stable for  kappa (lambda (1 - 1/P) + sup_x M(x,x) / P)
 *
 * The update rule turns a rate into a limit of dt (dynamics/update.h); a rule for which the bound of sgd does not hold
 * is judged by that of gd. M is the tangent kernel. lambda comes from the Lanczos method on a probe of points
 * (tangent/probe.h): for fixed sets within its size it is the eigenvalue of the training set itself; otherwise that of
 * a sample, which is somewhat larger on average. sup is over STABILITY_POINTS of these points. Everything is the same
 * bits on any number of ranks and threads. */
#ifndef MCKEAN_TANGENT_STABILITY_H
#define MCKEAN_TANGENT_STABILITY_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"
#include "tangent/jacobian.h"
#include "tangent/probe.h"

enum { STABILITY_PROBE = 512, STABILITY_POINTS = 64 }; /* points at most; of sup M(x,x) */

/* Cost of an estimate, in steps over the points of the probe: seldom more. */
enum { STABILITY_STEPS = 20 };

struct stability {
  const struct particles *particles;
  const struct dataset *data;
  int threads;
  struct probe *probe;
  struct jacobian *jacobian;
  double **basis; /* [threads][LANCZOS_MAX + 1][probe] */
};

/* One network. NAN where it has diverged. */
struct kernel_bounds {
  double lambda, bound; /* of M/P; some eigenvalue is within bound of lambda */
  double diagonal;      /* sup_x M(x,x); 0 if no batch size needs it */
  int products;         /* of Lanczos's method */
};

/* Collective. particles and data are not owned; particles may change owners. probe: at most so many points. FAILED: no
 * memory. */
int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, struct stability **stability);
void stability_free(struct stability *stability); /* accepts NULL */

/* Collective over the ranks that share networks. bounds [locals], for the batches of a stage; only those of networks of
 * replicas below `replicas` are set. */
void stability_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas,
                      struct kernel_bounds *bounds);

/* Local. The limit of dt by the formulas above; batch 0: gd. Infinite where nothing moves f_n. */
double kernel_bounds_limit(const struct kernel_bounds *bounds, int64_t batch, const struct loss_spec *loss,
                           const struct update_spec *update);

/* Local. P of a network in a stage, 0 where that is the whole fixed set. */
int64_t stability_batch(const struct stability *stability, const struct schedule *schedule, int stage, int64_t n);

/* Collective. *limit: the least over all networks, *n its size, the same on all ranks. FAILED, *limit 0: some network
 * has diverged. */
int stability_limit(struct stability *stability, const struct schedule *schedule, int stage, double *limit, int64_t *n);

#endif
