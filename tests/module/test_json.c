// ranks: 1
/* json: the text that is written; numbers keep their bits; only earlier results are replaced, completely or not at
 * all. */
#include <dirent.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "io/json.h"

static int enter_folder(void **state) {
  (void)state;
  return chdir(harness_folder());
}

static void put(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static const char *content(const char *path) {
  static char text[1024];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  return text;
}

#define HEAD "{\n  \"format\": \"mckean-test\",\n  \"format_version\": 1,\n"

/* Writes {"format": ..., "a": value} to the path. */
static int write_one(const char *path, int64_t value) {
  struct json *json;
  int status = json_create(path, "mckean-test", &json);
  if (status != OK) return status;
  json_integer(json, "a", value);
  status = json_write(json);
  json_free(json);
  return status;
}

static void members_start_new_lines_and_elements_do_not(void **state) {
  (void)state;
  struct json *json;
  const struct rank_range range = {1, 2.5, 4};
  assert_ok(json_create("out", "mckean-test", &json));
  json_text(json, "quote \"", "back \\ tab \t");
  json_text(json, "bytes", "caf\xc3\xa9 caf\xe9 \xe2\x80\xa8 \xf0\x9f");
  json_text(json, "unknown", NULL);
  json_array(json, "rows");
  json_array(json, NULL);
  json_integer(json, NULL, -9223372036854775807);
  json_bool(json, NULL, true);
  json_end(json);
  json_object(json, NULL);
  json_bool(json, "b", false);
  json_end(json);
  json_end(json);
  json_list(json, "words", "one two ", ' ');
  json_list(json, "none", "", ' ');
  json_object(json, "empty");
  json_end(json);
  json_range(json, "range", &range);
  json_object(json, "left");
  json_array(json, "open");
  assert_ok(json_write(json));
  json_free(json);
  assert_string_equal(content("out"), HEAD "  \"quote \\\"\": \"back \\\\ tab \\u0009\",\n"
                                           "  \"bytes\": \"caf\xc3\xa9 caf\\\\xe9 \xe2\x80\xa8 \\\\xf0\\\\x9f\",\n"
                                           "  \"unknown\": null,\n"
                                           "  \"rows\": [[-9223372036854775807, true], {\n"
                                           "      \"b\": false\n"
                                           "    }],\n"
                                           "  \"words\": [\"one\", \"two\"],\n"
                                           "  \"none\": [],\n"
                                           "  \"empty\": {},\n"
                                           "  \"range\": {\n"
                                           "    \"min\": 1,\n"
                                           "    \"mean\": 2.5,\n"
                                           "    \"max\": 4\n"
                                           "  },\n"
                                           "  \"left\": {\n"
                                           "    \"open\": []\n"
                                           "  }\n"
                                           "}\n");
  unlink("out");
}

static void numbers_keep_their_bits(void **state) {
  (void)state;
  const double value[] = {0.1, 1.0 / 3, DBL_MIN, DBL_TRUE_MIN, DBL_MAX, -0.0, 1e15 + 0.5, M_PI * 1e-300};
  enum { VALUES = sizeof value / sizeof *value };
  struct json *json;
  assert_ok(json_create("out", "mckean-test", &json));
  json_array(json, "a");
  for (int i = 0; i < VALUES; i++) json_real(json, NULL, value[i]);
  json_real(json, NULL, NAN);
  json_real(json, NULL, -INFINITY);
  assert_ok(json_write(json));
  json_free(json);
  const char *at = strchr(content("out"), '[') + 1;
  assert_memory_equal(at, "0.1, ", 5);
  for (int i = 0; i < VALUES; i++) {
    char *end;
    const double found = strtod(at, &end);
    assert_memory_equal(&found, &value[i], sizeof found);
    at = end + 2;
  }
  assert_string_equal(at, "null, null]\n}\n");
  unlink("out");
}

static void only_an_earlier_json_file_is_replaced(void **state) {
  (void)state;
  put("input.yaml", "run: {}\n");
  assert_status(USAGE, write_one("input.yaml", 1));
  assert_string_equal(content("input.yaml"), "run: {}\n");
  static const char *const others[] = {"{\n  \"a\": 1\n}\n", "{\n  \"format\": \"mckean-tests\"\n}\n",
                                       "{\n  \"level\": 1\n}\n"};
  for (int i = 0; i < 3; i++) { /* JSON of the user, and results of another kind */
    put("mine.json", others[i]);
    assert_status(USAGE, write_one("mine.json", 1));
    assert_string_equal(content("mine.json"), others[i]);
  }
  unlink("mine.json");
  put("empty", "");
  assert_ok(write_one("empty", 1));
  assert_ok(write_one("empty", 2));
  assert_string_equal(content("empty"), HEAD "  \"a\": 2\n}\n");
  unlink("input.yaml");
  unlink("empty");
}

static void links_and_permissions_are_kept(void **state) {
  (void)state;
  struct stat kind;
  assert_int_equal(symlink("behind", "link"), 0);
  assert_ok(write_one("link", 2)); /* the target does not exist yet */
  assert_int_equal(chmod("behind", 0640), 0);
  assert_ok(write_one("link", 3));
  assert_int_equal(lstat("link", &kind), 0);
  assert_true(S_ISLNK(kind.st_mode));
  assert_int_equal(stat("behind", &kind), 0);
  assert_int_equal(kind.st_mode & 0777, 0640);
  assert_string_equal(content("behind"), HEAD "  \"a\": 3\n}\n");
  unlink("link");
  unlink("behind");
}

static void a_path_that_cannot_be_written_fails_at_creation(void **state) {
  (void)state;
  const char *const bad[] = {".", "", "none/there.json", "there/", "link"};
  struct json *json;
  assert_int_equal(symlink("none/there.json", "link"), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_status(FAILED, json_create(bad[i], "mckean-test", &json));
    assert_null(json);
  }
  unlink("link");
}

static void an_earlier_file_is_kept_on_a_full_disk(void **state) {
  (void)state;
  struct rlimit limit;
  assert_status(FAILED, write_one("/dev/full", 4));
  assert_ok(write_one("out", 1));
  assert_int_equal(symlink("out", "link"), 0);
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlim_t all = limit.rlim_cur;
  limit.rlim_cur = 0;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  const int plain = write_one("out", 2), linked = write_one("link", 2);
  limit.rlim_cur = all;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  assert_int_equal(plain, FAILED);
  assert_int_equal(linked, FAILED);
  assert_string_equal(content("out"), HEAD "  \"a\": 1\n}\n");
  unlink("link");
  unlink("out");
}

static void nothing_is_written_without_json_write_or_a_path(void **state) {
  (void)state;
  struct json *json;
  assert_ok(json_create("out", "mckean-test", &json));
  json_integer(json, "a", 1);
  json_free(json);
  json_free(NULL);
  assert_ok(write_one(NULL, 1));
  struct dirent **found;
  assert_int_equal(scandir(".", &found, NULL, NULL), 2); /* . and .. */
  free(found[0]);
  free(found[1]);
  free(found);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(members_start_new_lines_and_elements_do_not, enter_folder),
      cmocka_unit_test_setup(numbers_keep_their_bits, enter_folder),
      cmocka_unit_test_setup(only_an_earlier_json_file_is_replaced, enter_folder),
      cmocka_unit_test_setup(links_and_permissions_are_kept, enter_folder),
      cmocka_unit_test_setup(a_path_that_cannot_be_written_fails_at_creation, enter_folder),
      cmocka_unit_test_setup(an_earlier_file_is_kept_on_a_full_disk, enter_folder),
      cmocka_unit_test_setup(nothing_is_written_without_json_write_or_a_path, enter_folder),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
