#include "io/file_header.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/error.h"
#include "io/durable_file.h"

enum { CRC = FILE_HEADER_BYTES - sizeof(uint32_t) /* offset of the CRC */ };
enum {
  FLAGS = FILE_HEADER_BYTES + 20, /* offset of the file consistency flags in a superblock of version 0 */
  OPEN_FLAGS = 1 | 4              /* open for writing, in SWMR mode */
};

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

int file_header_body_crc(int file, const char *path, int64_t begin, int64_t end, uint32_t *crc) {
  unsigned char flags;
  if (begin > FLAGS || end <= FLAGS) return durable_file_crc(file, path, begin, end, crc);
  TRY(durable_file_crc(file, path, begin, FLAGS, crc));
  TRY(durable_file_pread(file, path, FLAGS, &flags, 1));
  flags &= (unsigned char)~OPEN_FLAGS;
  *crc = crc32c(*crc, &flags, 1);
  return durable_file_crc(file, path, FLAGS + 1, end, crc);
}
