/* crc32c: CRC-32C (Castagnoli), the checksum of checkpoints and histories. All functions are local, and safe in any
 * thread. */
#ifndef MCKEAN_BASE_CRC32C_H
#define MCKEAN_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Returns the CRC of a sequence extended by `bytes` bytes of data, where crc is the CRC of the sequence so far (0 for
 * an empty sequence). Uses the CRC instruction of the processor if there is one and this build supports it. */
uint32_t crc32c(uint32_t crc, const void *data, size_t bytes);

/* Computes the same CRC with a lookup table. crc32c calls this function if it cannot use a CRC instruction;
 * tests use it as the reference. */
uint32_t crc32c_by_table(uint32_t crc, const void *data, size_t bytes);

#endif
