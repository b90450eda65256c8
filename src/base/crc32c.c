#include "base/crc32c.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static const uint32_t POLYNOMIAL = 0x82f63b78; /* Castagnoli polynomial, bit-reversed */

static uint32_t table[256];

static void fill_table(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t entry = i;
    for (int bit = 0; bit < 8; bit++) entry = entry & 1 ? entry >> 1 ^ POLYNOMIAL : entry >> 1;
    table[i] = entry;
  }
}

uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t bytes) {
  static pthread_once_t table_filled = PTHREAD_ONCE_INIT;
  pthread_once(&table_filled, fill_table);
  crc = ~crc;
  for (const unsigned char *byte = data; bytes > 0; byte++, bytes--) crc = crc >> 8 ^ table[(crc ^ *byte) & 255];
  return ~crc;
}

/* ---- with the CRC instruction: eight bytes at a time, then single bytes ---- */

#if defined __x86_64__
#define TARGET       __attribute__((target("sse4.2")))
#define STEP_8(s, w) __builtin_ia32_crc32di(s, w)
#define STEP_1(s, b) __builtin_ia32_crc32qi((uint32_t)(s), b)
static bool has_instruction(void) {
  return __builtin_cpu_supports("sse4.2");
}
#elif defined __aarch64__ && !defined __clang__
#include <sys/auxv.h>
#define TARGET       __attribute__((target("+crc")))
#define STEP_8(s, w) __builtin_aarch64_crc32cx((uint32_t)(s), w)
#define STEP_1(s, b) __builtin_aarch64_crc32cb((uint32_t)(s), b)
static bool has_instruction(void) {
  return getauxval(AT_HWCAP) & HWCAP_CRC32;
}
#else
#define TARGET
#define STEP_8(s, w) (s)
#define STEP_1(s, b) (s)
static bool has_instruction(void) {
  return false;
}
#endif

TARGET static uint32_t by_instruction(uint32_t crc, const void *data, size_t bytes) {
  const unsigned char *byte = data;
  uint64_t state = (uint32_t)~crc; /* the x86-64 instruction reads and writes 64 bits */
  for (; bytes >= 8; byte += 8, bytes -= 8) {
    uint64_t word;
    memcpy(&word, byte, sizeof word);
    state = STEP_8(state, word);
  }
  for (; bytes > 0; byte++, bytes--) state = STEP_1(state, *byte);
  return ~(uint32_t)state;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t bytes) {
  return has_instruction() ? by_instruction(crc, data, bytes) : crc32c_by_table(crc, data, bytes);
}
