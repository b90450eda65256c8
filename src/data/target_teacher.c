#include "data/target_teacher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "base/rng.h"
#include "data/erf_overlap.h"
#include "data/inputs.h"
#include "parallel/heartbeat.h"
#include "particles/kernel.h"
#include "particles/particle_file.h"

struct teacher {
  struct target target;
  int64_t tiles;
  double *tile;      /* [tiles][tile_rows(d)][TILE], layout of particles/kernel.h */
  unsigned imported; /* the fields that the file contains, as a set */
};

enum { PIECE = 48 }; /* points per call of the kernel */

static void draw_unit(const struct rng *rng, const struct unit_spec *spec, int d, int64_t i, double *tile) {
  const int lane = (int)(i % TILE);
  double z[TARGET_D_MAX + 2];
  rng_normal(rng, (uint64_t)i, d + 2, z);
  tile[ROW_C * TILE + lane] = spec->c.mean + spec->c.std * z[0];
  if (unit_table[spec->type].manifold != MANIFOLD_SPHERE) tile[ROW_B * TILE + lane] = spec->b.mean + spec->b.std * z[1];
  double norm2 = 0;
  for (int k = 0; k < d; k++) norm2 += z[2 + k] * z[2 + k];
  for (int k = 0; k < d; k++)
    tile[(ROW_A + k) * TILE + lane] = unit_table[spec->type].manifold == MANIFOLD_SPHERE
                                          ? z[2 + k] * sqrt(d / norm2)
                                          : spec->a.mean + spec->a.std * z[2 + k];
}

/* Copies the fields that the file has to the tiles. particles: the imported units. */
static void take_units(const struct particle_file *file, const struct particles *particles, struct teacher *teacher) {
  const struct local_network *local = &particles->local[0];
  const int d = teacher->target.d;
  double values[TARGET_D_MAX];
  teacher->imported = file->fields;
  for (int64_t i = 0; i < local->n; i++)
    for (int id = 0; id < FIELDS; id++) {
      const struct field *field = &field_table[id];
      if (!(file->fields & 1u << id)) continue;
      double *tile = teacher->tile + (size_t)(i / TILE) * tile_numbers(d) + i % TILE;
      local_network_get_field(particles, local, (struct unit_field){(enum field_id)id, 0}, i, 1, values);
      for (int k = 0; k < field_width((enum field_id)id, d); k++) tile[(field->row + k) * TILE] = values[k];
    }
}

/* Reads target.teacher.path on one rank, which is alone in comm. */
static int import(const struct comm *comm, struct teacher *teacher) {
  static const char key[] = "target.teacher.path";
  const struct target_spec *spec = &teacher->target.spec;
  const struct ensemble_spec one = {.members = 1, .n = {spec->teacher_units}, .replicas = 1};
  const double cost = 1;
  struct particle_file *file = alloc_small(sizeof *file);
  struct particles *particles = NULL;
  int status = particle_file_open(comm, key, &spec->teacher, teacher->target.d, &one, false, file);
  const int64_t found = status == OK ? particle_file_set(file, spec->teacher_units)->n : 0;
  if (status == OK && found != spec->teacher_units)
    status = FAIL(USAGE,
                  "%s: %s: expected a set of %lld units (target.teacher.units), received one of %lld; set "
                  "target.teacher.units: %lld",
                  key, spec->teacher.import.path, (long long)spec->teacher_units, (long long)found, (long long)found);
  if (status == OK)
    status = particles_create(comm, &one, &spec->teacher, teacher->target.d, PRECISION_DOUBLE, &cost, &particles);
  if (status == OK) status = particle_file_import(file, particles, spec->seed);
  if (status == OK) take_units(file, particles, teacher);
  particles_free(particles);
  free(file);
  return status;
}

/* Collective. Rank 0 reads the file and sends the units to the other ranks. */
static int import_all(const struct comm *comm, struct teacher *teacher) {
  struct comm *alone = comm_split(comm, comm->rank == 0 ? 0 : 1);
  const int status = comm_agree(comm, comm->rank == 0 ? import(alone, teacher) : OK);
  comm_free(alone);
  TRY(status);
  comm_bcast(comm, teacher->tile, (int64_t)sizeof(double) * teacher->tiles * (int64_t)tile_numbers(teacher->target.d),
             0);
  comm_bcast(comm, &teacher->imported, sizeof teacher->imported, 0);
  return OK;
}

