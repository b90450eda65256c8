#include "data/loss.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/portable_exp.h"

enum { PIECE = 64 }; /* points at a time: their residuals stay in the L1 cache */

/* Defines name_sum and name_residuals, the loops over points. They inline name_value and name_derivative, which handle
 * one point. */
#define LOOPS(name)                                                                                                    \
  static double name##_sum(const struct loss_spec *spec, int64_t count, const double *f, const double *y,              \
                           double sum) {                                                                               \
    for (int64_t p = 0; p < count; p++) sum += name##_value(spec, f[p], y[p]);                                         \
    return sum;                                                                                                        \
  }                                                                                                                    \
  static void name##_residuals(const struct loss_spec *spec, int64_t count, const double *restrict f,                  \
                               const double *restrict y, double *restrict r) {                                         \
    for (int64_t p = 0; p < count; p++) r[p] = name##_derivative(spec, f[p], y[p]);                                    \
  }

static double squared_value(const struct loss_spec *spec, double f, double y) {
  (void)spec;
  return (f - y) * (f - y) / 2;
}
static double squared_derivative(const struct loss_spec *spec, double f, double y) {
  (void)spec;
  return f - y;
}
LOOPS(squared)

static double huber_value(const struct loss_spec *spec, double f, double y) {
  const double size = fabs(f - y), delta = spec->threshold;
  return size <= delta ? (f - y) * (f - y) / 2 : delta * size - delta * delta / 2;
}
static double huber_derivative(const struct loss_spec *spec, double f, double y) {
  const double r = f - y, delta = spec->threshold;
  return r > delta ? delta : r < -delta ? -delta : r;
}
LOOPS(huber)

static double logistic_value(const struct loss_spec *spec, double f, double y) {
  (void)spec;
  return fmax(-y * f, 0) + log1p(portable_exp(-fabs(f))); /* |y f| = |f| */
}
static double logistic_derivative(const struct loss_spec *spec, double f, double y) {
  (void)spec;
  return -y / (1 + portable_exp(y * f));
}
LOOPS(logistic)

static bool is_sign(double y) {
  return y == 1 || y == -1;
}

static double one(const struct loss_spec *spec) {
  (void)spec;
  return 1;
}
static double quarter(const struct loss_spec *spec) {
  (void)spec;
  return 0.25;
}

const struct loss loss_table[LOSS_TYPES] = {
    [LOSS_SQUARED] = {"squared", "(f - y)^2 / 2", "f^2", squared_sum, squared_residuals, one, NULL, "finite numbers",
                      0},
    [LOSS_HUBER] = {"huber", "(f - y)^2 / 2, linear for |f - y| > loss.threshold", "f^2", huber_sum, huber_residuals,
                    one, NULL, "finite numbers", 0},
    [LOSS_LOGISTIC] = {"logistic", "log(1 + e^(-y f)) for labels y = +-1", "1", logistic_sum, logistic_residuals,
                       quarter, is_sign, "-1 or 1 (for labels 0 and 1 store 2 y - 1)", M_LN2},
};

const struct loss *loss_row(const struct loss_spec *spec) {
  return &loss_table[spec->type];
}

double loss_mean(const struct loss_spec *spec, int64_t count, const double *f, const double *y) {
  return loss_row(spec)->sum(spec, count, f, y, 0) / (double)count;
}

void loss_residuals(const struct loss_spec *spec, int64_t count, const double *f, const double *y, size_t real,
                    void *r) {
  double piece[PIECE];
  for (int64_t first = 0; first < count; first += PIECE) {
    const int64_t points = count - first < PIECE ? count - first : PIECE;
    loss_row(spec)->residuals(spec, points, f + first, y + first, piece);
    for (int64_t p = 0; p < points && real == sizeof(float); p++) ((float *)r)[first + p] = (float)piece[p];
    if (real == sizeof(double)) memcpy((double *)r + first, piece, sizeof(double) * (size_t)points);
  }
}

double loss_at_zero(const struct loss_spec *spec, int64_t count, const double *y) {
  const double zero[PIECE] = {0};
  double sum = 0;
  for (int64_t p = 0; p < count; p += PIECE)
    sum = loss_row(spec)->sum(spec, count - p < PIECE ? count - p : PIECE, zero, y + p, sum);
  return sum / (double)count;
}

int loss_needs_squared(const struct loss_spec *spec, const char *what) {
  const char *received = loss_row(spec)->name;
  if (loss_is_squared(spec)) return OK;
  return FAIL(USAGE, "loss.type: %s: expected squared, received %s, for which McKean implements no theory", what,
              received);
}
