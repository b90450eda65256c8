// ranks: 1
/* option: values of each kind and range are stored, other arguments remain, and wrong options and values are
 * refused. */
#include <stdbool.h>
#include <string.h>

#include "cli/option.h"
#include "harness.h"

struct request {
  bool flag;
  const char *text, *file;
  double number;
  int count;
  int64_t large;
  uint64_t seed;
};

static const struct option table[] = {
    OPTION("--flag", option_flag, struct request, flag),
    OPTION("-o", option_text, struct request, text),
    OPTION("--file", option_file, struct request, file),
    OPTION_IN("--number", option_number, struct request, number, -0.5, 1),
    OPTION_IN("--count", option_int, struct request, count, 1, 1e6),
    OPTION_IN("--large", option_int64, struct request, large, 0, 0x1p53),
    OPTION_IN("--seed", option_int64, struct request, seed, 0, 0x1p53),
};

/* Parses a line. argv: its words; afterward the first *rest are those that are not options or values of options. */
static int parse(const char *line, struct request *request, int *rest, char **argv) {
  static char text[200];
  int argc = 0;
  strcpy(text, line);
  for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
  *request = (struct request){0};
  return option_parse(OPTIONS(table), argc, argv, request, rest);
}

static void values_are_stored_and_other_arguments_come_first(void **state) {
  (void)state;
  char *argv[20];
  int rest;
  struct request request;
  assert_ok(parse(
      "verb one --flag two -o -1 --number -0.5 --count 1e6 --large 9007199254740992 three --seed 9 --file f --count 7",
      &request, &rest, argv));
  assert_true(request.flag);
  assert_string_equal(request.text, "-1");
  assert_string_equal(request.file, "f");
  assert_true(request.number == -0.5);
  assert_int_equal(request.count, 7);
  assert_true(request.large == 1LL << 53 && request.seed == 9);
  assert_int_equal(rest, 3);
  assert_string_equal(argv[0], "one");
  assert_string_equal(argv[2], "three");
  assert_ok(parse("verb", &request, &rest, argv));
  assert_int_equal(rest, 0);
}

static void bad_options_and_values_are_refused_and_the_verb_is_named(void **state) {
  (void)state;
  static const char *const bad[] = {
      "verb --none",         "verb -",           "verb --flags",         "verb --flag=1",     "verb one -o",
      "verb --number",       "verb --number x",  "verb --number 1.5",    "verb --number nan", "verb --number 0.5x",
      "verb --count 0",      "verb --count 2.5", "verb --count 2000000", "verb --seed -1",    "verb --seed 1e16",
      "verb --large 0x1p54", "verb --file -"};
  char *argv[20];
  int rest;
  struct request request;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (parse(bad[i], &request, &rest, argv) != USAGE) fail_msg("\"%s\" was accepted", bad[i]);
    if (strncmp(error_text(), "verb: ", 6) != 0) fail_msg("\"%s\": %s", bad[i], error_text());
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_stored_and_other_arguments_come_first),
      cmocka_unit_test(bad_options_and_values_are_refused_and_the_verb_is_named),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