static int create_local(struct teacher *teacher) {
  const struct target_spec *spec = &teacher->target.spec;
  const int d = teacher->target.d;
  teacher->tiles = (spec->teacher_units + TILE - 1) / TILE;
  const int64_t numbers = teacher->tiles * (int64_t)tile_numbers(d);
  TRY(alloc_copy((void **)&teacher->tile, numbers, sizeof(double), "teacher units"));
  memset(teacher->tile, 0, sizeof(double) * (size_t)numbers);
  teacher->target.numbers = spec->teacher_units * tile_rows(d);
  const struct rng rng = {spec->seed, RNG_TEACHER, 0, 0};
  for (int64_t i = 0; i < spec->teacher_units; i++)
    draw_unit(&rng, &spec->teacher, d, i, teacher->tile + i / TILE * tile_numbers(d));
  return OK;
}

/* ---- units, and exact moments ---- */

static const double *teacher_tile(const struct target *target, int64_t i) {
  return ((const struct teacher *)target)->tile + (size_t)(i / TILE) * tile_numbers(target->d);
}

int64_t target_teacher_units(const struct target *target) {
  return target->spec.teacher_units;
}

unsigned target_teacher_imported(const struct target *target) {
  return ((const struct teacher *)target)->imported;
}

bool target_teacher_unbiased(const struct target *target) {
  for (int64_t i = 0; i < target->spec.teacher_units; i++)
    if (teacher_tile(target, i)[ROW_B * TILE + i % TILE] != 0) return false;
  return true;
}

void target_teacher_unit(const struct target *target, int64_t i, double *unit) {
  const double *tile = teacher_tile(target, i);
  unit[0] = tile[ROW_C * TILE + i % TILE];
  for (int k = 0; k < target->d; k++) unit[1 + k] = tile[(ROW_A + k) * TILE + i % TILE];
}

int target_teacher_list(const struct target *target, double **unit) {
  const int64_t m = target->spec.teacher_units;
  TRY(alloc_array((void **)unit, m * (target->d + 1), sizeof **unit, "the units of the teacher"));
  for (int64_t i = 0; i < m; i++) target_teacher_unit(target, i, *unit + i * (target->d + 1));
  return OK;
}

int target_teacher_energy(const struct target *target, const double *unit, int rows, teacher_pairs *pairs,
                          const void *context, double *energy) {
  const int64_t m = target->spec.teacher_units;
  double *sum, total = 0;
  TRY(alloc_array((void **)&sum, (int64_t)rows * TILE, sizeof *sum, "sums over the teacher"));
  for (int64_t first = 0; first < m; first += TILE) {
    const double *tile = teacher_tile(target, first);
    pairs(context, tile + ROW_A * TILE, m, unit, sum);
    for (int i = 0; i < TILE; i++) total += tile[ROW_C * TILE + i] * sum[i]; /* c = 0 in unused lanes */
    heartbeat_beat();
  }
  *energy = total / 2 / (double)m / (double)m;
  free(sum);
  return OK;
}

static void erf_pairs(const void *target, const double *a, int64_t count, const double *unit, double *sum) {
  erf_overlap_sums(((const struct target *)target)->d, 1, a, count, unit, sum);
}

/* unit: from target_teacher_list. */
static double erf_linear_fraction(const struct target *target, const double *unit) {
  const int64_t m = target->spec.teacher_units;
  const int d = target->d;
  double mean[TARGET_D_MAX] = {0}, square = 0;
  for (int64_t i = 0; i < m; i++, unit += d + 1) {
    double q = 0;
    for (int k = 0; k < d; k++) q += unit[1 + k] * unit[1 + k];
    for (int k = 0; k < d; k++) mean[k] += unit[0] * unit[1 + k] / sqrt(1 + q) / (double)m;
  }
  for (int k = 0; k < d; k++) square += 2 / M_PI * mean[k] * mean[k];
  return square / (2 * target->C_f);
}

