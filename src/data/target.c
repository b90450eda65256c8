#include "data/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/target_file.h"
#include "data/target_hermite.h"
#include "data/target_spin.h"
#include "data/target_teacher.h"

/* How to add a kind of target: write include/data/target_<name>.h and src/data/target_<name>.c, which defines its
 * descriptor (target_kind.h explains the members). The private data of the kind are a struct in target_<name>.c whose
 * first member is a struct target; other files read them through functions that target_<name>.h declares.
 * Then add a constant to enum target_type (target_kind.h), and an #include and a row here. A parameter that only this
 * kind reads is a member of struct target_spec and a row in config/table.c. The choices of the key target.type follow
 * from this table. */
const struct target_kind *const target_table[TARGET_TYPES] = {
    [TARGET_SPIN] = &target_spin,
    [TARGET_TEACHER] = &target_teacher,
    [TARGET_FILE] = &target_file,
    [TARGET_HERMITE] = &target_hermite,
};

int target_create(const struct comm *comm, const struct target_spec *spec, struct target **out) {
  const struct target_kind *kind = target_table[spec->type];
  struct target *target = alloc_small(kind->bytes);
  memset(target, 0, kind->bytes);
  *target = (struct target){.kind = kind, .spec = *spec, .d = spec->d, .C_f = NAN, .linear_fraction = NAN};
  const int status = kind->create(comm, target);
  if (status != OK) {
    target_free(target);
    return status;
  }
  *out = target;
  return OK;
}

void target_free(struct target *target) {
  if (!target) return;
  target->kind->free(target);
  free(target);
}

/* Computes out [rows][count] of points x [count][d] by a function of POINT_LANES points. */
static void by_lanes(const struct target *target,
                     void (*evaluate)(const struct target *, const double *, int, double *), int rows, int count,
                     const double *x, double *out) {
  const int d = target->d;
  _Alignas(64) double transposed[TARGET_D_MAX * POINT_LANES], value[TARGET_TERMS_MAX * POINT_LANES];
  for (int first = 0; first < count; first += POINT_LANES) {
    const int lanes = count - first < POINT_LANES ? count - first : POINT_LANES;
    for (int k = 0; k < d; k++)
      for (int l = 0; l < POINT_LANES; l++)
        transposed[k * POINT_LANES + l] = l < lanes ? x[(size_t)(first + l) * (size_t)d + (size_t)k] : 0;
    evaluate(target, transposed, lanes, value);
    for (int row = 0; row < rows; row++)
      memcpy(out + (size_t)row * (size_t)count + first, value + row * POINT_LANES, sizeof *out * (size_t)lanes);
  }
}

void target_eval(const struct target *target, int count, const double *x, double *y) {
  const struct target_kind *kind = target->kind;
  if (target_kind_stored(kind)) die("target %s: labels are stored with their points", kind->name);
  if (kind->evaluate)
    kind->evaluate(target, count, x, y);
  else
    by_lanes(target, kind->evaluate_lanes, 1, count, x, y);
}

void target_terms(const struct target *target, int count, const double *x, double *psi) {
  by_lanes(target, target->kind->evaluate_terms, target->terms, count, x, psi);
}

uint32_t target_checksum(const struct target *target, uint32_t crc) {
  return target->kind->checksum ? target->kind->checksum(target, crc) : crc;
}
