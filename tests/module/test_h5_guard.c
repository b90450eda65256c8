// ranks: 1
/* h5_guard: HDF5 files that refer to other files or would fill the memory are refused with an error that names them,
 * and the files to which they refer are not opened. Ordinary features of HDF5 are accepted. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "harness.h"
#include "io/h5.h"

static const char *path_of(const char *name) {
  static char path[2][400];
  static int next;
  next = !next;
  snprintf(path[next], sizeof path[next], "%s/%s", harness_folder(), name);
  return path[next];
}

/* ---- files ---- */

static hid_t space_of(int rank, hsize_t size) {
  hsize_t sizes[8];
  for (int i = 0; i < rank; i++) sizes[i] = size;
  return H5Screate_simple(rank, sizes, NULL);
}

static hid_t chunked(hsize_t chunk) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 1, &chunk);
  return creation;
}

static hid_t dataset(hid_t file, hid_t type, hid_t space, hid_t creation) {
  const hid_t id = H5Dcreate2(file, "x", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
  assert_true(id >= 0);
  return id;
}

static void write_zeros(hid_t id, hid_t type, size_t bytes) {
  void *zeros = calloc(bytes, 1);
  assert_true(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros) >= 0);
  free(zeros);
}

static void plain(hid_t file) {
  write_zeros(dataset(file, H5T_NATIVE_DOUBLE, space_of(1, 10), H5P_DEFAULT), H5T_NATIVE_DOUBLE, 80);
}