/* Sets C_f and linear_fraction if they are known. */
static int set_moments(struct target *target) {
  const struct target_spec *spec = &target->spec;
  if (spec->teacher.type != UNIT_ERF || spec->inputs != INPUTS_GAUSSIAN || spec->teacher_units > TEACHER_EXACT_MAX ||
      !target_teacher_unbiased(target))
    return OK;
  double *unit, energy;
  TRY(target_teacher_list(target, &unit));
  const int status = target_teacher_energy(target, unit, 1, erf_pairs, target, &energy);
  if (status == OK && energy > 0) {
    target->C_f = energy;
    target->linear_fraction = erf_linear_fraction(target, unit);
  }
  free(unit);
  return status;
}

static int create(const struct comm *comm, struct target *target) {
  struct teacher *teacher = (struct teacher *)target;
  TRY(comm_agree(comm, create_local(teacher)));
  if (*target->spec.teacher.import.path) TRY(import_all(comm, teacher));
  return comm_agree(comm, set_moments(target));
}

static void free_tiles(struct target *target) {
  free(((struct teacher *)target)->tile);
}

/* y[p] = sum of c phi over the units, block by block; at most PIECE points. */
static void sum_units(const struct teacher *teacher, const struct kernel *kernel, const struct points *points,
                      void *scratch, double *y) {
  double sum[PIECE];
  for (int p = 0; p < points->count; p++) y[p] = 0;
  for (int64_t t = 0; t < teacher->tiles; t += BLOCK_TILES) {
    const int block = (int)(teacher->tiles - t < BLOCK_TILES ? teacher->tiles - t : BLOCK_TILES);
    kernel->forward(block, teacher->tile + t * tile_numbers(points->d), points, false, scratch, NULL, sum);
    for (int p = 0; p < points->count; p++) y[p] += sum[p];
  }
}

/* Uses the portable kernel in double precision, whose results have the same bits on every machine. */
static void evaluate(const struct target *target, int count, const double *x, double *y) {
  const struct target_spec *spec = &target->spec;
  const struct kernel *kernel = kernel_find(spec->teacher.type, PRECISION_DOUBLE, ISA_portable);
  const int d = target->d;
  struct points points;
  void *scratch;
  const int most = count < PIECE ? count : PIECE;
  if (points_alloc(&points, PRECISION_DOUBLE, most, d) != OK ||
      alloc_copy(&scratch, 1, forward_scratch(most), "kernel scratch") != OK)
    die("%s", error_text());
  for (int first = 0; first < count; first += PIECE) {
    const int piece = count - first < PIECE ? count - first : PIECE;
    points_set(&points, PRECISION_DOUBLE, &spec->teacher, piece, d, x + (size_t)first * (size_t)d);
    sum_units((const struct teacher *)target, kernel, &points, scratch, y + first);
    for (int p = 0; p < piece; p++) y[first + p] /= (double)spec->teacher_units;
  }
  points_free(&points);
  free(scratch);
}

/* In ns per unit: PAIR + d PAIR_D. Measured on AMD Zen 4 with sigmoid units, within 2 %; PAIR is 0.2 for relu and 4.8
 * for erf units. */
static const double PAIR = 3.3, PAIR_D = 0.11;

static double label_ns(const struct target *target) {
  return (PAIR + PAIR_D * target->d) * TILE * (double)((const struct teacher *)target)->tiles;
}

static uint32_t checksum(const struct target *target, uint32_t crc) {
  const struct teacher *teacher = (const struct teacher *)target;
  return crc32c(crc, teacher->tile, sizeof(double) * (size_t)teacher->tiles * tile_numbers(target->d));
}

/* ---- the record in the history ---- */

