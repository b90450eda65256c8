#include "data/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "data/target_file.h"
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

void target_eval(const struct target *target, int count, const double *x, double *y) {
  if (!target->kind->evaluate) die("target %s: labels are stored with their points", target->kind->name);
  target->kind->evaluate(target, count, x, y);
}

uint32_t target_checksum(const struct target *target, uint32_t crc) {
  return target->kind->checksum ? target->kind->checksum(target, crc) : crc;
}
