/* target_teacher: a fixed network of m units of any type, f(x) = (1/m) sum_i c_i phi(x, z_i).
 *
 * The parameters of its units are drawn from the initial laws in target_spec.teacher; sphere units are uniform on the
 * sphere |z|^2 = d. The parameters in the file target_spec.teacher.import.path, if any, replace them
 * (particles/particle_file.h). C_f and linear_fraction are unknown (NAN). Evaluation costs 2 d flops and one value of h
 * (particles/kernel.h) per unit and point. */
#ifndef MCKEAN_DATA_TARGET_TEACHER_H
#define MCKEAN_DATA_TARGET_TEACHER_H

#include "data/target_kind.h"

extern const struct target_kind target_teacher;

/* Local. Return the number m of units, and copy unit i of a teacher to unit [d + 1]: c, a. target: a teacher. */
int64_t target_teacher_units(const struct target *target);
void target_teacher_unit(const struct target *target, int64_t i, double *unit);

#endif
