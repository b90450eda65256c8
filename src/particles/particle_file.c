#include "particles/particle_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "io/h5.h"
#include "io/relative_path.h"
#include "io/sandbox.h"
#include "particle_file_read.h"

enum { LINKS_MAX = 4096 };

/* ---- the layout ---- */

struct opening {
  const struct unit_spec *unit;
  int d;
  struct particle_file *file;
};

void particle_file_dataset(const struct particle_file *file, const struct particle_set *set, enum field_id id,
                           char name[PARTICLE_FILE_NAME]) {
  const char *root = strcmp(set->group, "/") == 0 ? "" : set->group;
  snprintf(name, PARTICLE_FILE_NAME, "%s/%s", root, id == FIELD_A && file->z ? "z" : field_table[id].name);
}

/* Checks the shape of one dataset. *n: the units of the set, 0 if no dataset of the set has been read. */
static int read_shape(struct h5 *h5, const struct opening *opening, enum field_id id, struct particle_set *set) {
  const struct particle_file *file = opening->file;
  char name[PARTICLE_FILE_NAME], found[128], expected[96];
  int rank;
  int64_t shape[H5_RANK_MAX];
  particle_file_dataset(file, set, id, name);
  TRY(h5_shape(h5, name, &rank, shape));
  const int vector = field_table[id].vector, axis = rank - vector - 1, units = axis > 0 ? 1 : 0;
  const int64_t d = opening->d, n = set->n;
  const bool fits = (axis == 0 || axis == 1) && shape[units] >= 1 && shape[0] >= 1 && (n == 0 || shape[units] == n) &&
                    (!vector || shape[units + 1] == d);
  if (!fits) {
    char size[32] = "n";
    if (n > 0) snprintf(size, sizeof size, "%lld", (long long)n);
    if (vector)
      snprintf(expected, sizeof expected, "(n, d) or (R, n, d) with d = %lld", (long long)d);
    else
      snprintf(expected, sizeof expected, "(%s) or (R, %s)%s", size, size, n > 0 ? ", for the units of a" : "");
    const bool turned =
        vector ? rank >= 2 && shape[rank - 1] != d && shape[rank - 2] == d : rank == 2 && n > 0 && shape[0] == n;
    return FAIL(USAGE, "%s: %s: expected shape %s, received %s%s", file->path, name, expected,
                h5_shape_text(rank, shape, found),
                turned ? "; it may be transposed: the axes are (replicas, n, d), and those of c and b (replicas, n)"
                       : "");
  }
  set->n = shape[units];
  if (axis == 0 || shape[0] == 1) return OK;
  if (set->own && shape[0] != set->replicas)
    return FAIL(USAGE, "%s: %s: expected %lld replicas, as in the other datasets of this set, received %lld",
                file->path, name, (long long)set->replicas, (long long)shape[0]);
  set->replicas = shape[0];
  set->own |= 1u << id;
  return OK;
}

/* *fields: the fields that a group has. */
static int find_fields(struct h5 *h5, const struct opening *opening, const char *group, unsigned *fields, bool *z) {
  const char *const root = strcmp(group, "/") == 0 ? "" : group;
  const unsigned present = unit_manifold(opening->unit->type)->fields;
  char name[PARTICLE_FILE_NAME];
  *fields = 0;
  for (int id = 0; id < FIELDS; id++) {
    snprintf(name, sizeof name, "%s/%s", root, field_table[id].name);
    if (h5_exists(h5, name)) *fields |= 1u << id;
  }
  snprintf(name, sizeof name, "%s/z", root);
  *z = !(*fields & FIELD_BIT_A) && unit_table[opening->unit->type].manifold == MANIFOLD_SPHERE && h5_exists(h5, name);
  if (*z) *fields |= FIELD_BIT_A;
  for (int id = 0; id < FIELDS; id++)
    if (*fields & ~present & 1u << id)
      return FAIL(USAGE, "%s: %s/%s: expected no such dataset: %s units have no %s", opening->file->path, root,
                  field_table[id].name, unit_table[opening->unit->type].name, field_table[id].name);
  return OK;
}

