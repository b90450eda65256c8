#include "data/inputs.h"

#include <math.h>

static void signs(int64_t count, double *x) {
  for (int64_t k = 0; k < count; k++) x[k] = copysign(1, x[k]);
}

static void draw_signs(const struct rng *rng, uint64_t id, int d, double *x) {
  rng_normal(rng, id, d, x);
  signs(d, x);
}

static void fresh_gaussian(const struct fresh_stream *stream, int64_t first, int d, double *x) {
  fresh_normal(stream, first, 0, d, x);
}

static void fresh_signs(const struct fresh_stream *stream, int64_t first, int d, double *x) {
  fresh_normal(stream, first, 0, d, x);
  signs((int64_t)d * POINT_LANES, x);
}

/* How to add a law: add a constant to enum inputs_type and a row here. `draw` and `draw_lanes` use only basic IEEE
 * operations, square roots and the functions of base/rng.h and data/fresh_points.h, so that the points have the same
 * bits on every machine. E |x|^2 = d keeps outputs on the same scale for all laws. A target whose C_f is known for the
 * law sets it (target_spec.inputs); otherwise it is NAN, and C_f is estimated from the labels. The potentials of
 * data.mode: population require the sphere or N(0, 1) (config/rules.c). */
const struct inputs inputs_table[INPUTS_TYPES] = {
    [INPUTS_SPHERE] = {"sphere", rng_sphere, fresh_sphere, "uniform on the sphere |x|^2 = d", ""},
    [INPUTS_GAUSSIAN] = {"gaussian", rng_normal, fresh_gaussian, "each x_k ~ N(0, 1)", ", each x_k ~ N(0, 1)"},
    [INPUTS_RADEMACHER] = {"rademacher", draw_signs, fresh_signs, "each x_k = 1 or -1 with probability 1/2",
                           ", each x_k = 1 or -1"},
};
