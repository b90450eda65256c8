#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/error.h"
#include "particle_file_read.h"
#include "particles/number.h"

/* ---- parts of datasets ---- */

int64_t particle_file_part(enum field_id id, int d) {
  return PARTICLE_FILE_PART / ((int64_t)sizeof(double) * field_width(id, d));
}

int particle_file_read(struct h5 *h5, const struct particle_file *file, const struct particle_set *set,
                       enum field_id id, int d, int64_t replica, int64_t first, int64_t count, double *values) {
  char name[PARTICLE_FILE_NAME];
  int rank;
  int64_t shape[H5_RANK_MAX];
  particle_file_dataset(file, set, id, name);
  TRY(h5_shape(h5, name, &rank, shape));
  const int axis = rank - 1 - field_table[id].vector;
  const int64_t start[] = {replica, first, 0}, size[] = {1, count, d};
  return h5_read_part(h5, name, H5_DOUBLE, rank, axis ? start : start + 1, axis ? size : size + 1, values);
}

/* ---- the units of one network ---- */

/* The units of the file that a network of this rank takes, and how many of them have been set. */
struct taken {
  const struct local_network *local;
  const struct particle_set *set;
  int64_t initial;       /* initial condition */
  int64_t first, count;  /* local units of the network */
  int64_t *index;        /* [count], ascending: units of the file; NULL: first .. first+count-1 */
  int64_t replica, next; /* entry of the dataset that is being read; number of units set */
};

static int64_t index_of(const struct taken *taken, int64_t i) {
  return taken->index ? taken->index[i] : taken->first + i;
}

static int take(const struct particle_file *file, const struct particles *particles, uint64_t seed,
                const struct local_network *local, struct taken *taken) {
  const struct unit_import *spec = &particles->unit.import;
  const int64_t streams = particles->ensemble.replicas / particle_file_initials(&particles->ensemble);
  *taken = (struct taken){.local = local,
                          .set = particle_file_set(file, local->n),
                          .initial = local->replica / streams,
                          .first = local_network_first_unit(local),
                          .count = local_network_units(local)};
  if (taken->set->n == local->n) return OK;
  const uint64_t network = network_key(local->n, spec->subsample == UNITS_SHARED ? 0 : taken->initial);
  const struct rng rng = {spec->seed ? spec->seed : seed, RNG_SUBSET, network, 0};
  TRY(alloc_array((void **)&taken->index, taken->count, sizeof *taken->index, "a random subset of units"));
  rng_subset(&rng, taken->set->n, local->n, taken->first, taken->count, taken->index);
  return OK;
}

/* ---- values ---- */

struct import {
  const struct particle_file *file;
  struct particles *particles;
  struct h5 *h5;
  int64_t count;
  struct taken *taken; /* [count] */
  double *values;      /* a part of a dataset */
  void *stored;        /* the values of one unit in stored precision */
};

static int wrong_value(const struct import *import, const struct taken *taken, enum field_id id, int64_t unit,
                       const char *what) {
  char name[PARTICLE_FILE_NAME], replica[48] = "";
  particle_file_dataset(import->file, taken->set, id, name);
  if (taken->set->own & 1u << id) snprintf(replica, sizeof replica, "replica %lld, ", (long long)taken->replica);
  return FAIL(USAGE, "%s: %s: %sunit %lld: %s", import->file->path, name, replica, (long long)unit, what);
}

/* Scales z to |z|^2 = d. A deviation by rounding in the stored precision is kept, so that the units of a checkpoint
 * keep their bits. */
static int to_sphere(const struct import *import, const struct taken *taken, int64_t unit, double *z) {
  const int d = import->particles->d;
  const bool single = precision_stored(import->particles->precision) == sizeof(float);
  double square = 0;
  char text[96];
  for (int k = 0; k < d; k++) square += z[k] * z[k];
  const double off = fabs(sqrt(square / d) - 1);
  if (!(off <= PARTICLE_FILE_SPHERE)) {
    snprintf(text, sizeof text, "expected |z| = sqrt(d) = %.9g within 1e-6 of it, received %.9g", sqrt(d),
             sqrt(square));
    return wrong_value(import, taken, FIELD_A, unit, text);
  }
  const double scale = off <= (single ? 1e-7 : 1e-12) ? 1 : sqrt(d / square);
  for (int k = 0; k < d; k++) z[k] *= scale;
  return OK;
}

/* Sets one field of local unit number i of a network from values [width], which it may scale. */
static int set_unit(struct import *import, const struct taken *taken, enum field_id id, int64_t i, double *values) {
  struct particles *particles = import->particles;
  const size_t size = precision_stored(particles->precision);
  const int width = field_width(id, particles->d);
  for (int k = 0; k < width; k++)
    if (!(fabs(values[k]) < PARTICLE_FILE_RANGE)) {
      char text[96];
      snprintf(text, sizeof text, "expected finite numbers below 2^39 in absolute value, received %g", values[k]);
      return wrong_value(import, taken, id, index_of(taken, i), text);
    }
  if (id == FIELD_A && unit_table[particles->unit.type].manifold == MANIFOLD_SPHERE)
    TRY(to_sphere(import, taken, index_of(taken, i), values));
  for (int k = 0; k < width; k++) number_put(size, import->stored, (size_t)k, values[k]);
  local_network_set_field(particles, taken->local, (struct unit_field){id, 0}, taken->first + i, 1, import->stored);
  return OK;
}

