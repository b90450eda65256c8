#include "data/inputs.h"

/* How to add a law: add a constant to enum inputs_type and a row here. As soon as there are two laws, the input also
 * needs a key that selects one: a row in config/table.c for dataset_spec.inputs. `draw` and `draw_lanes` use only basic
 * IEEE operations, square roots and the functions of base/rng.h and data/fresh_points.h, so that the points have the
 * same bits on every machine. E |x|^2 = d keeps outputs on the same scale for all laws. C_f and linear_fraction of
 * target_spin and the potential of data.mode: population are valid only for the sphere, so the code that uses them must
 * reject or replace them for another law. */
const struct inputs inputs_table[INPUTS_TYPES] = {
    [INPUTS_SPHERE] = {"sphere", rng_sphere, fresh_sphere, "uniform on the sphere |x|^2 = d"},
};
