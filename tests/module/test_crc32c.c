// ranks: 1
/* crc32c: the published check value; both implementations agree; the checksum of a text in pieces equals that of the
 * whole. */
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/rng.h"
#include "harness.h"

static void check_value(void **state) {
  (void)state;
  assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283); /* the published check value of CRC-32C */
  assert_int_equal(crc32c_by_table(0, "123456789", 9), 0xe3069283);
  assert_int_equal(crc32c(0, "", 0), 0);
}

static void instruction_and_table_agree_on_any_alignment(void **state) {
  (void)state;
  uint64_t words[512];
  const struct rng rng = {.seed = 1, .stream = RNG_NOISE};
  for (uint64_t i = 0; i < 128; i++) rng_bits(&rng, i, 0, words + 4 * i);
  const char *bytes = (const char *)words;
  for (size_t start = 0; start < 16; start++)
    for (size_t length = 0; length < 300; length += 7)
      assert_int_equal(crc32c(5, bytes + start, length), crc32c_by_table(5, bytes + start, length));
  assert_int_equal(crc32c(0, bytes, sizeof words), crc32c_by_table(0, bytes, sizeof words));
}

static void pieces_give_the_whole(void **state) {
  (void)state;
  const char text[] = "hidden units are particles that interact through the network output";
  const uint32_t whole = crc32c(0, text, sizeof text);
  for (size_t cut = 0; cut <= sizeof text; cut++)
    assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, sizeof text - cut), whole);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(check_value),
      cmocka_unit_test(instruction_and_table_agree_on_any_alignment),
      cmocka_unit_test(pieces_give_the_whole),
  };
  return harness_run(argc, argv, tests, sizeof tests / sizeof *tests);
}
