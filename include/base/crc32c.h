/* crc: CRC-32C (Castagnoli), the checksum of checkpoints. Local, pure. */
#ifndef MCKEAN_BASE_CRC32C_H
#define MCKEAN_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of more bytes behind those whose CRC is crc; start with 0. By the processor's instruction where it has one.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t bytes);

/* The same by table: the reference of the tests, and what other processors use. */
uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t bytes);

#endif
