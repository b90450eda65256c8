#include "io/file_header.h"

#include <string.h>

#include "base/crc32c.h"

enum { CRC = FILE_HEADER_BYTES - sizeof(uint32_t) /* offset of the CRC */ };

void file_header_seal(const char magic[FILE_HEADER_MAGIC], uint32_t version, unsigned char header[FILE_HEADER_BYTES]) {
  memcpy(header, magic, FILE_HEADER_MAGIC);
  memcpy(header + FILE_HEADER_MAGIC, &version, sizeof version);
  const uint32_t crc = crc32c(0, header, CRC);
  memcpy(header + CRC, &crc, sizeof crc);
}

bool file_header_is(const char magic[FILE_HEADER_MAGIC], const void *bytes) {
  return memcmp(bytes, magic, FILE_HEADER_MAGIC) == 0;
}

uint32_t file_header_version(const unsigned char header[FILE_HEADER_BYTES]) {
  uint32_t version;
  memcpy(&version, header + FILE_HEADER_MAGIC, sizeof version);
  return version;
}

bool file_header_intact(const unsigned char header[FILE_HEADER_BYTES], uint32_t *stored, uint32_t *computed) {
  memcpy(stored, header + CRC, sizeof *stored);
  *computed = crc32c(0, header, CRC);
  return *stored == *computed;
}
