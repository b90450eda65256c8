/* stability: the largest stable step size of the networks of a run in their current state.
 *
 *   dr/dt = -(1/N) l'' M r,   lambda = largest eigenvalue of M/N,   l'' <= kappa (data/loss.h; 1 for the squared loss)
 *   gd, all points each step:  rate = kappa lambda;  Euler is stable for dt < 2 / rate
 *   sgd, batches of P points:  rate = kappa (lambda (1 - 1/P) + sup_x M(x,x) / P);  dt < 2 / rate suffices
 *
 * M is the tangent kernel on the N points. The update rule turns a rate into a limit of dt (dynamics/update.h); for a
 * rule to which the rate of sgd does not apply, the rate of gd is used. The N points are a probe (tangent/probe.h), and
 * lambda is computed by the Lanczos method. If the probe contains the whole fixed set, lambda is the value for the
 * training set; otherwise it is the value for a sample, and is somewhat larger on average. The sup is over the first
 * STABILITY_POINTS points of the probe. With data.mode: rkhs there are no points: lambda is the largest eigenvalue of
 * the Hessian of tangent/potential_hessian.h, or 0 if this is negative, and steps are those of gd. All results have the
 * same bits for any number of ranks and threads. */
#ifndef MCKEAN_TANGENT_STABILITY_H
#define MCKEAN_TANGENT_STABILITY_H

#include "data/dataset.h"
#include "dynamics/schedule.h"
#include "particles/particles.h"
#include "tangent/jacobian.h"
#include "tangent/lanczos.h"
#include "tangent/potential_hessian.h"
#include "tangent/probe.h"

enum { STABILITY_PROBE = 512, STABILITY_POINTS = 64 }; /* points of the probe; points of the sup of M(x,x) */

/* An estimate seldom costs more than this number of steps over the points of the probe. */
enum { STABILITY_STEPS = 20 };

struct stability_source;

struct stability {
  const struct particles *particles;
  const struct dataset *data;
  const struct stability_source *source; /* the operator with the eigenvalue lambda */
  int threads;
  struct probe *probe; /* NULL with data.mode: rkhs */
  struct jacobian *jacobian;
  struct potential_hessian *hessian; /* NULL except with data.mode: rkhs */
  double **basis;                    /* [threads][LANCZOS_MAX + 1][largest vector] */
};

/* Results of one network. NAN if it has diverged. */
struct kernel_bounds {
  double lambda, bound; /* |lambda - some eigenvalue of M/N| <= bound */
  double diagonal;      /* sup_x M(x,x) for sgd; 0 if each step uses all points */
  int products;         /* number of products M v in the Lanczos method */
};

/* Collective. particles and data must outlive stability; blocks of units may move to other ranks. isa: the level of the
 * kernels; threads: the number of threads of this rank; probe, order: the largest number of points of the probe, and
 * their order. FAILED: no memory is available. */
int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, enum probe_order order, struct stability **stability);
void stability_free(struct stability *stability); /* accepts NULL */

/* Collective over the ranks that share networks. Sets bounds [locals] for the batch sizes of a stage, but only for
 * networks with replica < replicas. */
void stability_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas,
                      struct kernel_bounds *bounds);

/* Collective over the ranks that share the network. Computes lambda by Lanczos's method, with at most `products`
 * products. points: the first points of the probe that are used, unless data.mode is rkhs. The vectors, as in
 * lanczos_limited, are in basis of the first thread of the team. team: the team that computes (dynamics/team.h). */
struct lanczos stability_lambda(const struct stability *stability, const struct local_network *local, int team,
                                int points, int products, double tolerance);

/* Local. Returns the name of the operator with the eigenvalue lambda: "the tangent kernel" or "the Hessian of the
 * loss". */
const char *stability_operator(const struct dataset *data);

/* Collective over the ranks that share the network. Returns the sup of M(x,x) over the first points of the probe, at
 * most `points` and STABILITY_POINTS; NAN: not finite. team: the team that computes (dynamics/team.h). */
double stability_diagonal(const struct stability *stability, const struct local_network *local, int team, int points);

/* Local. Returns the limit of dt by the formulas above, with P = batch; batch 0: gd. Infinite if the rate is 0. */
double kernel_bounds_limit(const struct kernel_bounds *bounds, int64_t batch, const struct loss_spec *loss,
                           const struct update_spec *update);

/* Local. Returns P of a network of n units in a stage, or 0 if a step uses all points. */
int64_t stability_batch(const struct stability *stability, const struct schedule *schedule, int stage, int64_t n);

/* Collective. *limit: the limit of the stage's dt, which is the smallest limit of a network divided by n^dt_power; *n:
 * the size of a network with this limit, 2^62 if the limit is infinite. Both are the same on all ranks. FAILED: a
 * network has diverged; *limit is then 0. */
int stability_limit(struct stability *stability, const struct schedule *schedule, int stage, double *limit, int64_t *n);

#endif
