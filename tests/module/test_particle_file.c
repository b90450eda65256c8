// ranks: 1 2 3 4
/* particle_file: units equal those of the file, on any number of ranks; random subsets; errors name what is wrong. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "harness.h"
#include "io/h5.h"
#include "particles/particle_file.h"

enum { D = 3 };

static const struct unit_spec sigmoid = {.type = UNIT_SIGMOID, .train = 7, .c = {0, 1}, .a = {0.5, 2}, .b = {-1, 1}};
static const struct unit_spec rbf = {.type = UNIT_RBF, .alpha = 1, .train = 3, .c = {0, 1}};

static const char *path_of(const char *name) {
  static char path[400];
  snprintf(path, sizeof path, "%s/%s", harness_folder(), name);
  return path;
}

/* The number that the test files store for a field of a unit. */
static double value_of(int id, int64_t replica, int64_t unit, int k) {
  return 0.001 * (double)unit + 10 * id + 100 * (double)k + 1000 * (double)replica + 1.0 / 3;
}

/* Writes a dataset of a flat unit: (R, n) or (n), and (.., d) for a. R = 0: without this axis. Rank 0. */
static void write_field(struct h5 *file, const char *group, int id, int64_t R, int64_t n) {
  const int width = id == FIELD_A ? D : 1;
  const int64_t rows = R > 0 ? R : 1;
  const int64_t shape[] = {R, n, D};
  double *values = malloc(sizeof *values * (size_t)(rows * n * width));
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < n; i++)
      for (int k = 0; k < width; k++) values[(r * n + i) * width + k] = value_of(id, r, i, k);
  char name[64];
  snprintf(name, sizeof name, "%s/%s", group, field_table[id].name);
  const int rank = (R > 0) + 1 + (id == FIELD_A);
  if (h5_write(file, name, H5_DOUBLE, rank, R > 0 ? shape : shape + 1, values) != OK) die("%s", error_text());
  free(values);
}

/* Collective. Creates the file `name` with the sets that `write` writes. */
static void write_file(const char *name, void (*write)(struct h5 *file)) {
  const char *path = path_of(name);
  if (world.rank == 0) {
    struct h5 *file;
    if (h5_create(path, 0, &file) != OK) die("%s", error_text());
    write(file);
    if (h5_close(file) != OK) die("%s", error_text());
  }
  comm_barrier(&world);
}

/* Collective. Opens and imports a file. Returns the status; *out only if it is OK. */
static int import(const char *name, struct unit_spec unit, const struct ensemble_spec *ensemble,
                  enum precision precision, struct particles **out) {
  struct particle_file *file = malloc(sizeof *file);
  struct particles *particles = NULL;
  double cost[ENSEMBLE_MAX];
  for (int e = 0; e < ENSEMBLE_MAX; e++) cost[e] = 1;
  snprintf(unit.import.path, sizeof unit.import.path, "%s", path_of(name));
  int status = particle_file_open(&world, "unit.init.path", &unit, D, ensemble, false, file);
  if (status == OK) status = particles_create(&world, ensemble, &unit, D, precision, cost, &particles);
  if (status == OK) {
    particles_init(particles, 7);
    status = particle_file_import(file, particles, 7);
  }
  free(file);
  if (status == OK)
    *out = particles;
  else
    particles_free(particles);
  return status;
}

static void get(const struct particles *particles, const struct local_network *local, int64_t unit, double *theta) {
  local_network_get(particles, local, unit, 1, theta, theta + 2, theta + 1);
}

/* ---- exact sets ---- */

static void write_sets(struct h5 *file) {
  write_field(file, "", FIELD_A, 0, 40);
  write_field(file, "", FIELD_C, 5, 40);
  write_field(file, "/n700", FIELD_A, 0, 700);
  write_field(file, "/n700", FIELD_C, 1, 700);
}

