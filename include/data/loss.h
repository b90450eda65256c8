/* loss: the table of losses.
 *
 *   L_n = (1/P) sum_p l(f_n(x_p), y_p),     residual r_p = dl/df,     d theta_i / dt = - (1/P) sum_p r_p grad(c_i phi)
 *
 *   squared    l = (f - y)^2 / 2                          r = f - y                l'' = 1
 *   huber      l = (f - y)^2 / 2 for |f - y| <= delta,    r = f - y in             l'' <= 1
 *                  delta |f - y| - delta^2 / 2 beyond         [-delta, delta]
 *   logistic   l = log(1 + e^{-y f}),   y = +-1            r = -y / (1 + e^{y f})   l'' <= 1/4
 *
 * Every loss is convex in f, and l'' <= curvature bounds the rates of the linearized step (tangent/stability.h). Code
 * that holds for the squared loss only, such as the exact potential or the best readout, asks loss_is_squared and
 * refuses the other losses by name.
 *
 * To add a loss: a constant in enum loss_type, and its parameters in struct loss_spec; in loss.c the value and the
 * derivative at one point, RESIDUALS(name), and a row; the keys of its parameters in src/config/table.c. */
#ifndef MCKEAN_DATA_LOSS_H
#define MCKEAN_DATA_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loss_type { LOSS_SQUARED, LOSS_HUBER, LOSS_LOGISTIC, LOSS_TYPES };

/* loss.* of the input. */
struct loss_spec {
  int type;         /* enum loss_type */
  double threshold; /* huber: delta */
};

struct loss {
  const char *name;
  const char *help;
  const char *unit; /* of the loss, in terms of the unit of f */

  /* Adds l(f_p, y_p), p = 0 .. count-1, to sum in this order, stores r [count] and returns the new sum. */
  double (*residuals)(const struct loss_spec *spec, int64_t count, const double *f, const double *y, double *r,
                      double sum);

  double (*curvature)(const struct loss_spec *spec); /* an upper bound of l'' */

  /* True for a label that the loss can take; NULL: every finite label. `labels` names what is expected. */
  bool (*label)(double y);
  const char *labels;

  /* E l(0, y) if it does not depend on the labels, otherwise 0. It is the scale of axes and of loss_over_loss_0. */
  double zero;
};

extern const struct loss loss_table[LOSS_TYPES]; /* indexed by enum loss_type */

/* Local. Returns (1/count) sum_p l(f_p, y_p); NAN if some f is NAN. */
double loss_mean(const struct loss_spec *spec, int64_t count, const double *f, const double *y);

/* Local. Returns the same, and stores r [count] as numbers of `real` bytes (4: float, 8: double). */
double loss_residuals(const struct loss_spec *spec, int64_t count, const double *f, const double *y, size_t real,
                      void *r);

/* Local. Returns (1/count) sum_p l(0, y_p). */
double loss_at_zero(const struct loss_spec *spec, int64_t count, const double *y);

/* Local. Returns the row of a loss. */
const struct loss *loss_row(const struct loss_spec *spec);

static inline bool loss_is_squared(const struct loss_spec *spec) {
  return spec->type == LOSS_SQUARED;
}

/* Local. OK for squares; otherwise USAGE: `what` covers the squared loss only. */
int loss_needs_squared(const struct loss_spec *spec, const char *what);

#endif
