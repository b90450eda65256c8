#include "dynamics/potential_rbf.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/target_spin.h"
#include "potential_rbf_isa.h"

/* ---- coefficients ---- */

/* The positive number mantissa * 2^exponent. The terms of a series span thousands of powers of ten. If long double is
 * more precise than double, the accumulated rounding error of many factors stays below that of a double. */
struct scaled {
  long double mantissa;
  int exponent;
};

static struct scaled times(struct scaled x, long double factor) {
  int shift;
  x.mantissa = frexpl(x.mantissa * factor, &shift);
  x.exponent += shift;
  return x;
}

static struct scaled exp_minus(long double x) {
  const long double powers = floorl(x / M_LN2l);
  return times((struct scaled){1, -(int)powers}, expl(powers * M_LN2l - x));
}

/* The series e^-shift 0F1(; b; y u) in u; b 0: e^-shift exp(y u). */
struct series {
  long double b, y, shift;
};

static long double ratio_of(const struct series *series, int m) {
  return series->y / ((m + 1) * (series->b > 0 ? series->b + m : 1));
}

/* If coefficient is NULL: returns the number of terms after which the remainder at u = 1, where it is largest, is below
 * 1e-17 of the sum. Otherwise writes the coefficients of `terms` terms with a stride of 2, the highest power first.
 * *sum: the value at u = 1. */
static int expand(const struct series *series, int terms, double *coefficient, long double *sum) {
  struct scaled term = exp_minus(series->shift);
  *sum = 0;
  for (int m = 0;; m++) {
    const long double value = ldexpl(term.mantissa, term.exponent);
    const long double ratio = ratio_of(series, m);
    *sum += value;
    if (coefficient) coefficient[2 * (terms - 1 - m)] = (double)value;
    if (coefficient ? m == terms - 1 : ratio < 0.5L && value * ratio <= 0.5e-17L * *sum) return m + 1;
    term = times(term, ratio);
  }
}

static double funk_hecke(int d, int l, long double k) {
  const struct series series = {.b = 0.5L * d + l, .y = k * k / 4, .shift = k};
  long double value;
  expand(&series, 0, NULL, &value);
  for (int i = 0; i < l; i++) value *= k / (d + 2 * i);
  return (double)value;
}

static int set_coefficients(struct potential *potential, double alpha, enum potential_loss loss) {
  const int d = potential->d;
  const bool rkhs = loss == POTENTIAL_RKHS;
  const long double k = (long double)alpha * d, factor = rkhs ? alpha : (long double)alpha * alpha;
  const struct series K = {.b = rkhs ? 0 : 0.5L * d, .y = rkhs ? 2 * k : k * k, .shift = 2 * k},
                      gradient = {.b = rkhs ? 0 : K.b + 1, K.y, K.shift};
  long double value;
  potential->terms = expand(&K, 0, NULL, &value); /* also enough for the gradient: its terms decrease faster */
  if (value < DBL_MIN)
    return FAIL(USAGE,
                "unit.alpha: the overlap K(z, z) = %Lg of rbf units with alpha = %g, d = %d is too small for "
                "data.mode: population; use a smaller alpha",
                value, alpha, d);
  TRY(alloc_array((void **)&potential->coefficient, potential->terms, sizeof *potential->coefficient, "a series"));
  expand(&K, potential->terms, &potential->coefficient[0][0], &value);
  expand(&gradient, potential->terms, &potential->coefficient[0][1], &value);
  for (int m = 0; m < potential->terms; m++)
    potential->coefficient[m][1] = (double)(potential->coefficient[m][1] * factor);
  potential->lam_1 = funk_hecke(d, 1, k);
  potential->lam_3 = funk_hecke(d, 3, k);
  potential->part_1 = rkhs ? 1 : potential->lam_1;
  potential->part_3 = rkhs ? 1 : potential->lam_3;
  return OK;
}

/* Computes L from the packed entries of S, each of which is S_pqr times its multiplicity (data/target_spin.h). */
static int set_linear(struct potential *potential) {
  const int d = potential->d;
  const double *entry = target_spin_entries(potential->target);
  TRY(alloc_array((void **)&potential->L, d, sizeof *potential->L, "the linear part of the target"));
  memset(potential->L, 0, sizeof *potential->L * (size_t)d);
  for (int p = 0; p < d; p++)
    for (int q = p; q < d; q++)
      for (int r = q; r < d; r++, entry++) {
        if (p == q) potential->L[r] += *entry / (q == r ? 1 : 3);
        if (q == r && p != q) potential->L[p] += *entry / 3;
      }
  for (int r = 0; r < d; r++) potential->L[r] *= 3.0 / (d + 2);
  return OK;
}