/* c has an entry per initial condition for n = 40, and one entry for n = 700; a is shared; b is not in the file. */
static void units_are_those_of_the_file(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 2, .n = {700, 40}, .replicas = 6, .streams = 2};
  struct particles *particles, *drawn;
  write_file("sets.h5", write_sets);
  assert_ok(import("sets.h5", sigmoid, &ensemble, PRECISION_MIXED, &particles));
  assert_ok(particles_create(&world, &ensemble, &sigmoid, D, PRECISION_MIXED, (double[]){1, 1}, &drawn));
  particles_init(drawn, 7);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    for (int64_t i = 0; i < local_network_units(local); i++) {
      const int64_t unit = local_network_first_unit(local) + i, initial = local->replica / 2;
      double theta[D + 2], law[D + 2];
      get(particles, local, unit, theta);
      get(drawn, &drawn->local[s], unit, law);
      expect(theta[0] == value_of(FIELD_C, local->n == 40 ? initial : 0, unit, 0), "c, n = %d", (int)local->n);
      expect(theta[1] == law[1], "b, n = %d", (int)local->n);
      for (int k = 0; k < D; k++)
        expect(theta[2 + k] == value_of(FIELD_A, 0, unit, k), "a, n = %d, unit %d", (int)local->n, (int)unit);
    }
  }
  assert_expected();
  particles_free(particles);
  particles_free(drawn);
}

static void write_all(struct h5 *file) {
  for (int id = 0; id < FIELDS; id++) write_field(file, "/ensemble/0", id, 2, 300);
}

/* The layout of a checkpoint, single precision; the checksum is that of the values. */
static void the_checksum_is_that_of_the_values(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {300}, .replicas = 2};
  struct particles *particles;
  uint32_t expected = 0;
  write_file("all.h5", write_all);
  assert_ok(import("all.h5", sigmoid, &ensemble, PRECISION_SINGLE, &particles));
  for (int64_t r = 0; r < 2; r++)
    for (int64_t i = 0; i < 300; i++)
      for (int64_t id = 0; id < FIELDS; id++) {
        const int64_t place[] = {300, r, i, id};
        const int width = id == FIELD_A ? D : 1;
        float values[D];
        for (int k = 0; k < width; k++) values[k] = (float)value_of((int)id, r, i, k);
        expected += crc32c(crc32c(0, place, sizeof place), values, sizeof *values * (size_t)width);
      }
  assert_all(particle_file_checksum(particles) == expected);
  particles_free(particles);
}

/* ---- subsets ---- */

static void write_features(struct h5 *file) {
  write_field(file, "/n50", FIELD_A, 0, 50);
  write_field(file, "/n1000", FIELD_A, 0, 1000);
}

/* Returns, on all ranks, the units of the file that the networks of n take: [replicas][n]. The caller frees it. */
static int64_t *units_taken(const struct particles *particles, int64_t n) {
  const int64_t replicas = particles->ensemble.replicas;
  int64_t *taken = calloc((size_t)(replicas * n), sizeof *taken);
  for (int s = 0; s < particles->locals; s++) {
    const struct local_network *local = &particles->local[s];
    for (int64_t i = 0; i < local_network_units(local) && local->n == n; i++) {
      const int64_t unit = local_network_first_unit(local) + i;
      double theta[D + 2];
      get(particles, local, unit, theta);
      const int64_t index = llround((theta[2] - value_of(FIELD_A, 0, 0, 0)) * 1000);
      for (int k = 0; k < D; k++) expect(theta[2 + k] == value_of(FIELD_A, 0, index, k), "unit %d", (int)unit);
      taken[local->replica * n + unit] = index;
    }
  }
  assert_expected();
  MPI_Allreduce(MPI_IN_PLACE, taken, (int)(replicas * n), MPI_INT64_T, MPI_SUM, world.mpi);
  return taken;
}

static bool ascends(const int64_t *index, int64_t count) {
  bool good = index[0] >= 0 && index[count - 1] < 1000;
  for (int64_t i = 1; i < count; i++) good = good && index[i] > index[i - 1];
  return good;
}

