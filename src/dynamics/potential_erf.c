#include "dynamics/potential_erf.h"

#include "base/error.h"
#include "data/erf_overlap.h"
#include "data/target_teacher.h"

static int create(struct potential *potential, double alpha, enum potential_loss loss) {
  (void)alpha; /* of rbf units */
  if (loss != POTENTIAL_POPULATION || potential->target->spec.type != TARGET_TEACHER)
    die("erf units have an exact potential only in the population loss of a teacher"); /* config/rules.c */
  return target_teacher_unbiased(potential->target)
             ? OK
             : FAIL(USAGE,
                    "target.teacher.path: %s: with data.mode: population and erf units, expected a teacher without "
                    "biases, received one with b != 0; store b = 0, or omit b and set target.teacher.init.b: "
                    "{mean: 0, std: 0}",
                    potential->target->spec.teacher.import.path);
}

static void pairs(const struct potential *potential, const double *z, int64_t count, const double *particle,
                  double *sum) {
  erf_overlap_sums(potential->d, potential->d + 1, z, count, particle, sum);
}

const struct potential_kind potential_erf = {UNIT_ERF, create, .pairs = pairs};
