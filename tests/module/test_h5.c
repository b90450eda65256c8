// ranks: 1
/* h5: data are read back as written; a wrong shape, type or file gives an error that names it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "harness.h"
#include "io/h5.h"

static const char *path_of(const char *name) {
  static char path[400];
  snprintf(path, sizeof path, "%s/%s", harness_folder(), name);
  return path;
}

static void numbers_and_texts_are_read_back(void **state) {
  (void)state;
  struct h5 *file;
  double x[6] = {1, 2, 3, 4, 5, 6}, back[6], number;
  int64_t integer, shape[H5_RANK_MAX];
  int rank;
  char *text;
  assert_ok(h5_create(path_of("a.h5"), 512, &file));
  assert_ok(h5_write(file, "/deep/er/x", H5_DOUBLE, 2, (int64_t[]){2, 3}, x));
  assert_ok(h5_set_text(file, "/deep", "name", "first"));
  assert_ok(h5_set_text(file, "/deep", "name", "a longer second"));
  assert_ok(h5_set_int(file, "/", "step", INT64_C(1) << 60));
  assert_ok(h5_set_double(file, "/deep/er/x", "scale", 0.1));
  assert_ok(h5_close(file));

  assert_ok(h5_open(path_of("a.h5"), false, &file));
  assert_true(h5_exists(file, "/deep/er/x") && !h5_exists(file, "/deep/y/x") && !h5_exists(file, "/z"));
  assert_ok(h5_shape(file, "/deep/er/x", &rank, shape));
  assert_true(rank == 2 && shape[0] == 2 && shape[1] == 3);
  assert_ok(h5_read(file, "/deep/er/x", H5_DOUBLE, 2, (int64_t[]){2, 3}, back));
  assert_memory_equal(x, back, sizeof x);
  assert_ok(h5_read_rows(file, "/deep/er/x", H5_DOUBLE, 2, (int64_t[]){2, 3}, 1, 1, back));
  assert_memory_equal(x + 3, back, 3 * sizeof *x);
  assert_ok(h5_get_text(file, "/deep", "name", &text));
  assert_string_equal(text, "a longer second");
  free(text);
  assert_ok(h5_get_int(file, "/", "step", &integer));
  assert_true(integer == INT64_C(1) << 60);
  assert_ok(h5_get_double(file, "/deep/er/x", "scale", &number));
  assert_true(number == 0.1);

  assert_status(FAILED, h5_read(file, "/deep/er/x", H5_DOUBLE, 2, (int64_t[]){3, 2}, back));
  assert_non_null(strstr(error_text(), "/deep/er/x"));
  assert_status(FAILED, h5_read(file, "/none", H5_DOUBLE, 1, (int64_t[]){1}, back));
  assert_status(FAILED, h5_get_int(file, "/deep", "name", &integer));
  assert_status(FAILED, h5_get_text(file, "/", "step", &text));
  assert_status(FAILED, h5_get_text(file, "/", "none", &text));
  assert_ok(h5_close(file));
}

static void parts_and_links_are_found(void **state) {
  (void)state;
  struct h5 *file;
  double x[24], back[4];
  char name[4], text[128];
  for (int i = 0; i < 24; i++) x[i] = i;
  assert_ok(h5_create(path_of("p.h5"), 0, &file));
  assert_ok(h5_write(file, "/n64/x", H5_DOUBLE, 3, (int64_t[]){2, 3, 4}, x));
  assert_ok(h5_write(file, "/longer", H5_DOUBLE, 1, (int64_t[]){24}, x));
  assert_ok(h5_read_part(file, "/n64/x", H5_DOUBLE, 3, (int64_t[]){1, 1, 2}, (int64_t[]){1, 2, 2}, back));
  assert_memory_equal(back, ((double[]){18, 19, 22, 23}), sizeof back);
  assert_status(FAILED, h5_read_part(file, "/n64/x", H5_DOUBLE, 3, (int64_t[]){1, 2, 0}, (int64_t[]){1, 2, 4}, back));
  assert_non_null(strstr(error_text(), "received shape (2, 3, 4)"));
  assert_status(FAILED, h5_read_part(file, "/n64/x", H5_DOUBLE, 2, (int64_t[]){0, 0}, (int64_t[]){1, 1}, back));
  assert_true(h5_link(file, "/", 0, name, sizeof name) && strcmp(name, "lon") == 0);
  assert_true(h5_link(file, "/", 1, name, sizeof name) && strcmp(name, "n64") == 0);
  assert_false(h5_link(file, "/", 2, name, sizeof name));
  assert_string_equal(h5_shape_text(1, (int64_t[]){7}, text), "(7)");
  assert_ok(h5_close(file));
}

static void series_are_truncated_and_extended(void **state) {
  (void)state;
  struct h5 *file;
  const double rows[6] = {1, 2, 3, 4, 5, 6}, want[8] = {1, 2, 1, 2, 3, 4, 5, 6};
  double back[8];
  const int64_t width = 2;
  assert_ok(h5_create(path_of("s.h5"), 0, &file));
  assert_ok(h5_append(file, "/s", H5_DOUBLE, 1, &width, 0, 3, rows));
  assert_ok(h5_append(file, "/s", H5_DOUBLE, 1, &width, 1, 3, rows)); /* replaces all rows but the first */
  assert_ok(h5_read(file, "/s", H5_DOUBLE, 2, (int64_t[]){4, 2}, back));
  assert_memory_equal(back, want, sizeof want);
  assert_status(FAILED, h5_append(file, "/s", H5_DOUBLE, 1, &width, 5, 1, rows)); /* row 4 would be missing */
  assert_ok(h5_close(file));
}

