// ranks: 1
/* yaml_reader: leaves have paths, values and positions; everything but plain YAML is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "io/yaml_reader.h"

static const struct yaml_reader_entry *find(const struct yaml_reader *reader, const char *path) {
  for (int i = 0; i < reader->count; i++)
    if (strcmp(reader->entry[i].path, path) == 0) return &reader->entry[i];
  return NULL;
}

static void leaves_have_paths_values_and_positions(void **state) {
  (void)state;
  struct yaml_reader reader = {0};
  assert_ok(yaml_reader_parse("t", "a: 1\nb:\n  c: 'x y' # why\n  d: [2, 3.5]\n  e: [{f: g, h: []}, {f: {}}]\n", "",
                              &reader));
  assert_int_equal(reader.count, 7);
  assert_string_equal(find(&reader, "a")->value, "1");
  assert_string_equal(find(&reader, "b.c")->value, "x y");
  assert_int_equal(find(&reader, "b.c")->kind, YAML_READER_QUOTED);
  assert_string_equal(find(&reader, "b.d[1]")->value, "3.5");
  assert_int_equal(find(&reader, "b.d[1]")->line, 4);
  assert_int_equal(find(&reader, "b.d[1]")->column, 10);
  assert_string_equal(find(&reader, "b.e[0].f")->value, "g");
  assert_int_equal(find(&reader, "b.e[0].h")->kind, YAML_READER_EMPTY_LIST);
  assert_int_equal(find(&reader, "b.e[1].f")->kind, YAML_READER_EMPTY_MAP);
  yaml_reader_remove(&reader, "b.e");
  assert_int_equal(reader.count, 4);
  yaml_reader_free(&reader);
}

static void everything_but_plain_yaml_is_refused(void **state) {
  (void)state;
  const struct {
    const char *text, *place;
  } bad[] = {
      {"a: 1\na: 2\n", "t:2:1"},                                  /* duplicate key */
      {"a: {b: 1, b: 2}\n", "t:1:11"},                            /* duplicate key in a nested map */
      {"a: &x 1\n", "t:1:"},                                      /* anchor */
      {"a: *x\n", "t:1:"},                                        /* alias */
      {"a: !!int 1\n", "t:1:"},                                   /* tag */
      {"<<: {a: 1}\n", "t:1:"},                                   /* merge key */
      {"a: 1\n---\nb: 2\n", "t:2:"},                              /* second document */
      {"? [a]\n: 1\n", "t:1:"},                                   /* key that is not a scalar */
      {"a: [1, 2\n", "t:"},                                       /* incomplete */
      {"a:\n\t- 1\n", "t:2:"},                                    /* tab */
      {"a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n", "t:1:"}, /* nested too deeply */
      {"a: \xff\n", "t:"},                                        /* not UTF-8 */
      {"a.b: 1\n", "t:1:"},                                       /* dot in a key */
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct yaml_reader reader = {0};
    const int status = yaml_reader_parse("t", bad[i].text, "", &reader);
    if (status != USAGE || strncmp(error_text(), bad[i].place, strlen(bad[i].place)) != 0)
      fail_msg("\"%s\" gave status %d, \"%s\"; expected a refusal at %s", bad[i].text, status, error_text(),
               bad[i].place);
    yaml_reader_free(&reader);
  }
}

static void deep_brackets_are_refused_fast(void **state) {
  (void)state;
  enum { MANY = 100000 };
  char *text = malloc(MANY + 1);
  memset(text, '[', MANY);
  text[MANY] = 0;
  struct yaml_reader reader = {0};
  const double start = comm_time();
  assert_status(USAGE, yaml_reader_parse("t", text, "", &reader));
  assert_true(comm_time() - start < 1); /* libyaml's document interface takes 30 s */
  yaml_reader_free(&reader);
  free(text);
}

static void write_file(const char *path, const char *text, size_t bytes) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, bytes, file), bytes);
  fclose(file);
}

/* libyaml itself reports a byte that it cannot decode at line 1, column 1. */
static void bytes_that_are_not_text_have_a_position(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"a: 1\n# h\xc3\xa9\n\nb: \"caf\xe9\"\n", "t:4:8: not YAML: expected UTF-8 text, received the byte 0xe9"},
      {"a: \"\xc3\xa9\xe9\"", "t:1:6: "},
      {"a: 1\r\nb: \"x\x07\"\n", "t:2:6: not YAML: control characters are not allowed: the byte 0x07; remove it"},
      {"\xef\xbb\xbf"
       "a: 1\nb: \xff\n",
       "t:2:4: "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct yaml_reader yaml = {0};
    assert_status(USAGE, yaml_reader_parse("t", cases[i].text, "", &yaml));
    if (!strstr(error_text(), cases[i].message)) fail_msg("case %zu: %s", i, error_text());
    yaml_reader_free(&yaml);
  }
}

static void load_refuses_files_it_should_not_read(void **state) {
  (void)state;
  char path[300], *text = NULL;
  snprintf(path, sizeof path, "%s/in.yaml", harness_folder());
  assert_status(USAGE, yaml_reader_load(path, &text)); /* missing */
  write_file(path, "a: 1\n", 5);
  assert_ok(yaml_reader_load(path, &text));
  assert_string_equal(text, "a: 1\n");
  free(text);
  write_file(path, "", 0);
  assert_status(USAGE, yaml_reader_load(path, &text));
  write_file(path,
             "\xff\xfe"
             "a\0",
             4);
  assert_status(USAGE, yaml_reader_load(path, &text));
  assert_non_null(strstr(error_text(), "UTF-16"));
  write_file(path, "a: \0 1\n", 7);
  assert_status(USAGE, yaml_reader_load(path, &text));
  assert_int_equal(truncate(path, YAML_READER_BYTES_MAX + 1), 0);
  assert_status(USAGE, yaml_reader_load(path, &text));
  assert_status(USAGE, yaml_reader_load(harness_folder(), &text)); /* a folder */
  unlink(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_status(USAGE, yaml_reader_load(path, &text)); /* reading it would block */
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaves_have_paths_values_and_positions),
      cmocka_unit_test(everything_but_plain_yaml_is_refused),
      cmocka_unit_test(deep_brackets_are_refused_fast),
      cmocka_unit_test(bytes_that_are_not_text_have_a_position),
      cmocka_unit_test(load_refuses_files_it_should_not_read),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