/* Adds the set of a group, unless the group has no fields. a comes first: its shape distinguishes n from R and d. */
static int add_set(struct h5 *h5, const struct opening *opening, const char *group) {
  static const enum field_id order[FIELDS] = {FIELD_A, FIELD_C, FIELD_B};
  struct particle_file *file = opening->file;
  unsigned fields;
  bool z;
  TRY(find_fields(h5, opening, group, &fields, &z));
  if (fields == 0) return OK;
  if (file->sets == ENSEMBLE_MAX) return FAIL(USAGE, "%s: expected at most %d sets of units", file->path, ENSEMBLE_MAX);
  if (file->sets > 0 && (fields != file->fields || z != file->z))
    return FAIL(USAGE, "%s: %s: expected the same datasets as in %s", file->path, group, file->set[0].group);
  file->fields = fields;
  file->z = z;
  struct particle_set *set = &file->set[file->sets++];
  *set = (struct particle_set){.replicas = 1};
  snprintf(set->group, sizeof set->group, "%s", group);
  for (int i = 0; i < FIELDS; i++)
    if (fields & 1u << order[i]) TRY(read_shape(h5, opening, order[i], set));
  return OK;
}

/* Returns N if a link is named n<N>, otherwise 0. */
static int64_t named_size(const char *name) {
  long long n = 0;
  char exact[32];
  if (sscanf(name, "n%lld", &n) != 1 || n < 1) return 0;
  snprintf(exact, sizeof exact, "n%lld", n);
  return strcmp(name, exact) == 0 ? n : 0;
}

static int add_groups(struct h5 *h5, const struct opening *opening) {
  struct particle_file *file = opening->file;
  char name[24], group[32];
  file->checkpoint = h5_exists(h5, "/ensemble/0");
  for (int i = 0; file->checkpoint; i++) {
    snprintf(group, sizeof group, "/ensemble/%d", i);
    if (!h5_exists(h5, group)) return OK;
    TRY(add_set(h5, opening, group));
  }
  for (int64_t i = 0; i < LINKS_MAX && h5_link(h5, "/", i, name, sizeof name); i++) {
    const int64_t n = named_size(name);
    if (n == 0) continue;
    snprintf(group, sizeof group, "/%s", name);
    const int before = file->sets;
    TRY(add_set(h5, opening, group));
    if (file->sets > before && file->set[before].n != n)
      return FAIL(USAGE, "%s: %s: expected %lld units, received %lld", file->path, group, (long long)n,
                  (long long)file->set[before].n);
  }
  return add_set(h5, opening, "/");
}

static int read_layout(struct h5 *h5, const struct opening *opening) {
  TRY(add_groups(h5, opening));
  if (opening->file->sets > 0) return OK;
  const bool sphere = unit_table[opening->unit->type].manifold == MANIFOLD_SPHERE;
  return FAIL(USAGE, "%s: expected datasets %s in the root group, in groups n<N> (for example /n64), or a checkpoint",
              opening->file->path, sphere ? "c and z (or a), or one of them," : "c, a and b, or some of them,");
}

/* Reads all numbers of all sets: the trial read in a child process. */
static int try_all(void *context) {
  struct opening *opening = context;
  struct h5 *h5;
  double *values = alloc_small(PARTICLE_FILE_PART);
  TRY(h5_open(opening->file->path, false, &h5));
  int status = read_layout(h5, opening);
  for (int s = 0; s < opening->file->sets && status == OK; s++)
    for (int id = 0; id < FIELDS; id++) {
      const struct particle_set *set = &opening->file->set[s];
      const int64_t part = particle_file_part((enum field_id)id, opening->d);
      if (!(opening->file->fields & 1u << id)) continue;
      for (int64_t r = 0; r < (set->own & 1u << id ? set->replicas : 1) && status == OK; r++)
        for (int64_t first = 0; first < set->n && status == OK; first += part)
          status = particle_file_read(h5, opening->file, set, (enum field_id)id, opening->d, r, first,
                                      set->n - first < part ? set->n - first : part, values);
    }
  return status;
}

static int open_file(struct opening *opening, bool verified) {
  struct h5 *h5;
  TRY(relative_path_check(opening->file->path));
  if (!verified) {
    struct particle_file trial = *opening->file;
    struct opening child = {opening->unit, opening->d, &trial};
    TRY(sandbox_run(opening->file->path, try_all, &child));
  }
  TRY(h5_open(opening->file->path, false, &h5));
  const int status = read_layout(h5, opening);
  h5_close(h5);
  return status;
}

/* ---- networks and sets ---- */

const struct particle_set *particle_file_set(const struct particle_file *file, int64_t n) {
  const struct particle_set *largest = NULL;
  for (int s = 0; s < file->sets; s++) {
    const struct particle_set *set = &file->set[s];
    if (set->n == n) return set;
    if (set->n > n && (!largest || set->n > largest->n)) largest = set;
  }
  return largest;
}

