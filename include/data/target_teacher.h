/* target_teacher: a fixed network of m units of any type, f(x) = (1/m) sum_i c_i phi(x, z_i).
 *
 * The parameters of its units are drawn from the initial laws in target_spec.teacher; sphere units are uniform on the
 * sphere |z|^2 = d. The parameters in the file target_spec.teacher.import.path, if any, replace them
 * (particles/particle_file.h). For at most TEACHER_EXACT_MAX erf units without biases and Gaussian points,
 *
 *   C_f = (1/2m^2) sum_ij c_i c_j K(a_i, a_j)    (data/erf_overlap.h)
 *   linear_fraction = |E f x|^2 / (2 C_f),  E f x = (1/m) sum_i c_i (2/pi)^1/2 a_i / (1 + |a_i|^2)^1/2
 *
 * Otherwise both are unknown (NAN). Evaluation costs 2 d flops and one value of h (particles/kernel.h) per unit and
 * point. */
#ifndef MCKEAN_DATA_TARGET_TEACHER_H
#define MCKEAN_DATA_TARGET_TEACHER_H

#include <stdbool.h>

#include "data/target_kind.h"

extern const struct target_kind target_teacher;

/* TEACHER_EXACT_MAX: computing C_f takes m^2 (6 d + 60) flops on each rank. */
enum { TEACHER_EXACT_MAX = 4096, TEACHER_LAW = 256 /* bytes of a text */ };

/* The following functions are local; target: a teacher. Return the number m of units, the set of fields (FIELD_BIT_*)
 * that the file contains, and whether all biases are 0. */
int64_t target_teacher_units(const struct target *target);
unsigned target_teacher_imported(const struct target *target);
bool target_teacher_unbiased(const struct target *target);

/* Writes the laws of the fields of the units, and which fields are from the file. */
void target_teacher_law(const struct target *target, char text[TEACHER_LAW]);

/* Copies unit i to unit [d + 1]: c, a. */
void target_teacher_unit(const struct target *target, int64_t i, double *unit);

/* *unit [m][d + 1] = c, a of all units. The caller frees *unit. FAILED: no memory. */
int target_teacher_list(const struct target *target, double **unit);

/* Computes sum[0][i] = sum_j c_j K(a_i, a_j) over `count` units (c_j, a_j) of unit [count][d + 1] for each of the TILE
 * units of a [d][TILE]; sum has `rows` rows (target_teacher_energy). */
typedef void teacher_pairs(const void *context, const double *a, int64_t count, const double *unit, double *sum);

/* *energy = (1/2m^2) sum_ij c_i c_j K(a_i, a_j), which is E f^2 / 2 if K is the mean of phi(., a_i) phi(., a_j). unit:
 * from target_teacher_list. FAILED: no memory. */
int target_teacher_energy(const struct target *target, const double *unit, int rows, teacher_pairs *pairs,
                          const void *context, double *energy);

#endif
