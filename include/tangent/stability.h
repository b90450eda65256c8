/* stability: the largest step size that the networks of a run bear now.
 *
 *   d r/dt = -(1/P) M r,   lambda = largest eigenvalue of M/P
 *   gd, the whole set each step:  forward Euler is stable below  dt = 2 / lambda
 *   sgd, batches of P points:     surely below  dt = 2 / (lambda (1 - 1/P) + sup_x M(x,x) / P)
 *
 * for the kernel M of the present state. lambda comes from Lanczos's method on a probe of points (tangent/probe.h): for
 * fixed sets within its size it is the eigenvalue of the training set itself; otherwise that of a sample, on average
 * somewhat larger. sup is over STABILITY_POINTS of them. Everything is the same bits on any number of ranks and
 * threads. */
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

/* One network. NAN where its numbers left their range. */
struct kernel_bounds {
  double lambda, bound; /* of M/P; some eigenvalue is within bound of lambda */
  double diagonal;      /* sup_x M(x,x); 0 where no batch asks for it */
  int products;         /* of Lanczos's method */
};

/* Collective. particles and data are not owned; particles may change owners. probe: points at most. FAILED: no memory.
 */
int stability_create(const struct particles *particles, const struct dataset *data, enum isa isa, int threads,
                     int probe, struct stability **stability);
void stability_free(struct stability *stability); /* accepts NULL */

/* edge [shares], for the batches of a stage. Communicates inside groups. Only networks of replicas below `replicas` are
 * looked at, the others are left as they are. */
void stability_bounds(struct stability *stability, const struct schedule *schedule, int stage, int64_t replicas,
                      struct kernel_bounds *edge);

/* Local. The limit of dt by the formulas above; batch 0: gd. Infinite where nothing moves f_n. */
double kernel_bounds_limit(const struct kernel_bounds *edge, int64_t batch);

/* Local. P of a network in a stage, 0 where that is the whole fixed set. */
int64_t stability_batch(const struct stability *stability, const struct schedule *schedule, int stage, int64_t n);

/* Collective. *limit: the least over all networks, *n its size, the same on all ranks. FAILED, *limit 0: the numbers of
 * some network left their range. */
int stability_limit(struct stability *stability, const struct schedule *schedule, int stage, double *limit, int64_t *n);

#endif
