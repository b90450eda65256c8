/* loss: the table of losses.
 *
 *   L_n = (1/P) sum_p l(f_n(x_p), y_p),     residual r_p = dl/df,     d theta_i / dt = - (1/P) sum_p r_p grad(c_i phi)
 *
 *   squared    l = (f - y)^2 / 2                          r = f - y                l'' = 1
 *   huber      l = (f - y)^2 / 2 for |f - y| <= delta,    r = f - y, clamped to    l'' <= 1
 *                  delta |f - y| - delta^2 / 2 beyond         [-delta, delta]
 *   logistic   l = log(1 + e^{-y f}),   y = +-1            r = -y / (1 + e^{y f})   l'' <= 1/4
 *
 * Every loss is convex in f, and the bound l'' <= curvature bounds the rates of the linearized step
 * (tangent/stability.h). Code that is valid only for the squared loss, such as the exact potential or the best readout,
 * checks loss_is_squared and rejects the other losses with a message that names them.
 *
 * To add a loss:
 *   - add a constant to enum loss_type, and the parameters of the loss to struct loss_spec;
 *   - in loss.c, add its value and derivative at one point, LOOPS(name), and a row of loss_table;
 *   - in src/config/table.c, add the keys of its parameters. */
#ifndef MCKEAN_DATA_LOSS_H
#define MCKEAN_DATA_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum loss_type { LOSS_SQUARED, LOSS_HUBER, LOSS_LOGISTIC, LOSS_TYPES };

/* The keys loss.* of the input. */
struct loss_spec {
  int type;         /* enum loss_type */
  double threshold; /* huber: delta */
};

struct loss {
  const char *name;
  const char *help;
  const char *units; /* physical units of the loss, in terms of those of f */

  /* Returns sum + l(f_0, y_0) + ... + l(f_(count-1), y_(count-1)), added in this order. */
  double (*sum)(const struct loss_spec *spec, int64_t count, const double *f, const double *y, double sum);

  void (*residuals)(const struct loss_spec *spec, int64_t count, const double *f, const double *y, double *r);
  double (*curvature)(const struct loss_spec *spec); /* returns an upper bound of l'' */

  /* Returns whether the loss accepts the label y; NULL if it accepts all finite labels. labels: the accepted labels, as
   * text for messages. */
  bool (*label)(double y);
  const char *labels;

  /* E l(0, y), the scale of loss_over_loss_0 and of the axes of plots, if it does not depend on the labels; otherwise
   * 0. */
  double zero;
};

extern const struct loss loss_table[LOSS_TYPES]; /* indexed by enum loss_type */

/* Local. Returns the mean loss (1/count) sum_p l(f_p, y_p); NAN if some f_p is NAN. f, y [count]. */
double loss_mean(const struct loss_spec *spec, int64_t count, const double *f, const double *y);

/* Local. Stores the residuals r [count] as numbers of `real` bytes (4: float, 8: double). */
void loss_residuals(const struct loss_spec *spec, int64_t count, const double *f, const double *y, size_t real,
                    void *r);

/* Local. Returns (1/count) sum_p l(0, y_p). */
double loss_at_zero(const struct loss_spec *spec, int64_t count, const double *y);

/* Local. Returns the row of loss_table. */
const struct loss *loss_row(const struct loss_spec *spec);

static inline bool loss_is_squared(const struct loss_spec *spec) {
  return spec->type == LOSS_SQUARED;
}

/* Local. Returns OK for the squared loss. USAGE: the loss is another one; the message states that `what` supports only
 * the squared loss. */
int loss_needs_squared(const struct loss_spec *spec, const char *what);

#endif