static void soft_link(hid_t file) {
  H5Lcreate_soft("/y", file, "x", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_link(hid_t file) {
  H5Lcreate_external(path_of("secret.h5"), "/x", file, "x", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_group(hid_t file) {
  H5Lcreate_external(path_of("secret.h5"), "/", file, "g", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_storage(hid_t file) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(creation, path_of("secret.raw"), 0, 80);
  dataset(file, H5T_NATIVE_DOUBLE, space_of(1, 10), creation);
}
static void virtual_dataset(hid_t file) {
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = space_of(1, 10);
  H5Pset_virtual(creation, space, path_of("secret.h5"), "/x", space);
  dataset(file, H5T_NATIVE_DOUBLE, space, creation);
}
/* The shape of this dataset depends on its source files, so HDF5 opens them when the shape is read. */
static void growing_virtual_dataset(hid_t file) {
  const hsize_t none = 0, start = 0, one = 1, unlimited = H5S_UNLIMITED;
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &none, &unlimited);
  H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, &one, &unlimited, &one);
  H5Pset_virtual(creation, space, path_of("secret.h5"), "/x", space);
  dataset(file, H5T_NATIVE_DOUBLE, space, creation);
}

static void huge_and_empty(hid_t file) {
  dataset(file, H5T_NATIVE_DOUBLE, space_of(1, (hsize_t)1 << 50), H5P_DEFAULT);
}
static void product_overflows(hid_t file) {
  const hsize_t chunk[4] = {1, 1, 1, 1};
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 4, chunk);
  dataset(file, H5T_NATIVE_DOUBLE, space_of(4, (hsize_t)1 << 16), creation);
}
static void huge_with_a_chunk(hid_t file) {
  const hid_t id = dataset(file, H5T_NATIVE_DOUBLE, space_of(1, (hsize_t)1 << 40), chunked(1000));
  const hsize_t zero = 0, ten = 10;
  const hid_t memory = space_of(1, 10), space = H5Dget_space(id);
  const double numbers[10] = {0};
  H5Sselect_hyperslab(space, H5S_SELECT_SET, &zero, NULL, &ten, NULL);
  assert_true(H5Dwrite(id, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, numbers) >= 0);
}
static void large_gzip_chunk(hid_t file) {
  enum { NUMBERS = 1 << 18 };
  const hid_t creation = chunked(NUMBERS);
  H5Pset_deflate(creation, 9);
  write_zeros(dataset(file, H5T_NATIVE_DOUBLE, space_of(1, NUMBERS), creation), H5T_NATIVE_DOUBLE, 8 * NUMBERS);
}
/* A chunk of 1000 numbers that decompresses to 64 MiB. */
static void gzip_bomb(hid_t file) {
  enum { NUMBERS = 8 << 20 };
  const hid_t large = chunked(NUMBERS), small = chunked(1000);
  H5Pset_deflate(large, 9);
  H5Pset_deflate(small, 9);
  const hid_t id = H5Dcreate2(file, "y", H5T_NATIVE_DOUBLE, space_of(1, NUMBERS), H5P_DEFAULT, large, H5P_DEFAULT);
  write_zeros(id, H5T_NATIVE_DOUBLE, 8 * (size_t)NUMBERS);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  const hsize_t zero = 0;
  hsize_t bytes = 0;
  uint32_t mask;
  H5Dget_chunk_storage_size(id, &zero, &bytes);
  void *packed = malloc(bytes);
  assert_true(H5Dread_chunk(id, H5P_DEFAULT, &zero, &mask, packed) >= 0);
  const hid_t bomb = dataset(file, H5T_NATIVE_DOUBLE, space_of(1, 1000), small);
  assert_true(H5Dwrite_chunk(bomb, H5P_DEFAULT, 0, &zero, bytes, packed) >= 0);
  free(packed);
}
static void scale_offset(hid_t file) {
  const hid_t creation = chunked(10);
  H5Pset_scaleoffset(creation, H5Z_SO_INT, 0);
  write_zeros(dataset(file, H5T_NATIVE_INT, space_of(1, 10), creation), H5T_NATIVE_INT, 40);
}
/* A filter that only the writer has; HDF5 would search for a plugin library to read the file. */
static size_t pass(unsigned flags, size_t count, const unsigned values[], size_t bytes, size_t *size, void **buffer) {
  (void)flags, (void)count, (void)values, (void)size, (void)buffer;
  return bytes;
}
static void own_filter(hid_t file) {
  const H5Z_class2_t own = {H5Z_CLASS_T_VERS, 300, 1, 1, "own", NULL, NULL, pass};
  const hid_t creation = chunked(10);
  assert_true(H5Zregister(&own) >= 0);
  H5Pset_filter(creation, 300, 0, 0, NULL);
  const hid_t id = dataset(file, H5T_NATIVE_DOUBLE, space_of(1, 10), creation);
  write_zeros(id, H5T_NATIVE_DOUBLE, 80);
  H5Dclose(id);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
}

static void numbers_of_24_bits(hid_t file) {
  const hid_t type = H5Tcopy(H5T_NATIVE_INT);
  H5Tset_precision(type, 24);
  write_zeros(dataset(file, type, space_of(1, 10), H5P_DEFAULT), type, 40);
}
static void texts_of_any_length(hid_t file) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, H5T_VARIABLE);
  const char *texts[2] = {"a", "b"};
  H5Dwrite(dataset(file, type, space_of(1, 2), H5P_DEFAULT), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts);
}
static void rows_of_any_length(hid_t file) {
  hvl_t rows[2] = {{1, (double[]){1}}, {2, (double[]){1, 2}}};
  const hid_t type = H5Tvlen_create(H5T_NATIVE_DOUBLE);
  H5Dwrite(dataset(file, type, space_of(1, 2), H5P_DEFAULT), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows);
}
static void references(hid_t file) {
  write_zeros(dataset(file, H5T_STD_REF_OBJ, space_of(1, 2), H5P_DEFAULT), H5T_STD_REF_OBJ, 16);
}
static void five_dimensions(hid_t file) {
  write_zeros(dataset(file, H5T_NATIVE_DOUBLE, space_of(5, 1), H5P_DEFAULT), H5T_NATIVE_DOUBLE, 8);
}
static void no_numbers(hid_t file) {
  dataset(file, H5T_NATIVE_DOUBLE, H5Screate(H5S_NULL), H5P_DEFAULT);
}
static void a_group(hid_t file) {
  H5Gcreate2(file, "x", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}
static void a_type(hid_t file) {
  H5Tcommit2(file, "x", H5Tcopy(H5T_NATIVE_INT), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static void build(const char *path, void (*fill)(hid_t file)) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
  fill(file);
  assert_true(H5Fclose(file) >= 0);
  H5Pclose(access);
}

/* ---- tests ---- */

static int read_numbers(struct h5 *file, const char *name) {
  int rank;
  int64_t shape[H5_RANK_MAX], count = 1, offset;
  void *numbers;
  (void)h5_offset(file, name, H5_DOUBLE, &offset);
  TRY(h5_shape(file, name, &rank, shape));
  for (int i = 0; i < rank; i++) count *= shape[i];
  TRY(alloc_array(&numbers, count, sizeof(double), "numbers"));
  const int status = rank > 0 ? h5_read(file, name, H5_DOUBLE, rank, shape, numbers) : OK;
  free(numbers);
  return status;
}

static void hostile_files_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *name, *message;
    void (*fill)(hid_t file);
  } hostile[] = {
      {"/x", "expected a dataset", soft_link},
      {"/x", "expected a dataset", external_link},
      {"/g/x", "expected a dataset", external_group},
      {"/x", "in this file itself", external_storage},
      {"/x", "in this file itself", virtual_dataset},
      {"/x", "in this file itself", growing_virtual_dataset},
      {"/x", "none were ever written", huge_and_empty},
      {"/x", "fit into memory", product_overflows},
      {"/x", "1032 times the stored bytes", huge_with_a_chunk},
      {"/x", "at most 1 MiB", large_gzip_chunk},
      {"/x", "shorter than their numbers", gzip_bomb},
      {"/x", "without filters", scale_offset},
      {"/x", "without filters", own_filter},
      {"/x", "integers of 8 to 64 bits", numbers_of_24_bits},
      {"/x", "integers of 8 to 64 bits", texts_of_any_length},
      {"/x", "integers of 8 to 64 bits", rows_of_any_length},
      {"/x", "integers of 8 to 64 bits", references},
      {"/x", "at most 4 dimensions", five_dimensions},
      {"/x", "the dataset has none", no_numbers},
      {"/x", "expected a dataset", a_group},
      {"/x", "expected a dataset", a_type},
  };
  build(path_of("secret.h5"), plain);
  FILE *raw = fopen(path_of("secret.raw"), "wb");
  for (int i = 0; i < 80; i++) fputc(i, raw);
  fclose(raw);
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    struct h5 *file;
    build(path_of("hostile.h5"), hostile[i].fill);
    (void)H5Zunregister(300);
    const int watch = inotify_init1(IN_NONBLOCK);
    assert_true(inotify_add_watch(watch, path_of("secret.h5"), IN_OPEN | IN_ACCESS) >= 0);
    assert_true(inotify_add_watch(watch, path_of("secret.raw"), IN_OPEN | IN_ACCESS) >= 0);
    assert_ok(h5_open(path_of("hostile.h5"), false, &file));
    harness_limit_memory(1 << 30);
    const int status = read_numbers(file, hostile[i].name);
    harness_limit_memory(RLIM_INFINITY);
    char event[4096];
    const ssize_t events = read(watch, event, sizeof event);
    close(watch);
    h5_close(file);
    if (status != FAILED || !strstr(error_text(), hostile[i].message) || !strstr(error_text(), "hostile.h5"))
      fail_msg("case %zu: expected \"%s\", received status %d, %s", i, hostile[i].message, status, error_text());
    if (events > 0) fail_msg("case %zu: the file it points to was opened", i);
  }
}

