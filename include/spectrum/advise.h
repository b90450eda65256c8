/* advise: guidelines for step size, batch and time from the present state of the networks, before computing for days.
 *
 * Measured by the step's own kernels on a probe of points (tangent/probe.h), r = f_n - y there, for each network:
 *
 *   lambda    largest eigenvalue of M/P; limits of dt as in tangent/stability.h
 *   |G|^2     = (1/n) sum_i |grad V_i|^2 of the expected gradient
 *   S         = noise of the gradient of a single point, (1/n) sum_i trace of its covariance: from B = ADVISE_BATCHES
 *               batches with gradients g_b of P_b points each, P_b B/(B-1) (mean |g_b|^2 - |mean g_b|^2)
 *   P_noise   = S / |G|^2: the batch whose gradient has as much noise as signal
 *   V_init    = (mean_i c_i^2 E phi_i^2 - E f_n^2) / (n - 1): variance of f_n if the units were drawn anew from mu_n;
 *               exact in the mean at t = 0, later a bound that may be far from tight
 *   V_sgd     = dt S / (2 P): variance of f_n due to the batches
 *   P_sgd     = dt S / (2 V_init): the batch from which on V_sgd is below V_init
 *
 * V_sgd is an estimate, by V = A/n + dt S/P (RVE section 3.3). In an eigenvector of M/P of eigenvalue l a step adds
 * dt^2 s_l/P and relaxation leaves dt s_l/(2 l P); as M r is what moves f_n, sum_l s_l/l is the noise S of the gradient
 * itself. So it holds for small steps, with M and r as they are now, for modes that had time to relax, t > 1/l; others
 * have less, and S falls as the loss does. Seen with input/sgd.yaml at t = 100, n = 32 .. 512: V_sgd by analyze over 64
 * pairs of streams 0.136, 0.0820, 0.0449, 0.0268, 0.0127; from the checkpoint 0.138, 0.0714, 0.0375, 0.0196, 0.0100.
 * V_init there is far below its bound, so that P_sgd is the least that may do.
 *
 * All but the times is a pure function of input or checkpoint, the same on any number of ranks. */
#ifndef MCKEAN_SPECTRUM_ADVISE_H
#define MCKEAN_SPECTRUM_ADVISE_H

#include <stdint.h>
#include <stdio.h>

#include "run/problem.h"

enum { ADVISE_PROBE = 2048, ADVISE_BATCHES = 32, ADVISE_REPLICAS = 8 }; /* points; batches; networks of each size */

enum advice_quantity {
  ADVICE_BATCH,
  ADVICE_DT,
  ADVICE_LAMBDA,
  ADVICE_BOUND,
  ADVICE_DIAGONAL,
  ADVICE_LIMIT_GD,
  ADVICE_LIMIT,
  ADVICE_LOSS,
  ADVICE_GRADIENT2,
  ADVICE_NOISE,
  ADVICE_V_INIT,
  ADVICE_NOISE_BATCH,
  ADVICE_V_SGD,
  ADVICE_SGD_BATCH,
  ADVICE_SECONDS,
  ADVICE_QUANTITIES
};

/* What is known of one size; NAN: cannot be known (no noise without two points, no V_init for n = 1). ADVICE_BATCH is 0
 * for the whole fixed set. Of several networks: the largest lambda and sup M(x,x), the least limits, else the mean. */
struct advice {
  int64_t n, networks; /* looked at */
  double value[ADVICE_QUANTITIES];
};

struct advise {
  int64_t step, steps; /* now, and where the input ends */
  double time;
  int points, stage;
  bool online;
  double step_seconds, run_seconds;  /* of a step now, measured; of the steps to come */
  double time_to_come;               /* t of the steps to come; in stages of dt: auto by the present limit */
  double dt;                         /* of the stage: given, or dt: auto's */
  double limit;                      /* least over sizes */
  double particle_bytes, peak_bytes; /* of the rank with most; of a process, libraries included (VmHWM), 0: unknown */
  int members;
  struct advice *size; /* [members], rank 0 */
};

/* Collective. The problem at its step info.step, without dynamics: they are added. Blocks may move to other owners, no
 * bit of any unit changes. FAILED: no memory. */
int advise_create(struct problem *problem, struct advise **advise);
void advise_free(struct advise *advise); /* accepts NULL */

/* Name and meaning of each quantity. */
extern const struct advice_name { const char *name, *description; } advice_names[ADVICE_QUANTITIES];

/* Local, rank 0. The numbers and what they advise, a line for each n; the same numbers as JSON (study/results.h).
 * FAILED: cannot write. */
void advise_print(const struct advise *advise, FILE *out);
int advise_json(const struct advise *advise, const char *path);

#endif
