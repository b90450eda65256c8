/* advise: recommends step size, batch and time for the current state of the networks, before a long run.
 *
 * Measured with the kernels of the step on a probe of points (tangent/probe.h), with r = f_n - y there, for each
 * network:
 *
 *   lambda    largest eigenvalue of M/P; limits of dt as in tangent/stability.h
 *   |G|^2     = (1/n) sum_i |grad V_i|^2 of the expected gradient
 *   S         = variance of the gradient of a single point, (1/n) sum_i trace of its covariance: from B =
 *               ADVISE_BATCHES batches with gradients g_b of P_b points each, P_b B/(B-1) (mean |g_b|^2 - |mean g_b|^2)
 *   P_noise   = S / |G|^2: the batch whose gradient has as much noise as signal
 *   V_init    = (mean_i c_i^2 E phi_i^2 - E f_n^2) / (n - 1): variance of f_n if its units were drawn independently
 *               from mu_n; unbiased at t = 0, later a bound that may be far from tight
 *   V_sgd     = dt S / (2 P): variance of f_n due to the batches
 *   P_sgd     = dt S / (2 V_init): the batch above which V_sgd is below V_init
 *
 * V_sgd is an estimate, from V = A/n + dt S/P (RVE section 3.3). Along an eigenvector of M/P with eigenvalue l, a step
 * adds dt^2 s_l/P and relaxation leaves dt s_l/(2 l P). Since M r moves f_n, sum_l s_l/l is the variance S of the
 * gradient. The estimate holds for small steps, for the current M and r, and for modes that had time to relax, t > 1/l;
 * other modes have less variance, and S falls with the loss. Example: input/sgd.yaml at t = 100, n = 32 .. 512: analyze
 * finds V_sgd = 0.136, 0.0820, 0.0449, 0.0268, 0.0127 over 64 pairs of streams; advise estimates 0.138, 0.0714, 0.0375,
 * 0.0196, 0.0100 from the checkpoint. V_init is far below its bound there, so P_sgd is a lower bound of what is needed.
 *
 * Except for the times, the result is a pure function of the input or checkpoint, equal on any number of ranks. */
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

/* The quantities of one size, advice_names. NAN: undefined (no noise with one point, no V_init for n = 1). ADVICE_BATCH
 * is 0 for the whole fixed set. Of several networks: the largest lambda and sup M(x,x), the smallest limits, otherwise
 * the mean. */
struct advice {
  int64_t n, networks; /* networks: how many were measured */
  double value[ADVICE_QUANTITIES];
};

struct advise {
  int64_t step, steps; /* the current step, and the last one of the input */
  double time;
  int points, stage;
  bool online;
  double step_seconds, run_seconds;  /* measured wall time of a step; of all remaining steps */
  double time_to_come;               /* t of the remaining steps; in stages with dt: auto by the current limit */
  double dt;                         /* of the stage: as given, or that of dt: auto */
  double limit;                      /* smallest over sizes */
  double particle_bytes, peak_bytes; /* largest over ranks; peak of a process with its libraries (VmHWM), 0: unknown */
  int members;
  struct advice *size; /* [members], rank 0 */
};

/* Collective. problem: at step info.step, without dynamics, which are added. Blocks may move to other owners; the bits
 * of all units stay. FAILED: no memory. */
int advise_create(struct problem *problem, struct advise **advise);
void advise_free(struct advise *advise); /* accepts NULL */

/* Name and meaning of each quantity. */
extern const struct advice_name { const char *name, *description; } advice_names[ADVICE_QUANTITIES];

/* Local, rank 0. Prints the numbers and the advice, a line for each n; writes the same numbers as JSON
 * (study/results.h). FAILED: cannot write. */
void advise_print(const struct advise *advise, FILE *out);
int advise_json(const struct advise *advise, const char *path);

#endif
