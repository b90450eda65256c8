/* advise: recommends dt and batch size, and estimates the time of a run, from the current state of its networks.
 *
 * Quantities of each network, computed by the kernels of the step on a probe of points (tangent/probe.h); r = f_n - y:
 *
 *   lambda    largest eigenvalue of M/N for the N points of the probe; limits of dt as in tangent/stability.h
 *   lambda_error   standard error of lambda as an estimate for the law of x: with the eigenvector u, |u| = 1, a point p
 *               changes lambda by lambda (u_p^2 - 1/N) to first order, so the error is lambda sqrt(sum u_p^4 - 1/N),
 *               plus the distance lambda_bound of Lanczos's method; if the probe is the whole fixed set, only this
 *               distance. In addition, lambda of a sample is larger on average than lambda of the law
 *   |G|^2     = (1/n) sum_i |grad V(theta_i)|^2, the squared norm of the expected gradient
 *   S         = variance of the gradient of a single point: the mean over units of the trace of its covariance.
 *               Estimated from the gradients g_b of B = min(ADVISE_BATCHES, N) batches of P_b points each, as
 *               P_b B/(B-1) (mean |g_b|^2 - |mean g_b|^2)
 *   P_noise   = S / |G|^2: the batch size at which the gradient has as much noise as signal
 *   V_bound   = (mean_i c_i^2 E phi_i^2 - E f_n^2) / (n - 1): variance of f_n if its units were drawn independently
 *               from mu_n; unbiased at t = 0, later an upper bound that may be far from tight. E is the mean over
 *               the first JACOBIAN_BATCHES points of the probe
 *   V_init    variance of f_n due to the initial condition: at step 0 V_bound; later, for at least two initial
 *               conditions, from the replicas at the test points, with the estimators and 99 % intervals of
 *               fluctuations/fluctuations.h (at most 128 networks of each size and 256 points). With several data
 *               streams it is V_init of `analyze`; with common data V; otherwise V - V_sgd. With one initial condition
 *               it is V_bound
 *   V_seen    with several data streams: V_sgd of the replicas, as in `analyze`
 *   V_sgd     = dt S / (2 P): variance of f_n due to batches of P points
 *   P_sgd     = dt S / (2 V_init): the batch size above which V_sgd is below V_init
 *
 * V_sgd estimates the term of Var f_n proportional to dt/P (RVE section 3.3). Along an eigenvector of M/N with
 * eigenvalue l, a step with a batch of P points adds dt^2 s_l/P to the variance of f_n. In equilibrium with relaxation,
 * this variance is dt s_l/(2 l P). Here s_l/l is the variance of the gradient of a single point in this mode, so
 * sum_l s_l/l = S. The estimate holds for small steps, for the current M and r, and for modes that have had time to
 * relax, t > 1/l. Other modes have less variance, and S falls with the loss. Example: input/sgd.yaml at t = 100,
 * n = 32 .. 512. From 64 pairs of networks that differ only in their data, analyze computes V_sgd = 0.136, 0.0820,
 * 0.0449, 0.0268, 0.0127; advise estimates 0.138, 0.0714, 0.0375, 0.0196, 0.0100 from the checkpoint.
 * tests/program/program_advise_replicas compares both at 10 settings. If V_init is V_bound, P_sgd is only a lower bound
 * of the necessary batch size.
 *
 * Noise and ridge. Let tau be the temperature of the stage, alpha the output scale, and ridge the same number for all
 * trained parameters. A small displacement of f_n = (alpha/n) sum_i c_i phi_i along an eigenvector of M/N with
 * eigenvalue g has the rate x = g + ridge, and a step adds noise of variance 2 tau dt alpha^2 N g/n to it. In the
 * stationary state, noise alone causes the variance V_noise, as a mean over the N points; v(x) is the variance of a
 * mode for tau = 1:
 *
 *   V_noise     = alpha^2 (tau/n) sum_g g v(g + ridge), the sum over g > 0
 *               euler: v(x) = 1/(x (1 - dt x/2));   leimkuhler_matthews, and baoab with friction: v(x) = 1/x
 *               Exact for given a and b if only c is trained. Otherwise it is linearized about the current units, and
 *               does not include their motion: at t = 200 of input/langevin.yaml it is twice the variance of the run
 *   V_gibbs     = alpha^2 (tau/n) sum_k k/(tau + k), k: eigenvalues of K/N, where K(x,x') is the covariance over units
 *               of c phi(x) and c phi(x'), from all measured networks of a size. This is, to order 1/n, the variance
 *               under the stationary law proportional to exp(-(n/(tau alpha^2)) L_n - (ridge/(2 tau)) sum_i
 *               |theta_i|^2); a step changes it by O(dt). It has a meaning only if the units are stationary. Ridges
 *               may differ. Defined if tau > 0 and each parameter is trained with a ridge above 0, is on the sphere,
 *               or is the same number for all units
 *   noise_error |V_noise - V_noise of half of the points|, 0 for a whole fixed set. N points have at most N modes, so
 *               V_noise of a sample is too small if more modes matter
 *   t_95        time in which noise that starts at 0 reaches 95 % of V_noise. The missing share of a mode after k
 *               steps is |1 - dt x|^(2k) for euler and |1 - dt x|^(2k-1) for leimkuhler_matthews; for baoab it follows
 *               from the map of displacement and velocity, which start at 0. If a or b is trained, the units
 *               themselves need time to reach their stationary law as well
 *   steps_95    t_95/dt
 *   t_slow      relaxation time of the slowest mode that matters: this mode and the faster ones contribute 95 % of
 *               V_noise
 *   tau_init    the temperature at which V_noise is V_init
 *
 * The N points are a probe of at most ADVISE_NOISE points; large networks are measured in fewer replicas. V_noise has
 * no value if dt is above its limit, for baoab without friction, and if ridges of trained parameters differ, because M
 * then has no modes with one rate each. If the run has noise and one data stream, V_init from replicas contains the
 * variance due to noise. With several data streams, V_seen is that of batches and noise together. With a ridge, S is
 * an upper bound of sum_l s_l/(l + ridge), and V_sgd an upper estimate. For baoab with friction gamma, V_sgd = dt S/(2
 * gamma P), because batches act like the temperature dt s_l/(2 gamma P). S and |G|^2 are those of grad V, without the
 * ridge.
 *
 * Except for wall times and memory, the result is a pure function of the input or checkpoint and of the ISA level, and
 * has the same bits for any number of ranks. */
