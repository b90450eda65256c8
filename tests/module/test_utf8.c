// ranks: 1
/* utf8: plain texts are recognized; all other bytes are escaped. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "harness.h"

static void plain_texts_are_recognized(void **state) {
  (void)state;
  const char *plain[] = {"",    "in.yaml",         "caf\xc3\xa9", "\xc2\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                         "\\x", "\xf4\x8f\xbf\xbf"};
  const char *other[] = {"a\tb",
                         "\n",
                         "\x7f",
                         "\x1b[2J",
                         "caf\xe9",
                         "\xc2\x85",
                         "\xc3",
                         "\xc0\xaf",
                         "\xe0\x80\xaf",
                         "\xed\xa0\x80",
                         "\xf4\x90\x80\x80",
                         "\xe2\x80\xa8",
                         "\xe2\x80\xa9",
                         "\xef\xbb\xbf",
                         "\xef\xbf\xbe",
                         "\xef\xbf\xbf",
                         "\xff",
                         "\x80"};
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) assert_true(utf8_is_plain(plain[i]));
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) assert_false(utf8_is_plain(other[i]));
}

static void other_bytes_are_escaped(void **state) {
  (void)state;
  char text[64];
  assert_int_equal(utf8_append(text, sizeof text, 0, "a\xc3\xa9\xe9\t"), 11);
  assert_string_equal(text, "a\xc3\xa9\\xe9\\x09");
  assert_int_equal(utf8_append(text, sizeof text, 11, "\xe2\x80\xa8"), 23);
  assert_string_equal(text + 11, "\\xe2\\x80\\xa8");
}

static void lines_keep_their_ends(void **state) {
  (void)state;
  char *text = utf8_lines("a\n\xe9\x1b[2J\n\n");
  assert_string_equal(text, "a\n\\xe9\\x1b[2J\n\n");
  free(text);
}

static void a_text_is_cut_between_characters(void **state) {
  (void)state;
  char text[8] = "";
  assert_int_equal(utf8_append(text, 4, 0, "ab\xc3\xa9"), 2); /* the 4 bytes and the final 0 do not fit */
  assert_string_equal(text, "ab");
  assert_int_equal(utf8_append(text, 5, 0, "ab\xc3\xa9"), 4);
  assert_int_equal(utf8_append(text, 5, 0, "a\xe9"), 1);
  assert_string_equal(text, "a");
  assert_int_equal(utf8_append(text, 5, 4, "b"), 4); /* no space */
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_texts_are_recognized),
      cmocka_unit_test(other_bytes_are_escaped),
      cmocka_unit_test(lines_keep_their_ends),
      cmocka_unit_test(a_text_is_cut_between_characters),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