int64_t particle_file_initials(const struct ensemble_spec *ensemble) {
  return ensemble->replicas / (ensemble->streams > 1 ? ensemble->streams : 1);
}

/* Writes the sizes of the sets, for example "64, 128". */
static void list_sizes(const struct particle_file *file, char text[256]) {
  int used = 0;
  for (int s = 0; s < file->sets && used < 220; s++)
    used += snprintf(text + used, 256 - (size_t)used, "%s%lld", s > 0 ? ", " : "", (long long)file->set[s].n);
}

static int check_sets(const struct particle_file *file, const struct ensemble_spec *ensemble) {
  const int64_t initials = particle_file_initials(ensemble);
  for (int e = 0; e < ensemble->members; e++) {
    const struct particle_set *set = particle_file_set(file, ensemble->n[e]);
    char sizes[256];
    list_sizes(file, sizes);
    if (!set)
      return FAIL(USAGE, "%s: expected a set of at least n = %lld units, received sets of %s", file->path,
                  (long long)ensemble->n[e], sizes);
    if (set->own && set->replicas < initials)
      return FAIL(USAGE,
                  "%s: %s: expected at least %lld replicas, one for each initial condition of n = %lld, received %lld; "
                  "reduce ensemble.replicas, or store datasets without this axis for all replicas",
                  file->path, set->group, (long long)initials, (long long)ensemble->n[e], (long long)set->replicas);
  }
  return OK;
}

int particle_file_open(const struct comm *comm, const char *key, const struct unit_spec *unit, int d,
                       const struct ensemble_spec *ensemble, bool verified, struct particle_file *file) {
  *file = (struct particle_file){0};
  snprintf(file->key, sizeof file->key, "%s", key);
  snprintf(file->path, sizeof file->path, "%s", unit->import.path);
  struct opening opening = {unit, d, file};
  int status = comm->rank == 0 ? open_file(&opening, verified) : OK;
  if (status == OK && comm->rank == 0) status = check_sets(file, ensemble);
  if (status == FAILED) status = FAIL(USAGE, "%s", error_text()); /* a file that cannot be read is a wrong input */
  status = comm_agree(comm, status);
  if (status != OK) return FAIL(status, "%s: %s", key, error_text());
  comm_bcast(comm, file, sizeof *file, 0);
  return OK;
}

bool particle_file_equal(const struct particle_file *file, const struct unit_spec *unit,
                         const struct ensemble_spec *ensemble) {
  if (file->fields != unit_manifold(unit->type)->fields) return false;
  for (int e = 0; e < ensemble->members; e++) {
    const struct particle_set *set = particle_file_set(file, ensemble->n[e]);
    if (!set->own && (set->n == ensemble->n[e] || unit->import.subsample == UNITS_SHARED)) return true;
  }
  return false;
}

/* Writes the names of a set of fields, for example "a, b". */
static void list_fields(const struct particle_file *file, unsigned fields, char *text, size_t size) {
  size_t used = 0;
  *text = 0;
  for (int id = 0; id < FIELDS && used < size; id++)
    if (fields & 1u << id)
      used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
                               id == FIELD_A && file->z ? "z" : field_table[id].name);
}

void particle_file_describe(const struct particle_file *file, const struct unit_spec *unit,
                            const struct ensemble_spec *ensemble, char *text, size_t size) {
  const unsigned drawn = unit_manifold(unit->type)->fields & ~file->fields;
  const bool shared = unit->import.subsample == UNITS_SHARED;
  char each[32], all[32], missing[32];
  unsigned own = 0;
  int subsets = 0;
  for (int e = 0; e < ensemble->members; e++) {
    const struct particle_set *set = particle_file_set(file, ensemble->n[e]);
    own |= set->own;
    subsets += set->n != ensemble->n[e];
  }
  list_fields(file, own, each, sizeof each);
  list_fields(file, file->fields & ~own, all, sizeof all);
  list_fields(file, drawn, missing, sizeof missing);
  char subset[128] = "";
  if (subsets > 0)
    snprintf(subset, sizeof subset, "; random subsets of larger sets for %d of %d sizes, %s", subsets,
             ensemble->members, shared ? "the same for all replicas" : "one per replica");
  snprintf(text, size, "%s%s%s%s%s from the %s%s%s%s", each, *each ? ", one set per replica," : "",
           *each && *all ? " and " : "", all, *all ? ", one set for all replicas," : "",
           file->checkpoint ? "checkpoint" : "file", subset, drawn ? "; from the distributions of unit.init: " : "",
           missing);
}