/* Sets L and the loss of f_n = 0. */
static int set_spin(struct potential *potential, enum potential_loss loss) {
  const struct target *target = potential->target;
  const double linear = target->linear_fraction;
  potential->zero = target->C_f;
  if (loss == POTENTIAL_RKHS) potential->zero *= (1 - linear) / potential->lam_3 + linear / potential->lam_1;
  return set_linear(potential);
}

static int create(struct potential *potential, double alpha, enum potential_loss loss) {
  const double k = alpha * potential->d;
  if (k > POTENTIAL_K_MAX)
    return FAIL(USAGE, "unit.alpha: expected alpha d <= %g with data.mode: population or rkhs, received %g",
                POTENTIAL_K_MAX, k);
  potential->alpha = alpha;
  TRY(set_coefficients(potential, alpha, loss));
  return potential->target->spec.type == TARGET_SPIN ? set_spin(potential, loss) : OK;
}

/* ---- tiles ---- */

static const struct potential_functions *functions(void) {
  static const struct potential_functions *const table[ISA_LEVELS] = {ISA_TABLE(potential_functions)};
  return table[isa_best()];
}

static void field(const struct potential *potential, const double *z, double *F, double *grad_F) {
  const int d = potential->d;
  const double *L = potential->L, part_1 = potential->part_1, part_3 = potential->part_3;
  functions()->spin_gradient(d, target_spin_entries(potential->target), z, grad_F);
  for (int i = 0; i < TILE; i++) {
    double f3 = 0, linear = 0; /* f3 = z.grad f = 3 f by Euler's theorem; linear = d L.z */
    for (int r = 0; r < d; r++) {
      f3 += z[r * TILE + i] * grad_F[r * TILE + i];
      linear += d * L[r] * z[r * TILE + i];
      grad_F[r * TILE + i] = part_3 * (grad_F[r * TILE + i] - d * L[r]) + part_1 * d * L[r];
    }
    F[i] = part_3 * (f3 / 3 - linear) + part_1 * linear;
  }
}

static void pairs(const struct potential *potential, const double *z, int64_t count, const double *particle,
                  double *sum) {
  memset(sum, 0, sizeof *sum * (size_t)(potential->d + 1) * TILE);
  functions()->pairs(potential->d, potential->terms, (const double(*)[2])potential->coefficient, z, count, particle,
                     sum);
}

/* ---- derivatives along a direction ---- */

/* The gradient of the cubic form f is quadratic, so that (f'') u = grad f(z + u) - grad f(z) - grad f(u). */
static void field_along(const struct potential *potential, const double *z, const double *u, double *work,
                        double *along_F, double *along_grad) {
  const int d = potential->d;
  const double *entry = target_spin_entries(potential->target);
  const struct potential_functions *isa = functions();
  isa->spin_gradient(d, entry, z, work);
  for (int i = 0; i < TILE; i++) {
    along_F[i] = 0;
    for (int r = 0; r < d; r++) along_F[i] += work[r * TILE + i] * u[r * TILE + i];
  }
  double *sum = work + (size_t)d * TILE;
  for (int i = 0; i < d * TILE; i++) sum[i] = z[i] + u[i];
  isa->spin_gradient(d, entry, sum, along_grad);
  for (int i = 0; i < d * TILE; i++) along_grad[i] -= work[i];
  isa->spin_gradient(d, entry, u, work);
  for (int i = 0; i < d * TILE; i++) along_grad[i] -= work[i];
}

static void pairs_along(const struct potential *potential, const double *z, const double *u, int64_t count,
                        const double *particle, const double *direction, double *sum) {
  memset(sum, 0, sizeof *sum * (size_t)(potential->d + 1) * TILE);
  functions()->pairs_along(potential->d, potential->terms, potential->alpha, (const double(*)[2])potential->coefficient,
                           z, u, count, particle, direction, sum);
}

const struct potential_kind potential_rbf = {UNIT_RBF, create, field, pairs, field_along, pairs_along};