#ifndef MCKEAN_SPECTRUM_ADVISE_H
#define MCKEAN_SPECTRUM_ADVISE_H

#include <stdint.h>
#include <stdio.h>

#include "run/problem.h"

/* The largest numbers of points of the probe, of points for noise, of batches, and of networks of each size. */
enum { ADVISE_PROBE = 2048, ADVISE_NOISE = 512, ADVISE_BATCHES = 32, ADVISE_REPLICAS = 8 };

/* advice_names describes each quantity. */
enum advice_quantity {
  ADVICE_BATCH,
  ADVICE_DT,
  ADVICE_LAMBDA,
  ADVICE_ERROR,
  ADVICE_BOUND,
  ADVICE_DIAGONAL,
  ADVICE_LIMIT_GD,
  ADVICE_LIMIT,
  ADVICE_LOSS,
  ADVICE_GRADIENT2,
  ADVICE_NOISE,
  ADVICE_V_BOUND,
  ADVICE_V_INIT,
  ADVICE_V_INIT_LOW,
  ADVICE_V_INIT_HIGH,
  ADVICE_NOISE_BATCH,
  ADVICE_V_SGD,
  ADVICE_V_SEEN,
  ADVICE_SGD_BATCH,
  ADVICE_SECONDS,
  ADVICE_TAU, /* this one and the next ones: only with noise or a ridge */
  ADVICE_V_NOISE,
  ADVICE_NOISE_ERROR,
  ADVICE_V_GIBBS,
  ADVICE_TAU_INIT,
  ADVICE_T_95,
  ADVICE_STEPS_95,
  ADVICE_T_SLOW,
  ADVICE_QUANTITIES
};

/* The quantities of one size. For several networks: the largest lambda, lambda_error, lambda_bound and sup M(x,x),
 * the smallest limits, and the means of the other measured quantities; P_noise, V_sgd and P_sgd are computed from
 * these means. NAN: diverged, or undefined: S of a probe of one point, V_bound for n = 1, P_noise or P_sgd if their
 * denominator is not positive, the interval of V_init if there is none, V_seen with one stream, quantities of noise
 * that have no value. ADVICE_BATCH is 0 if each step uses the whole fixed set or the population. */
struct advice {
  int64_t n, networks; /* networks: number of networks measured */
  bool from_bound;     /* V_init is V_bound at a step after 0 */
  double value[ADVICE_QUANTITIES];
};

/* Valid only on rank 0: limit, the members networks and value of size[] and, for dt: auto, dt and time_to_come. */
struct advise {
  int64_t step, steps; /* the current step, and the last one of the input */
  double time;
  int points, stage;                /* points of the probe; current stage of the schedule */
  struct update_spec update;        /* the rule of a step */
  bool mixed;                       /* V_init of the replicas contains noise */
  bool online;                      /* the points of the probe are fresh ones, not from the fixed set */
  double step_seconds, run_seconds; /* wall time: of a step, measured; of all remaining steps */
  double time_to_come; /* time t of the remaining steps for n = 1; stages with dt: auto use the member dt */
  double dt;           /* of the stage: as in the input; for dt: auto, dt_safety * limit; <= DT_MAX */
  double power;        /* dt_power of the stage; ADVICE_DT is dt n^power */
  double limit;        /* of dt: the smallest dt_limit / n^power over sizes */
  double particle_bytes, peak_bytes; /* largest over ranks: bytes of units; peak bytes of a process, 0: unknown */
  int members;                       /* number of sizes */
  struct advice *size;               /* [members] */
};

/* Collective. Adds dynamics to problem, which has none and is at step info.step. Blocks may move to other owners; the
 * parameters of units do not change. FAILED: no memory. USAGE: the loss is not squared, the update rule accepts no
 * temperature, dynamics.birth_death is not 0, or as for dynamics_create. */
int advise_create(struct problem *problem, struct advise **advise);
void advise_free(struct advise *advise); /* accepts NULL */

/* Indexed by enum advice_quantity. */
extern const struct advice_name { const char *name, *description; } advice_names[ADVICE_QUANTITIES];

/* Local, on rank 0. The first prints tables of the numbers and one line of advice per n. The second writes the same
 * numbers as JSON; errors: as for results_json (study/results.h). */
void advise_print(const struct advise *advise, FILE *out);
int advise_json(const struct advise *advise, const char *path);

#endif