static void shuffled_gzip(hid_t file) {
  const hid_t creation = chunked(300),
              id = (H5Pset_shuffle(creation), H5Pset_deflate(creation, 6), H5Pset_fletcher32(creation),
                    dataset(file, H5T_IEEE_F32BE, space_of(1, 1000), creation));
  double numbers[1000];
  for (int i = 0; i < 1000; i++) numbers[i] = i;
  assert_true(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
}
static void circle(hid_t file) {
  plain(file);
  H5Lcreate_hard(file, "/", file, "g", H5P_DEFAULT, H5P_DEFAULT);
}
static void integers(hid_t file) {
  const hid_t id = dataset(file, H5T_STD_I16BE, space_of(1, 3), H5P_DEFAULT);
  assert_true(H5Dwrite(id, H5T_NATIVE_INT, H5S_ALL, H5S_ALL, H5P_DEFAULT, (int[]){-1, 2, 300}) >= 0);
}

static void ordinary_files_are_read(void **state) {
  (void)state;
  struct h5 *file;
  double numbers[1000];
  build(path_of("a.h5"), shuffled_gzip);
  assert_ok(h5_open(path_of("a.h5"), false, &file));
  assert_ok(h5_read(file, "/x", H5_DOUBLE, 1, (int64_t[]){1000}, numbers));
  assert_true(numbers[0] == 0 && numbers[999] == 999);
  h5_close(file);
  build(path_of("b.h5"), circle);
  assert_ok(h5_open(path_of("b.h5"), false, &file));
  assert_ok(read_numbers(file, "/g/g/g/x"));
  h5_close(file);
  build(path_of("c.h5"), integers);
  assert_ok(h5_open(path_of("c.h5"), false, &file));
  assert_ok(h5_read(file, "/x", H5_DOUBLE, 1, (int64_t[]){3}, numbers));
  assert_true(numbers[0] == -1 && numbers[2] == 300);
  h5_close(file);
}

static void attribute(hid_t file, const char *name, hid_t type, hid_t space, const void *value) {
  const hid_t id = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(id >= 0 && H5Awrite(id, type, value) >= 0);
}
static void attributes(hid_t file) {
  const hid_t scalar = H5Screate(H5S_SCALAR), any = H5Tcopy(H5T_C_S1), text = H5Tcopy(H5T_C_S1);
  const hid_t odd = H5Tcopy(H5T_NATIVE_INT);
  const char *pointer = "of any length", escape[16] = "\033[2J\b\302\233é\n\t.";
  H5Tset_size(any, H5T_VARIABLE);
  H5Tset_size(text, 16);
  H5Tset_precision(odd, 24);
  attribute(file, "vlen", any, scalar, &pointer);
  attribute(file, "many", H5T_NATIVE_INT, space_of(1, 3), (int[]){1, 2, 3});
  attribute(file, "odd", odd, scalar, &(int){1});
  attribute(file, "escape", text, scalar, escape);
}
static void huge_text(hid_t file) {
  const hid_t text = H5Tcopy(H5T_C_S1);
  char *letters = calloc(2 << 20, 1);
  H5Tset_size(text, 2 << 20);
  attribute(file, "huge", text, H5Screate(H5S_SCALAR), letters);
  free(letters);
}

static void attributes_must_be_one_number_or_a_short_text(void **state) {
  (void)state;
  struct h5 *file;
  char *text;
  int64_t number;
  double real;
  build(path_of("a.h5"), attributes);
  assert_ok(h5_open(path_of("a.h5"), false, &file));
  assert_status(FAILED, h5_get_text(file, "/", "vlen", &text));
  assert_status(FAILED, h5_get_int(file, "/", "many", &number));
  assert_status(FAILED, h5_get_int(file, "/", "odd", &number));
  assert_status(FAILED, h5_get_double(file, "/", "odd", &real));
  assert_ok(h5_get_text(file, "/", "escape", &text));
  assert_string_equal(text, "?[2J???é\n\t.");
  free(text);
  h5_close(file);

  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
  H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
  const hid_t id = H5Fcreate(path_of("b.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, access);
  huge_text(id);
  assert_true(H5Fclose(id) >= 0);
  assert_ok(h5_open(path_of("b.h5"), false, &file));
  assert_status(FAILED, h5_get_text(file, "/", "huge", &text));
  assert_null(text);
  h5_close(file);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_files_are_refused),
      cmocka_unit_test(ordinary_files_are_read),
      cmocka_unit_test(attributes_must_be_one_number_or_a_short_text),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
