/* limit_estimate: dt of a network divided by its stability limit (tangent/stability.h), with an error, at low cost.
 *
 * With the whole fixed set or data.mode: rkhs, lambda is that of Lanczos's method with few products, and its error is
 * the Lanczos bound. This lambda is a Rayleigh quotient, never larger than the largest eigenvalue, so dt/limit > 1
 * means that dt exceeds the limit, regardless of the error. Otherwise two samples A and B of N points each are used.
 * The largest eigenvalue lambda_A of M_AA/N, with eigenvector u, is larger than lambda on average, and the Rayleigh
 * quotient of the same direction of the parameters on B is smaller:
 *
 *   q_B = (1/N) sum_{x in B} w(x)^2 / (N lambda_A),   w = M_BA u,   E q_B <= lambda <= E lambda_A
 *
 *   lambda = (lambda_A + q_B)/2,   error^2 = (lambda_A - q_B)^2/4 + s^2 + bound^2
 *
 * where s is the standard error of q_B from the variance of w(x)^2 over B, and bound is the Lanczos bound. Fixed data:
 * A and B are disjoint and spread over the set. A network whose dt is within this error of its limit is estimated again
 * with more points. All results have the same bits for any number of ranks and threads. */
#ifndef MCKEAN_TANGENT_LIMIT_ESTIMATE_H
#define MCKEAN_TANGENT_LIMIT_ESTIMATE_H

#include "tangent/limit_plan.h"
#include "tangent/stability.h"

struct limit_estimator {
  const struct schedule *schedule;
  struct stability *stability; /* of the largest set or of two samples */
};

/* Results of one network; lambda is NAN if the tangent kernel is not finite. */
struct network_limit {
  double lambda, bound, error; /* bound: of Lanczos's method, part of error */
  double limit;                /* of dt */
  double ratio, ratio_error;   /* dt/limit, and its error from that of lambda */
  bool above;                  /* dt exceeds the limit by more than the error, or the kernel is not finite */
  int points, products;        /* points: 0 with data.mode: rkhs */
};

/* Collective. The pointers must outlive the estimator; blocks of units may move to other ranks. threads: of this rank.
 * FAILED: no memory. */
int limit_estimator_create(const struct particles *particles, const struct dataset *data,
                           const struct schedule *schedule, enum isa isa, int threads, struct limit_estimator **out);
void limit_estimator_free(struct limit_estimator *estimator); /* accepts NULL */

/* Collective over the ranks that share networks. Sets result [locals] for the networks with replica < size->replicas.
 * dt [members]: the step size of the networks of each size. */
void limit_estimate(struct limit_estimator *estimator, int stage, const struct limit_size *size, const double *dt,
                    struct network_limit *result);

/* Local. Sets limit, ratio, ratio_error and above of a result from its lambda and its error, for the step size dt and
 * batches of `batch` points; batch 0: all points. diagonal: sup M(x,x); not used if batch is 0. whole: lambda is that
 * of the whole fixed set, or of the Hessian with data.mode: rkhs. */
void limit_estimate_ratio(const struct loss_spec *loss, const struct update_spec *update, int64_t batch,
                          double diagonal, bool whole, double dt, struct network_limit *result);

/* Local. Returns the sup M(x,x) from which lambda and the limit of a result follow, with batches of `batch` points.
 * NAN: it is not known, because batch is 0 or the limit of the rule does not depend on batches. Requires that
 * 1/limit of a rule that depends on batches is an affine function of the rate (dynamics/update.h). */
double limit_estimate_diagonal(const struct loss_spec *loss, const struct update_spec *update, int64_t batch,
                               const struct network_limit *result);

#endif
