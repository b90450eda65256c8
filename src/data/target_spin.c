#include "data/target_spin.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/rng.h"
#include "data/inputs.h"
#include "target_spin_isa.h"

struct spin {
  struct target target;
  double *entry; /* [target_spin_count(d)] */
};

int64_t target_spin_count(int d) {
  return (int64_t)d * (d + 1) * (d + 2) / 6;
}

const double *target_spin_entries(const struct target *target) {
  return target->kind == &target_spin ? ((const struct spin *)target)->entry : NULL;
}

/* Returns the index of the packed entry p <= q <= r. */
static int64_t packed_index(int d, int p, int q, int r) {
  const int64_t before_p = target_spin_count(d) - target_spin_count(d - p), m = d - p, j = q - p;
  return before_p + j * m - j * (j - 1) / 2 + (r - q);
}

/* Returns the number of distinct permutations of p <= q <= r. */
static int multiplicity(int p, int q, int r) {
  return p == q && q == r ? 1 : p == q || q == r ? 3 : 6;
}

/* Sets C_f and linear_fraction if x is uniform on the sphere or Gaussian. For N(0, 1), E f^2 = 6 |S|^2 + 9 |T|^2 and
 * the linear part of f is 3 T.x, where T_r = sum_p S_ppr. On the sphere, E f^2 is d^2/((d+2)(d+4)) times this, and
 * the linear part is d L.x, L = 3 T/(d+2). S2 = |S|^2. */
static void set_moments(struct target *target, const double *T, double S2) {
  const bool sphere = target->spec.inputs == INPUTS_SPHERE;
  if (!sphere && target->spec.inputs != INPUTS_GAUSSIAN) return;
  const double d = target->d, factor = sphere ? d * d / ((d + 2) * (d + 4)) : 1;
  double T2 = 0;
  for (int r = 0; r < target->d; r++) T2 += T[r] * T[r];
  const double square = factor * (6 * S2 + 9 * T2);
  target->C_f = square / 2;
  target->linear_fraction = (sphere ? d * d * 9 * T2 / ((d + 2) * (d + 2)) : 9 * T2) / square;
}

/* Draws each a_pqr and adds a_pqr / d to the entry of the sorted indices. The entry becomes S_pqr times its
 * multiplicity. */
static void draw_entries(struct spin *spin) {
  const int d = spin->target.d;
  double row[TARGET_D_MAX];
  const struct rng rng = {spin->target.spec.seed, RNG_TARGET, 0, 0};
  for (int p = 0; p < d; p++)
    for (int q = 0; q < d; q++) { /* one rng id for each row (p, q, .) */
      rng_normal(&rng, (uint64_t)p * (uint64_t)d + (uint64_t)q, d, row);
      const int low = p < q ? p : q, high = p < q ? q : p;
      for (int r = 0; r < d; r++) {
        const int64_t index = r < low    ? packed_index(d, r, low, high)
                              : r < high ? packed_index(d, low, r, high)
                                         : packed_index(d, low, high, r);
        spin->entry[index] += row[r] / d;
      }
    }
}

static int create_local(struct spin *spin) {
  const int d = spin->target.d;
  const int64_t count = target_spin_count(d);
  TRY(alloc_copy((void **)&spin->entry, count, sizeof(double), "spin coefficients"));
  memset(spin->entry, 0, sizeof(double) * (size_t)count);
  spin->target.numbers = count;
  draw_entries(spin);
  double T[TARGET_D_MAX] = {0}, S2 = 0;
  const double *entry = spin->entry;
  for (int p = 0; p < d; p++)
    for (int q = p; q < d; q++)
      for (int r = q; r < d; r++, entry++) {
        const double S = *entry / multiplicity(p, q, r);
        S2 += *entry * S;
        if (p == q) T[r] += S;
        if (q == r && p != q) T[p] += S;
      }
  set_moments(&spin->target, T, S2);
  return OK;
}

static int create(const struct comm *comm, struct target *target) {
  return comm_agree(comm, create_local((struct spin *)target));
}

static void free_entries(struct target *target) {
  free(((struct spin *)target)->entry);
}

static int record(const struct target *target, struct h5 *file) {
  static const char name[] = "/target/coefficients";
  TRY(h5_write(file, name, H5_DOUBLE, 1, &target->numbers, target_spin_entries(target)));
  TRY(h5_describe(file, name, "f = sum of entry times x_p x_q x_r over p <= q <= r, r fastest", "f"));
  return h5_dimensions(file, name, 1, (const char *[]){name});
}

/* x and y: 64-byte aligned. */
static void evaluate_lanes(const struct target *target, const double *x, int count, double *y) {
  static spin_labels *const labels[ISA_LEVELS] = {ISA_TABLE(spin_labels)};
  labels[isa_best()](target->d, target_spin_entries(target), x, count, y);
}

/* Measured on AMD Zen 4 (`mckean bench --only data`): 3, 13, 146 and 7957 ns for d = 5, 10, 25 and 100. */
static double label_ns(const struct target *target) {
  return 2 + 0.047 * (double)target_spin_count(target->d);
}

static uint32_t checksum(const struct target *target, uint32_t crc) {
  return crc32c(crc, target_spin_entries(target), sizeof(double) * (size_t)target_spin_count(target->d));
}

const struct target_kind target_spin = {
    .name = "spin",
    .title = "the spherical 3-spin model",
    .required = "target.d",
    .bytes = sizeof(struct spin),
    .create = create,
    .free = free_entries,
    .evaluate_lanes = evaluate_lanes,
    .label_ns = label_ns,
    .checksum = checksum,
    .record = record,
};