static void reserved_space_is_at_the_returned_offset(void **state) {
  (void)state;
  struct h5 *file;
  int64_t offset, again;
  const float values[3] = {1.5f, 2.5f, 3.5f};
  float back[3];
  assert_ok(h5_create(path_of("r.h5"), 512, &file));
  assert_ok(h5_reserve(file, "/c", H5_FLOAT, 1, (int64_t[]){3}, &offset));
  assert_ok(h5_close(file));
  FILE *raw = fopen(path_of("r.h5"), "r+b");
  assert_non_null(raw);
  assert_int_equal(fseek(raw, offset, SEEK_SET), 0);
  assert_int_equal(fwrite(values, sizeof values, 1, raw), 1);
  fclose(raw);
  assert_ok(h5_open(path_of("r.h5"), false, &file));
  assert_ok(h5_offset(file, "/c", H5_FLOAT, &again));
  assert_true(offset == again && offset >= 512);
  assert_status(FAILED, h5_offset(file, "/c", H5_UINT32, &again));
  assert_ok(h5_read(file, "/c", H5_FLOAT, 1, (int64_t[]){3}, back));
  assert_memory_equal(back, values, sizeof values);
  assert_ok(h5_close(file));
}

/* HDF5 writes rows that exceed its cache immediately, so the append fails rather than the closing of the file. */
static void rows_on_a_full_disk_report_the_reason(void **state) {
  (void)state;
  enum { ROWS = 20, NUMBERS = 32000 };
  struct h5 *file;
  struct rlimit before, small;
  double *rows = calloc((size_t)ROWS * NUMBERS, sizeof *rows);
  assert_non_null(rows);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small = before;
  small.rlim_cur = 1 << 20;
  signal(SIGXFSZ, SIG_IGN);
  assert_ok(h5_create(path_of("full.h5"), 0, &file));
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  const int status = h5_append(file, "/x", H5_DOUBLE, 1, (int64_t[]){NUMBERS}, 0, ROWS, rows);
  const bool reported = strstr(error_text(), "File too large") != NULL;
  (void)h5_close(file);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  free(rows);
  assert_true(status == FAILED && reported);
}

static void dimensions_are_named_by_scales(void **state) {
  (void)state;
  static const char *const axes[] = {"/g/time", "/g/replica"};
  struct h5 *file;
  char *text;
  const double numbers[6] = {0};
  assert_ok(h5_create(path_of("scales.h5"), 512, &file));
  assert_ok(h5_write(file, "/g/time", H5_DOUBLE, 1, (int64_t[]){2}, numbers));
  assert_ok(h5_dimensions(file, "/g/time", 1, axes));
  assert_ok(h5_index(file, "/g/replica", 3, "number of the replica"));
  assert_ok(h5_write(file, "/g/loss", H5_DOUBLE, 2, (int64_t[]){2, 3}, numbers));
  assert_ok(h5_write(file, "/g/dt", H5_DOUBLE, 1, (int64_t[]){2}, numbers));
  assert_ok(h5_describe(file, "/g/loss", "the loss", "f^2"));
  assert_ok(h5_dimensions(file, "/g/loss", 2, axes));
  assert_ok(h5_dimensions(file, "/g/dt", 1, axes));
  assert_status(FAILED, h5_dimensions(file, "/g/dt", 1, (const char *[]){"/g/none"}));
  assert_ok(h5_close(file));

  assert_ok(h5_open(path_of("scales.h5"), false, &file));
  for (int i = 0; i < 2; i++) {
    assert_ok(h5_get_text(file, axes[i], "CLASS", &text));
    assert_string_equal(text, "DIMENSION_SCALE");
    free(text);
    assert_ok(h5_get_text(file, axes[i], "NAME", &text));
    assert_string_equal(text, i ? "replica" : "time");
    free(text);
  }
  int64_t index[3];
  assert_ok(h5_read(file, "/g/replica", H5_INT64, 1, (int64_t[]){3}, index));
  assert_true(index[0] == 0 && index[1] == 1 && index[2] == 2);
  assert_status(FAILED, h5_get_text(file, "/g/loss", "CLASS", &text));
  assert_ok(h5_get_text(file, "/g/loss", "units", &text));
  assert_string_equal(text, "f^2");
  free(text);
  assert_ok(h5_close(file));
}

static void other_files_are_refused_by_name(void **state) {
  (void)state;
  struct h5 *file;
  assert_status(FAILED, h5_open(path_of("missing.h5"), false, &file));
  assert_non_null(strstr(error_text(), "missing.h5"));
  FILE *raw = fopen(path_of("text.h5"), "w");
  fputs("not HDF5", raw);
  fclose(raw);
  assert_status(FAILED, h5_open(path_of("text.h5"), false, &file));
  assert_status(FAILED, h5_open(harness_folder(), false, &file));
  assert_status(FAILED, h5_create(path_of("no/such/folder.h5"), 0, &file));
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_and_texts_are_read_back),
      cmocka_unit_test(parts_and_links_are_found),
      cmocka_unit_test(series_are_truncated_and_extended),
      cmocka_unit_test(reserved_space_is_at_the_returned_offset),
      cmocka_unit_test(rows_on_a_full_disk_report_the_reason),
      cmocka_unit_test(dimensions_are_named_by_scales),
      cmocka_unit_test(other_files_are_refused_by_name),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
