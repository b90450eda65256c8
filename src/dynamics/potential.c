#include "dynamics/potential.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/target_teacher.h"
#include "dynamics/potential_erf.h"
#include "dynamics/potential_rbf.h"

/* To add the potential of a unit type, write potential_<unit>.c with its header, add a row here, and the conditions on
 * target and data to config/rules.c. */
static const struct potential_kind *const kinds[] = {&potential_rbf, &potential_erf};

static const struct potential_kind *kind_of(int unit) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if ((int)kinds[i]->unit == unit) return kinds[i];
  return NULL;
}

bool potential_covers(int unit) {
  return kind_of(unit) != NULL;
}

static void pairs_of(const void *potential, const double *z, int64_t count, const double *particle, double *sum) {
  potential_pairs(potential, z, count, particle, sum);
}

/* Sets the units of the teacher and the loss of f_n = 0. */
static int set_teacher(struct potential *potential) {
  const struct target *target = potential->target;
  TRY(target_teacher_list(target, &potential->teacher));
  potential->teachers = target_teacher_units(target);
  const int64_t numbers = potential->teachers * (potential->d + 1);
  TRY(alloc_array((void **)&potential->still, numbers, sizeof(double), "the units of the teacher"));
  memset(potential->still, 0, sizeof(double) * (size_t)numbers);
  return target_teacher_energy(target, potential->teacher, potential->d + 1, pairs_of, potential, &potential->zero);
}

static int create_local(struct potential *potential, double alpha, enum potential_loss loss) {
  TRY(potential->kind->create(potential, alpha, loss));
  return potential->target->spec.type == TARGET_TEACHER ? set_teacher(potential) : OK;
}

int potential_create(const struct target *target, const struct unit_spec *unit, enum potential_loss loss,
                     struct potential **out) {
  struct potential *potential = alloc_small(sizeof *potential);
  *potential = (struct potential){.kind = kind_of(unit->type), .target = target, .d = target->d};
  const int status = create_local(potential, unit->alpha, loss);
  if (status != OK) {
    potential_free(potential);
    return status;
  }
  *out = potential;
  return OK;
}

void potential_free(struct potential *potential) {
  if (!potential) return;
  free(potential->coefficient);
  free(potential->L);
  free(potential->teacher);
  free(potential->still);
  free(potential);
}

/* ---- tiles ---- */

/* work [d + 1][TILE]. */
static void teacher_field(const struct potential *potential, const double *z, double *work, double *F, double *grad_F) {
  const double m = (double)potential->teachers;
  potential_pairs(potential, z, potential->teachers, potential->teacher, work);
  for (int i = 0; i < TILE; i++) F[i] = work[i] / m;
  for (int i = 0; i < potential->d * TILE; i++) grad_F[i] = work[TILE + i] / m;
}

void potential_field(const struct potential *potential, const double *z, double *work, double *F, double *grad_F) {
  if (potential->teachers > 0)
    teacher_field(potential, z, work, F, grad_F);
  else
    potential->kind->field(potential, z, F, grad_F);
}

void potential_pairs(const struct potential *potential, const double *z, int64_t count, const double *particle,
                     double *sum) {
  potential->kind->pairs(potential, z, count, particle, sum);
}

/* ---- derivatives along a direction ---- */

static void teacher_field_along(const struct potential *potential, const double *z, const double *u, double *work,
                                double *along_F, double *along_grad) {
  const double m = (double)potential->teachers;
  potential_pairs_along(potential, z, u, potential->teachers, potential->teacher, potential->still, work);
  for (int i = 0; i < TILE; i++) along_F[i] = work[i] / m;
  for (int i = 0; i < potential->d * TILE; i++) along_grad[i] = work[TILE + i] / m;
}

void potential_field_along(const struct potential *potential, const double *z, const double *u, double *work,
                           double *along_F, double *along_grad) {
  if (potential->teachers > 0)
    teacher_field_along(potential, z, u, work, along_F, along_grad);
  else
    potential->kind->field_along(potential, z, u, work, along_F, along_grad);
}

void potential_pairs_along(const struct potential *potential, const double *z, const double *u, int64_t count,
                           const double *particle, const double *direction, double *sum) {
  potential->kind->pairs_along(potential, z, u, count, particle, direction, sum);
}
