#include "fluctuations/error_fit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "particles/particles.h"

struct losses {
  int sizes;
  const double *n, *weight; /* weight: 1/variance */
  double loss[ENSEMBLE_MAX];
};

static double chi2_at(const struct losses *losses, double p, double *limit, double *amplitude) {
  double x[ENSEMBLE_MAX], c00, c01, c11, chi2;
  for (int s = 0; s < losses->sizes; s++) x[s] = pow(losses->n[s] / losses->n[0], -p);
  gsl_fit_wlinear(x, 1, losses->weight, 1, losses->loss, 1, (size_t)losses->sizes, limit, amplitude, &c00, &c01, &c11,
                  &chi2);
  *amplitude *= pow(losses->n[0], p);
  return chi2;
}

/* Returns the p with the smallest chi^2: the best of a grid, refined by golden-section search between its neighbors.
 * NAN if the best is at an end of the range. */
static double best_power(const struct losses *losses) {
  enum { GRID = 28, SECTIONS = 40 };
  const double step = (ERROR_FIT_HIGH - ERROR_FIT_LOW) / GRID, golden = (sqrt(5) - 1) / 2;
  double limit, amplitude, least = INFINITY;
  int best = 0;
  for (int i = 0; i <= GRID; i++) {
    const double chi2 = chi2_at(losses, ERROR_FIT_LOW + i * step, &limit, &amplitude);
    if (chi2 < least) {
      least = chi2;
      best = i;
    }
  }
  if (best == 0 || best == GRID) return NAN;
  double low = ERROR_FIT_LOW + (best - 1) * step, high = low + 2 * step;
  for (int i = 0; i < SECTIONS; i++) {
    const double a = high - golden * (high - low), b = low + golden * (high - low);
    if (chi2_at(losses, a, &limit, &amplitude) < chi2_at(losses, b, &limit, &amplitude))
      high = b;
    else
      low = a;
  }
  return (low + high) / 2;
}

/* Returns the probability of a chi^2 larger than this one if p = 1 (fluctuations/error_fit.h). replicas [sizes]. */
static double probability_of(const struct losses *losses, const int64_t *replicas, double chi2) {
  const double q = losses->sizes - 2;
  double sum[3] = {0}, A = 0; /* sum over n of w, w x, w x^2 */
  for (int s = 0; s < losses->sizes; s++)
    for (int power = 0; power < 3; power++) sum[power] += losses->weight[s] * pow(losses->n[0] / losses->n[s], power);
  for (int s = 0; s < losses->sizes; s++) {
    const double x = losses->n[0] / losses->n[s], w = losses->weight[s];
    const double leverage = w * (sum[2] - 2 * x * sum[1] + x * x * sum[0]) / (sum[0] * sum[2] - sum[1] * sum[1]);
    A += (1 - leverage) * (1 - leverage) / (double)(replicas[s] - 1);
  }
  return gsl_cdf_fdist_Q(chi2 / (q + 2 * A - 6 * A / (q + 2)), q, q * (q + 2) / (3 * A));
}

struct error_fit error_fit(int sizes, const int64_t *n, const int64_t *replicas, const double *loss, int bootstrap,
                           const double *resampled, double *powers) {
  struct error_fit fit = {NAN, NAN, NAN, NAN, NAN};
  double real_n[ENSEMBLE_MAX], weight[ENSEMBLE_MAX], limit, amplitude;
  bool known = sizes >= ERROR_FIT_SIZES;
  for (int s = 0; s < sizes; s++) {
    const double sd = gsl_stats_sd(resampled + (size_t)s * (size_t)bootstrap, 1, (size_t)bootstrap);
    real_n[s] = (double)n[s];
    weight[s] = (double)(replicas[s] - 1) / (double)replicas[s] / (sd * sd); /* the bootstrap's sd is too small */
    known &= isfinite(weight[s]) && weight[s] > 0;
  }
  for (int b = 0; b < bootstrap && powers; b++) powers[b] = NAN;
  if (!known) return fit;
  struct losses losses = {.sizes = sizes, .n = real_n, .weight = weight};
  for (int s = 0; s < sizes; s++) losses.loss[s] = loss[s];
  fit.power = best_power(&losses);
  chi2_at(&losses, fit.power, &fit.limit, &fit.amplitude);
  fit.chi2 = chi2_at(&losses, 1, &limit, &amplitude);
  fit.probability = probability_of(&losses, replicas, fit.chi2);
  for (int b = 0; b < bootstrap && powers; b++) {
    for (int s = 0; s < sizes; s++) losses.loss[s] = resampled[(size_t)s * (size_t)bootstrap + (size_t)b];
    powers[b] = best_power(&losses);
  }
  return fit;
}