static void subsets_are_functions_of_seed_n_and_initial_condition(void **state) {
  (void)state;
  const struct ensemble_spec both = {.members = 2, .n = {300, 50}, .replicas = 4, .streams = 2},
                             one = {.members = 1, .n = {300}, .replicas = 2};
  struct unit_spec shared = sigmoid, seeded = sigmoid;
  struct particles *particles[4];
  int64_t *taken[4];
  shared.import.subsample = UNITS_SHARED;
  seeded.import.seed = 8;
  write_file("features.h5", write_features);
  assert_ok(import("features.h5", sigmoid, &both, PRECISION_DOUBLE, &particles[0]));
  assert_ok(import("features.h5", sigmoid, &one, PRECISION_DOUBLE, &particles[1]));
  assert_ok(import("features.h5", shared, &one, PRECISION_DOUBLE, &particles[2]));
  assert_ok(import("features.h5", seeded, &one, PRECISION_DOUBLE, &particles[3]));
  for (int p = 0; p < 4; p++) taken[p] = units_taken(particles[p], 300);
  int64_t *exact = units_taken(particles[0], 50);
  for (int64_t i = 0; i < 4 * 50; i++) assert_int_equal(exact[i], i % 50);
  const size_t bytes = 300 * sizeof(int64_t);
  for (int p = 0; p < 4; p++)
    for (int r = 0; r < 2; r++) assert_true(ascends(taken[p] + 300 * r, 300));
  assert_memory_equal(taken[0], taken[0] + 300, bytes);      /* two streams of an initial condition */
  assert_true(memcmp(taken[0], taken[0] + 600, bytes) != 0); /* two initial conditions */
  assert_memory_equal(taken[0], taken[1], bytes);            /* another ensemble */
  assert_memory_equal(taken[0] + 600, taken[1] + 300, bytes);
  assert_memory_equal(taken[2], taken[2] + 300, bytes); /* shared */
  assert_true(memcmp(taken[1], taken[3], bytes) != 0);  /* another seed */
  for (int p = 0; p < 4; p++) {
    particles_free(particles[p]);
    free(taken[p]);
  }
  free(exact);
}

/* ---- the sphere ---- */

static double sphere_scale = 1;

static void write_sphere(struct h5 *file) {
  double z[20][D];
  for (int i = 0; i < 20; i++) {
    const double angle = i + 0.5, scale = sqrt(D) * (i == 7 ? sphere_scale : 1);
    z[i][0] = scale * cos(angle);
    z[i][1] = scale * sin(angle) * cos(3 * angle);
    z[i][2] = scale * sin(angle) * sin(3 * angle);
  }
  if (h5_write(file, "/z", H5_DOUBLE, 2, (int64_t[]){20, D}, z) != OK) die("%s", error_text());
}

static void points_of_the_sphere_are_scaled_back(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {20}, .replicas = 1};
  struct particles *particles;
  const double scales[] = {1, 1 + 9e-7};
  for (int s = 0; s < 2; s++) {
    sphere_scale = scales[s];
    write_file("sphere.h5", write_sphere);
    assert_ok(import("sphere.h5", rbf, &ensemble, PRECISION_DOUBLE, &particles));
    for (int l = 0; l < particles->locals; l++) {
      double theta[D + 2] = {0}, square = 0;
      const double angle = 7.5;
      local_network_get(particles, &particles->local[l], 7, 1, theta, theta + 2, NULL);
      for (int k = 0; k < D; k++) square += theta[2 + k] * theta[2 + k];
      expect(fabs(square - D) < 1e-14 * D, "scale %.9g: |z|^2 = %.17g", sphere_scale, square);
      expect(s == 1 || theta[2] == sqrt(D) * cos(angle), "the bits of z");
    }
    assert_expected();
    particles_free(particles);
  }
  sphere_scale = 1 - 2e-6;
  write_file("sphere.h5", write_sphere);
  assert_status(USAGE, import("sphere.h5", rbf, &ensemble, PRECISION_DOUBLE, &particles));
  assert_non_null(strstr(error_text(), "/z: unit 7: expected |z| = sqrt(d) = 1.73205081 within 1e-6"));
}

/* ---- errors ---- */