/* Writes the values of a field of all units: (m) or (m, d). */
static int record_field(const struct teacher *teacher, enum field_id id, struct h5 *file) {
  static const char *const descriptions[FIELDS] = {
      [FIELD_C] = "amplitudes c_i of the teacher's units (unit)",
      [FIELD_A] = "inner parameters a_i, or z_i on the sphere (unit, d)",
      [FIELD_B] = "biases b_i (unit)",
  };
  const struct field *field = &field_table[id];
  const int d = teacher->target.d, width = field_width(id, d);
  const int64_t m = teacher->target.spec.teacher_units, shape[] = {m, width};
  double *values;
  char name[32];
  TRY(alloc_copy((void **)&values, m * width, sizeof *values, "a record of the teacher"));
  for (int64_t i = 0; i < m; i++)
    for (int k = 0; k < width; k++)
      values[i * width + k] =
          teacher->tile[(size_t)(i / TILE) * tile_numbers(d) + (size_t)((field->row + k) * TILE + i % TILE)];
  snprintf(name, sizeof name, "/teacher/%s", field->name);
  int status = h5_write(file, name, H5_DOUBLE, field->vector ? 2 : 1, shape, values);
  if (status == OK) status = h5_describe(file, name, descriptions[id], id == FIELD_C ? "f" : "1");
  if (status == OK)
    status = h5_dimensions(file, name, field->vector ? 2 : 1, (const char *[]){"/teacher/unit", "/teacher/d"});
  free(values);
  return status;
}

/* Appends the law of a field to text, or that it is from the file. */
static void add_law(const struct teacher *teacher, enum field_id id, char *text, size_t size) {
  const struct unit_spec *unit = &teacher->target.spec.teacher;
  const size_t used = strlen(text);
  const char *separator = used > 0 ? ", " : "";
  if (teacher->imported & 1u << id)
    snprintf(text + used, size - used, "%s%s from the file", separator, field_table[id].name);
  else if (id == FIELD_A && unit_table[unit->type].manifold == MANIFOLD_SPHERE)
    snprintf(text + used, size - used, "%sz uniform on the sphere |z|^2 = d; z is stored as a", separator);
  else if (id == FIELD_A)
    snprintf(text + used, size - used, "%seach a_k ~ N(%g, %g^2)", separator, unit->a.mean, unit->a.std);
  else {
    const struct normal_law *law = id == FIELD_C ? &unit->c : &unit->b;
    snprintf(text + used, size - used, "%s%s ~ N(%g, %g^2)", separator, field_table[id].name, law->mean, law->std);
  }
}

void target_teacher_law(const struct target *target, char text[TEACHER_LAW]) {
  static const enum field_id order[] = {FIELD_C, FIELD_A, FIELD_B};
  const unsigned fields = unit_manifold(target->spec.teacher.type)->fields;
  *text = 0;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    if (fields & 1u << order[i]) add_law((const struct teacher *)target, order[i], text, TEACHER_LAW);
}

static int record(const struct target *target, struct h5 *file) {
  const struct target_spec *spec = &target->spec;
  const struct unit_spec *unit = &spec->teacher;
  const bool sphere = unit_table[unit->type].manifold == MANIFOLD_SPHERE;
  char law[TEACHER_LAW];
  target_teacher_law(target, law);
  TRY(h5_index(file, "/teacher/unit", spec->teacher_units, "number of the unit"));
  TRY(h5_index(file, "/teacher/d", target->d, "input dimension"));
  for (int id = 0; id < FIELDS; id++)
    if (unit_manifold(unit->type)->fields & 1u << id)
      TRY(record_field((const struct teacher *)target, (enum field_id)id, file));
  TRY(h5_set_text(file, "/teacher", "description", "f(x) = (1/m) sum_i c_i phi(x, z_i)"));
  TRY(h5_set_text(file, "/teacher", "type", unit_table[unit->type].name));
  TRY(h5_set_text(file, "/teacher", "phi", unit_table[unit->type].help));
  if (sphere) TRY(h5_set_double(file, "/teacher", "alpha", unit->alpha));
  TRY(h5_set_int(file, "/teacher", "units", spec->teacher_units));
  TRY(h5_set_int(file, "/teacher", "seed", (int64_t)spec->seed));
  if (*unit->import.path) {
    char crc[16];
    snprintf(crc, sizeof crc, "%08x", checksum(target, 0));
    TRY(h5_set_text(file, "/teacher", "path", unit->import.path));
    TRY(h5_set_text(file, "/teacher", "checksum", crc));
  }
  return h5_set_text(file, "/teacher", "law", law);
}

const struct target_kind target_teacher = {
    .name = "teacher",
    .title = "a teacher network",
    .required = "target.d",
    .bytes = sizeof(struct teacher),
    .create = create,
    .free = free_tiles,
    .evaluate = evaluate,
    .label_ns = label_ns,
    .checksum = checksum,
    .record = record,
};