/* ---- all networks ---- */

static int by_dataset(const void *a, const void *b) {
  const struct taken *x = a, *y = b;
  if (x->set != y->set) return x->set < y->set ? -1 : 1;
  return x->replica < y->replica ? -1 : x->replica > y->replica;
}

/* Returns the first unit of the file that some network has not taken yet; INT64_MAX if there is none. */
static int64_t first_needed(const struct taken *taken, int64_t count) {
  int64_t first = INT64_MAX;
  for (int64_t i = 0; i < count; i++)
    if (taken[i].next < taken[i].count && index_of(&taken[i], taken[i].next) < first)
      first = index_of(&taken[i], taken[i].next);
  return first;
}

/* Reads one field of `count` networks that use the same entry of a dataset: in parts, each read once for all networks.
 * Skips parts that none of these networks needs. */
static int import_dataset(struct import *import, enum field_id id, struct taken *taken, int64_t count) {
  const int d = import->particles->d, width = field_width(id, d);
  const int64_t part = particle_file_part(id, d);
  double *one = alloc_small(sizeof *one * (size_t)width);
  int64_t end = 0;
  int status = OK;
  for (int64_t i = 0; i < count; i++) {
    const int64_t last = index_of(&taken[i], taken[i].count - 1);
    if (last >= end) end = last + 1;
    taken[i].next = 0;
  }
  for (int64_t first; (first = first_needed(taken, count)) < end && status == OK;) {
    const int64_t rows = end - first < part ? end - first : part;
    status =
        particle_file_read(import->h5, import->file, taken->set, id, d, taken->replica, first, rows, import->values);
    for (int64_t i = 0; i < count && status == OK; i++)
      for (struct taken *own = &taken[i]; own->next < own->count && status == OK; own->next++) {
        const int64_t row = index_of(own, own->next) - first;
        if (row >= rows) break;
        memcpy(one, import->values + row * width, sizeof *one * (size_t)width);
        status = set_unit(import, own, id, own->next, one);
      }
  }
  free(one);
  return status;
}

static int import_field(struct import *import, enum field_id id) {
  struct taken *taken = import->taken;
  for (int64_t i = 0; i < import->count; i++) taken[i].replica = taken[i].set->own & 1u << id ? taken[i].initial : 0;
  if (import->count > 0) qsort(taken, (size_t)import->count, sizeof *taken, by_dataset);
  for (int64_t first = 0, end; first < import->count; first = end) {
    for (end = first + 1; end < import->count && by_dataset(&taken[first], &taken[end]) == 0;) end++;
    TRY(import_dataset(import, id, taken + first, end - first));
  }
  return OK;
}

static int import_all(struct import *import, uint64_t seed) {
  const struct particles *particles = import->particles;
  for (int s = 0; s < particles->locals; s++, import->count++)
    TRY(take(import->file, particles, seed, &particles->local[s], &import->taken[s]));
  if (import->count == 0) return OK;
  TRY(alloc_array((void **)&import->values, PARTICLE_FILE_PART, 1, "a part of a particle file"));
  TRY(h5_open(import->file->path, false, &import->h5));
  for (int id = 0; id < FIELDS; id++)
    if (import->file->fields & 1u << id) TRY(import_field(import, (enum field_id)id));
  return OK;
}

int particle_file_import(const struct particle_file *file, struct particles *particles, uint64_t seed) {
  struct import import = {.file = file, .particles = particles};
  import.taken = calloc((size_t)particles->locals + 1, sizeof *import.taken);
  import.stored = alloc_small(sizeof(double) * (size_t)particles->d);
  if (!import.taken) die("no memory for %d networks", particles->locals);
  int status = import_all(&import, seed);
  h5_close(import.h5);
  for (int s = 0; s < particles->locals; s++) free(import.taken[s].index);
  free(import.taken);
  free(import.stored);
  free(import.values);
  status = comm_agree(particles->comm, status);
  return status == OK ? OK : FAIL(status == FULL ? FAILED : status, "%s: %s", file->key, error_text());
}

uint32_t particle_file_checksum(const struct particles *particles) {
  const size_t size = precision_stored(particles->precision);
  void *values = alloc_small(size * (size_t)particles->d);
  uint64_t sum = 0;
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    const int64_t first = local_network_first_unit(local), end = first + local_network_units(local);
    for (int64_t unit = first; unit < end; unit++)
      for (int k = 0; k < particles->fields.count && particles->fields.field[k].rule_field == 0; k++) {
        const struct unit_field field = particles->fields.field[k];
        const int64_t place[] = {local->n, local->replica, unit, field.id};
        local_network_get_field(particles, local, field, unit, 1, values);
        sum += crc32c(crc32c(0, place, sizeof place), values, size * (size_t)field_width(field.id, particles->d));
      }
  }
  free(values);
  return (uint32_t)comm_sum(particles->comm, (int64_t)sum);
}
