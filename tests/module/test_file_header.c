// ranks: 1
/* file_header: the layout on disk is that of older files, and every changed bit is detected. */
#include <string.h>

#include "base/crc32c.h"
#include "harness.h"
#include "io/file_header.h"

static const char MAGIC[FILE_HEADER_MAGIC] = {'M', 'C', 'K', 'E', 'A', 'N', 'X', 'Y'};

static void seal(unsigned char header[FILE_HEADER_BYTES]) {
  memset(header, 0, FILE_HEADER_BYTES);
  memset(header + FILE_HEADER_FIELDS, 0xa5, 30);
  file_header_seal(MAGIC, 0x01020304, header);
}

static void layout_is_that_of_older_files(void **state) {
  (void)state;
  unsigned char header[FILE_HEADER_BYTES], expected[FILE_HEADER_BYTES] = "MCKEANXY\x04\x03\x02\x01";
  memset(expected + 12, 0xa5, 30);
  const uint32_t crc = crc32c(0, expected, 508);
  for (int i = 0; i < 4; i++) expected[508 + i] = (unsigned char)(crc >> 8 * i);
  seal(header);
  assert_memory_equal(header, expected, FILE_HEADER_BYTES);
  assert_true(file_header_is(MAGIC, header));
  assert_int_equal(file_header_version(header), 0x01020304);
}

static void each_changed_bit_is_detected(void **state) {
  (void)state;
  unsigned char header[FILE_HEADER_BYTES];
  uint32_t stored, computed;
  seal(header);
  assert_true(file_header_intact(header, &stored, &computed));
  for (int bit = 0; bit < 8 * FILE_HEADER_BYTES; bit++) {
    header[bit / 8] ^= (unsigned char)(1 << bit % 8);
    assert_false(file_header_intact(header, &stored, &computed));
    assert_int_not_equal(stored, computed);
    assert_int_equal(file_header_is(MAGIC, header), bit >= 8 * FILE_HEADER_MAGIC);
    header[bit / 8] ^= (unsigned char)(1 << bit % 8);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layout_is_that_of_older_files),
      cmocka_unit_test(each_changed_bit_is_detected),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