static void write_nothing(struct h5 *file) {
  (void)h5_set_int(file, "/", "x", 1);
}
static void write_small(struct h5 *file) {
  write_field(file, "", FIELD_C, 0, 30);
  write_field(file, "/n20", FIELD_C, 0, 20);
}
static void write_turned(struct h5 *file) {
  double a[D * 40] = {0};
  (void)h5_write(file, "/a", H5_DOUBLE, 2, (int64_t[]){D, 40}, a);
}
static void write_turned_c(struct h5 *file) {
  double c[40 * 2] = {0};
  write_field(file, "", FIELD_A, 0, 40);
  (void)h5_write(file, "/c", H5_DOUBLE, 2, (int64_t[]){40, 2}, c);
}
static void write_unequal(struct h5 *file) {
  write_field(file, "", FIELD_A, 0, 40);
  write_field(file, "", FIELD_B, 0, 41);
}
static void write_few_replicas(struct h5 *file) {
  write_field(file, "", FIELD_C, 2, 40);
}
static void write_unlike(struct h5 *file) {
  write_field(file, "/n40", FIELD_C, 0, 40);
  write_field(file, "/n50", FIELD_A, 0, 50);
}
static void write_misnamed(struct h5 *file) {
  write_field(file, "/n40", FIELD_C, 0, 41);
}
static void write_not_finite(struct h5 *file) {
  double c[3][40] = {{0}};
  c[1][33] = NAN;
  (void)h5_write(file, "/c", H5_DOUBLE, 2, (int64_t[]){3, 40}, c);
}
static void write_large(struct h5 *file) {
  double c[40] = {0};
  c[39] = -0x1p39;
  (void)h5_write(file, "/c", H5_DOUBLE, 1, (int64_t[]){40}, c);
}

static void errors_name_what_is_wrong(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {40}, .replicas = 3};
  const struct {
    void (*write)(struct h5 *file);
    const struct unit_spec *unit;
    const char *text;
  } cases[] = {
      {write_nothing, &sigmoid, "bad.h5: expected datasets c, a and b, or some of them, in the root group"},
      {write_nothing, &rbf, "bad.h5: expected datasets c and z (or a), or one of them, in the root group"},
      {write_small, &sigmoid, "expected a set of at least n = 40 units, received sets of 20, 30"},
      {write_turned, &sigmoid, "/a: expected shape (n, d) or (R, n, d) with d = 3, received (3, 40); it may be trans"},
      {write_turned_c, &sigmoid, "/c: expected shape (40) or (R, 40), for the units of a, received (40, 2); it may be"},
      {write_unequal, &sigmoid, "/b: expected shape (40) or (R, 40), for the units of a, received (41)"},
      {write_unequal, &rbf, "/b: expected no such dataset: rbf units have no b"},
      {write_few_replicas, &sigmoid, "/: expected at least 3 replicas, one for each initial condition of n = 40, rec"},
      {write_unlike, &sigmoid, "/n50: expected the same datasets as in /n40"},
      {write_misnamed, &sigmoid, "/n40: expected 40 units, received 41"},
      {write_not_finite, &sigmoid, "/c: replica 1, unit 33: expected finite numbers below 2^39 in absolute value, rec"},
      {write_large, &sigmoid, "/c: unit 39: expected finite numbers below 2^39 in absolute value, received -5.49756e"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct particles *particles;
    write_file("bad.h5", cases[i].write);
    assert_status(USAGE, import("bad.h5", *cases[i].unit, &ensemble, PRECISION_MIXED, &particles));
    assert_all_for(strstr(error_text(), "unit.init.path: ") != NULL && strstr(error_text(), cases[i].text) != NULL,
                   "%s: %s", cases[i].text, error_text());
  }
}

static void equal_particles_are_recognized(void **state) {
  (void)state;
  const struct ensemble_spec ensemble = {.members = 1, .n = {40}, .replicas = 3};
  struct particle_file file = {.fields = 7, .sets = 1, .set = {{.n = 40, .replicas = 1}}};
  struct unit_spec unit = sigmoid;
  assert_true(particle_file_equal(&file, &unit, &ensemble));
  file.fields = 6; /* without c, which is drawn */
  assert_false(particle_file_equal(&file, &unit, &ensemble));
  file.fields = 7;
  file.set[0].own = FIELD_BIT_B;
  assert_false(particle_file_equal(&file, &unit, &ensemble));
  file.set[0] = (struct particle_set){.n = 41, .replicas = 1};
  assert_false(particle_file_equal(&file, &unit, &ensemble));
  unit.import.subsample = UNITS_SHARED;
  assert_true(particle_file_equal(&file, &unit, &ensemble));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(units_are_those_of_the_file),
      cmocka_unit_test(the_checksum_is_that_of_the_values),
      cmocka_unit_test(subsets_are_functions_of_seed_n_and_initial_condition),
      cmocka_unit_test(points_of_the_sphere_are_scaled_back),
      cmocka_unit_test(errors_name_what_is_wrong),
      cmocka_unit_test(equal_particles_are_recognized),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
